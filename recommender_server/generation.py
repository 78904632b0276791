"""A generation: what one training learnt, as arrays and a manifest in a folder of its own.

Written beside and renamed into place, so that a server never reads half of one; the newest that
is whole is used, an older one stays for the way back.
"""

from __future__ import annotations

import hashlib
import logging
import math
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from contracts.arrays import MAX_BYTES, ArraysError, expect, plain_npz, read_npz
from contracts.tag_space import TagSpace, arrays_of, space_of
from contracts.whole_file import sync, write_whole
from recommender_server.errors import RecommenderError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

log = logging.getLogger(__name__)

FOLDER, WEIGHTS, MANIFEST = "generations", "taste.npz", "manifest.json"
NAMED = "%Y%m%dT%H%M%S.%fZ"
"""How a generation is named; names sort by time."""
WITHDRAWN = ".withdrawn-"
MOST_BYTES_EACH, SLACK_BYTES = 256, 65_536
"""A number takes 8 bytes at most, a word of the tag space 256; headers take the rest."""


class NoOlderError(RecommenderError):
    """There is nothing to go back to."""


@dataclass(frozen=True, eq=False)
class Generation:
    """m items, f factors, k neighbours."""

    name: str
    space: TagSpace
    items: NDArray[np.int64]
    """[m]: catalogue numbers, ascending."""
    factors: NDArray[np.float32]
    """[m, f]"""
    neighbours: NDArray[np.int32]
    """[m, k]: rows of this model, -1 where there are fewer."""
    closeness: NDArray[np.float32]
    popularity: NDArray[np.float32]
    """[m] in [0, 1]."""
    idf: NDArray[np.float32]
    """[m]: BM25's weight of each item, to fold listeners in as they were trained."""
    average_length: float = 1.0

    @cached_property
    def gram(self) -> NDArray[np.float32]:
        """[f, f]: Y'Y."""
        product: NDArray[np.float32] = self.factors.T @ self.factors
        return product

    def rows_of(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of each catalogue number, -1 for one the model never saw."""
        if not len(self.items):
            return np.full(len(items), -1, np.int64)
        at = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        return np.where(self.items[at] == items, at, -1).astype(np.int64)


class GenerationManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a generation is."""

    name: str
    sha256: str
    trained_unix_seconds: float
    figures: dict[str, Any] = msgspec.field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    """Of every array; those of earlier versions are not told."""


def untrained(space: TagSpace) -> Generation:
    """The generation before the first training: tags and mood alone."""
    none = np.zeros(0, np.float32)
    return Generation(
        name="seed",
        space=space,
        items=np.zeros(0, np.int64),
        factors=np.zeros((0, 0), np.float32),
        neighbours=np.zeros((0, 0), np.int32),
        closeness=np.zeros((0, 0), np.float32),
        popularity=none,
        idf=none,
    )


def save(
    generation: Generation,
    data: Path,
    *,
    at_unix_seconds: float,
    figures: dict[str, Any],
    kept: int,
) -> Path:
    """Write a generation, flushed to the disk, and remove those older than the last `kept`."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    content = plain_npz(_arrays(generation))
    manifest = GenerationManifest(
        name=generation.name,
        sha256=hashlib.sha256(content).hexdigest(),
        trained_unix_seconds=at_unix_seconds,
        figures=figures,
        shapes={name: array.shape for name, array in _arrays(generation).items()},
    )
    part = folder / f".{generation.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    write_whole(part / WEIGHTS, content)
    write_whole(part / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    part.rename(folder / generation.name)
    sync(folder)
    for old in [*names(data)[kept:], *(path.name for path in folder.glob(f"{WITHDRAWN}*"))]:
        shutil.rmtree(folder / old)
    return folder / generation.name


def roll_back(data: Path) -> tuple[str, str]:
    """Withdraw the newest generation for the one before it; the names of both.

    Running servers take it up as they take up a new one. The withdrawn one stays on the disk,
    out of use, until the next is saved.

    Raises:
        NoOlderError: there is none before it that is whole.

    """
    there = names(data)
    older = next((name for name in there[1:] if _usable(data / FOLDER / name)), None)
    if older is None:
        msg = "there is no older generation to go back to: `train` makes another"
        raise NoOlderError(msg)
    for name in there[: there.index(older)]:
        (data / FOLDER / name).rename(data / FOLDER / f"{WITHDRAWN}{name}")
    sync(data / FOLDER)
    return there[0], older


def whole_manifests(data: Path) -> list[GenerationManifest]:
    """The manifests of the generations that are whole, newest first."""
    return [manifest_of(data, name) for name in names(data) if _usable(data / FOLDER / name)]


def _usable(folder: Path) -> bool:
    try:
        load(folder)
    except (OSError, ArraysError, msgspec.DecodeError):
        return False
    return True


def newest(data: Path, known: str = "") -> Generation | None:
    """The newest whole generation; None when that is `known`, or when there is none."""
    for name in names(data):
        if name == known:
            return None
        try:
            return load(data / FOLDER / name)
        except (OSError, ArraysError, msgspec.DecodeError) as error:
            log.warning("the generation %s is not usable: %s", name, error)
    return None


def load(folder: Path) -> Generation:
    """The generation in this folder.

    Raises:
        ArraysError: its sha256 or its arrays are not as written.
        OSError: a file is missing.
        msgspec.DecodeError: its manifest is malformed.

    """
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=GenerationManifest)
    _check_size(manifest, (folder / WEIGHTS).stat().st_size)
    content = (folder / WEIGHTS).read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        msg = "was altered (its sha256 is not the manifest's)"
        raise ArraysError(msg)
    arrays = read_npz(content)
    wrong = [
        name
        for name, shape in manifest.shapes.items()
        if name not in arrays or arrays[name].shape != shape
    ]
    if wrong:
        msg = f"has another shape than its manifest says: {', '.join(wrong)}"
        raise ArraysError(msg)
    items = expect(arrays, "items", "i", (-1,)).astype(np.int64)
    neighbours = expect(arrays, "neighbours", "i", (len(items), -1)).astype(np.int32)
    return Generation(
        name=manifest.name,
        space=space_of(arrays, "tag_"),
        items=items,
        factors=expect(arrays, "factors", "f", (len(items), -1)),
        neighbours=neighbours,
        closeness=expect(arrays, "closeness", "f", neighbours.shape),
        popularity=expect(arrays, "popularity", "f", (len(items),)),
        idf=expect(arrays, "idf", "f", (len(items),)),
        average_length=float(expect(arrays, "average_length", "f", (1,))[0]),
    )


def _check_size(manifest: GenerationManifest, size: int) -> None:
    """Refuse, before anything is read into memory, what is larger than its manifest tells of."""
    told = sum(math.prod(shape) for shape in manifest.shapes.values()) * MOST_BYTES_EACH
    most = min(MAX_BYTES, told + SLACK_BYTES) if manifest.shapes else MAX_BYTES
    if size > most:
        msg = f"has {size} bytes, and at most {most} by its manifest"
        raise ArraysError(msg)


def manifest_of(data: Path, name: str) -> GenerationManifest:
    """The manifest of a generation."""
    content = (data / FOLDER / name / MANIFEST).read_bytes()
    return msgspec.json.decode(content, type=GenerationManifest)


def _arrays(generation: Generation) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "items": generation.items,
        "factors": generation.factors,
        "neighbours": generation.neighbours,
        "closeness": generation.closeness,
        "popularity": generation.popularity,
        "idf": generation.idf,
        "average_length": np.array([generation.average_length], np.float32),
    }
    return arrays | arrays_of(generation.space, "tag_")


def named_at(name: str) -> float:
    """When a generation was made, by its name, as unix time; 0 for any other name.

    The next must be named later, even where the clock was set back meanwhile.
    """
    try:
        return datetime.strptime(name, NAMED).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def names(data: Path) -> list[str]:
    """Names of the generations there are, newest first; their names sort by time."""
    folder = data / FOLDER
    if not folder.is_dir():
        return []
    return sorted((p.name for p in folder.iterdir() if not p.name.startswith(".")), reverse=True)
