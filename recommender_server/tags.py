"""`python -m recommender_server tags`: models/tags.npz and its manifest out of the seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from contracts.arrays import plain_npz
from contracts.model_manifest import ModelManifest
from contracts.tag_space import KINDS, TagSpace, arrays_of
from contracts.whole_file import write_whole
from recommender_server.tag2vec import seed_space
from recommender_server.tag_seed import SEED, SeedError, read_seed

if TYPE_CHECKING:
    from pathlib import Path

FACTS = (
    ("melancholy", "sad", "party"),
    ("잔잔한", "calm", "party"),
    ("신나는 기분", "happy", "sad"),
    ("우울한", "melancholy", "happy"),
    ("workout", "energetic", "sleep"),
    ("비오는날", "rain", "beach"),
    ("자장가", "sleep", "metal"),
    ("angry", "metal", "bossa nova"),
    ("힙합", "rap", "classical"),
    ("city pop", "80s", "baroque"),
)
"""(a, b, c): a lies nearer to b than to c. A tag space that breaks one is not written."""


def broken_facts(space: TagSpace) -> list[str]:
    """The facts that the space breaks, in words."""
    return [
        f"{word!r} lies nearer to {far!r} than to {near!r}"
        for word, near, far in FACTS
        if space.similarity(word, near) <= space.similarity(word, far)
    ]


def build(folder: Path) -> ModelManifest:
    """Grow the tag space and write `tags.npz` and `tags.json` into `folder`.

    Raises:
        SeedError: the seed is wrong, or its space breaks one of FACTS.

    """
    terms = read_seed()
    space = seed_space(terms)
    broken = broken_facts(space)
    if broken:
        msg = "the seed grew a space that breaks facts; nothing was written:\n" + "\n".join(broken)
        raise SeedError(msg)
    content = plain_npz(arrays_of(space))
    write_whole(folder / "tags.npz", content)
    manifest = ModelManifest(
        name="MLFYM seed tag space",
        file="tags.npz",
        sha256=hashlib.sha256(content).hexdigest(),
        kind="tags",
        origin=f"Word2Vec on walks over {SEED.parent.name}/{SEED.name}/*.toml, MLFYM's own words;"
        " made by python -m recommender_server tags; derived from no data set",
        terms="the project's licence",
        labels=KINDS,
        figures={
            "terms": len(terms),
            "words": len(space.names),
            "dimensions": space.vectors.shape[1],
            "facts_kept": len(FACTS),
        },
    )
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    write_whole(folder / "tags.json", encoded + b"\n")
    return manifest
