"""Tags as vectors: how near "잔잔한" is to "calm", in 48 numbers and a place on the circumplex.

Read by server and device alike from models/tags.npz; a library's own tags join it at run time.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from contracts.arrays import Arrays, ArraysError, as_words, expect, read_npz, words
from contracts.model_manifest import ModelError, read_manifest, verified_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

KINDS = ("mood", "genre", "era", "situation", "instrument", "tempo", "other")
MOOD, OTHER = 0, 6
CERTAINTY = {
    "mood": 1.0,
    "genre": 0.25,
    "era": 0.05,
    "situation": 0.45,
    "instrument": 0.15,
    "tempo": 0.3,
    "other": 0.0,
}
"""How much a tag of each kind says about mood, unless the seed says otherwise of the tag; a genre
says little: there is sad pop.
"""
HALF_CERTAIN = 0.6
"""Summed certainty at which a bag of tags is believed by half."""
_GAP = re.compile(r"[\s_\-/]+")


@lru_cache(maxsize=65_536)
def normalise(tag: str) -> str:
    """How a tag is compared: NFKC, folded case, one blank between words."""
    return _GAP.sub(" ", unicodedata.normalize("NFKC", tag).casefold()).strip()


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows [n, d] of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled


@dataclass(frozen=True, eq=False)
class TagSpace:
    """A vocabulary of v tags in d dimensions."""

    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    """[v, d], rows of length 1; zeros for a tag of which nothing is known."""
    valence_arousal: NDArray[np.float32]
    """[v, 2] in [-1, 1]."""
    certainty: NDArray[np.float32]
    """[v] in [0, 1]: how much the tag says about mood."""
    canon: NDArray[np.int32]
    """[v]: the tag that this one is a synonym of; itself when it is none."""
    kinds: NDArray[np.uint8]
    """[v]: index into KINDS."""

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each normalised name."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def moods(self) -> NDArray[np.int64]:
        """Rows of the mood words that are nobody's synonyms."""
        rows = np.arange(len(self.names))
        return np.flatnonzero((self.kinds == MOOD) & (self.canon == rows))

    @cached_property
    def mood_rows(self) -> frozenset[int]:
        """`moods` as a set."""
        return frozenset(self.moods.tolist())

    def find(self, tag: str) -> int | None:
        """Row of a tag or of the word it is a synonym of; None when it is unknown."""
        row = self.index.get(normalise(tag))
        return None if row is None else int(self.canon[row])

    def vector(self, tag: str) -> NDArray[np.float32]:
        """Vector [d] of a tag; zeros when nothing is known of it."""
        row = self.index.get(normalise(tag))
        return np.zeros(self.vectors.shape[1], np.float32) if row is None else self.vectors[row]

    def similarity(self, one: str, other: str) -> float:
        """Cosine of two tags, -1 to 1; 0 when either is unknown."""
        return float(self.vector(one) @ self.vector(other))

    def nearest(self, tag: str, count: int = 5) -> tuple[str, ...]:
        """The tags nearest to this one, nearest first, itself left out."""
        closeness = self.vectors @ self.vector(tag)
        order = np.argsort(-closeness, kind="stable")
        own = self.index.get(normalise(tag))
        return tuple(self.names[row] for row in order if row != own)[:count]

    def mood_words(self, valence: float, arousal: float, count: int = 3) -> tuple[str, ...]:
        """The mood words nearest to a place on the circumplex, nearest first."""
        away = self.valence_arousal[self.moods] - np.array([valence, arousal], np.float32)
        order = np.argsort((away * away).sum(axis=1), kind="stable")
        return tuple(self.names[row] for row in self.moods[order[:count]])

    def place(self, rows: Iterable[int]) -> tuple[float, float, float]:
        """Valence, arousal and certainty of a bag of tags; all 0 when none speaks of mood."""
        chosen = np.fromiter(rows, np.int64)
        weights = self.certainty[chosen]
        total = float(weights.sum())
        if total <= 0:
            return 0.0, 0.0, 0.0
        valence, arousal = (weights @ self.valence_arousal[chosen]) / total
        return float(valence), float(arousal), total / (total + HALF_CERTAIN)

    def extended(self, tags: Iterable[str]) -> TagSpace:
        """The space with more tags: one of known words takes their mean, another is zeros."""
        fresh = sorted({normalise(tag) for tag in tags} - self.index.keys() - {""})
        if not fresh:
            return self
        vectors = np.zeros((len(fresh), self.vectors.shape[1]), np.float32)
        places = np.zeros((len(fresh), 2), np.float32)
        certainty = np.zeros(len(fresh), np.float32)
        for row, tag in enumerate(fresh):
            known = [self.index[part] for part in _parts(tag) if part in self.index]
            if known:
                vectors[row] = self.vectors[known].mean(axis=0)
                *places[row], certainty[row] = self.place(known)
        old = len(self.names)
        return replace(
            self,
            names=self.names + tuple(fresh),
            vectors=np.concatenate([self.vectors, unit(vectors)]),
            valence_arousal=np.concatenate([self.valence_arousal, places]),
            certainty=np.concatenate([self.certainty, certainty * np.float32(0.5)]),
            canon=np.append(self.canon, np.arange(old, old + len(fresh), dtype=np.int32)),
            kinds=np.append(self.kinds, np.full(len(fresh), OTHER, np.uint8)),
        )


def _parts(tag: str) -> list[str]:
    """Words and pairs of words: "melodic death metal" holds "death metal"."""
    single = tag.split()
    return single + [" ".join(pair) for pair in pairwise(single)]


def arrays_of(space: TagSpace, prefix: str = "") -> Arrays:
    """The space as arrays for an npz, vectors in half precision."""
    return {
        f"{prefix}names": as_words(space.names),
        f"{prefix}vectors": space.vectors.astype(np.float16),
        f"{prefix}valence_arousal": space.valence_arousal.astype(np.float16),
        f"{prefix}certainty": space.certainty.astype(np.float16),
        f"{prefix}canon": space.canon.astype(np.int32),
        f"{prefix}kinds": space.kinds.astype(np.uint8),
    }


def space_of(arrays: Arrays, prefix: str = "") -> TagSpace:
    """The space that `arrays_of` wrote.

    Raises:
        ArraysError: an array is missing or does not fit the others.

    """
    names = words(expect(arrays, f"{prefix}names", "SU", (-1,)))
    count = len(names)
    canon = expect(arrays, f"{prefix}canon", "i", (count,))
    kinds = expect(arrays, f"{prefix}kinds", "u", (count,))
    if count and (canon.min() < 0 or canon.max() >= count or kinds.max() >= len(KINDS)):
        msg = "a synonym points outside of the vocabulary"
        raise ArraysError(msg)
    return TagSpace(
        names=names,
        vectors=_float(expect(arrays, f"{prefix}vectors", "f", (count, -1))),
        valence_arousal=_float(expect(arrays, f"{prefix}valence_arousal", "f", (count, 2))),
        certainty=_float(expect(arrays, f"{prefix}certainty", "f", (count,))),
        canon=canon.astype(np.int32),
        kinds=kinds.astype(np.uint8),
    )


def read_tag_space(manifest_path: Path) -> TagSpace:
    """The tag space beside its manifest (models/tags.json), its sha256 checked.

    Raises:
        ModelError: a file is missing, altered or not a tag space; says how to get it back.

    """
    manifest = read_manifest(manifest_path)
    if manifest.kind != "tags":
        msg = f"{manifest_path} describes a model of kind {manifest.kind!r}, expected 'tags'"
        raise ModelError(msg)
    try:
        return space_of(read_npz(verified_bytes(manifest, manifest_path.parent)))
    except ArraysError as error:
        msg = f"the tag space beside {manifest_path} {error}"
        raise ModelError(msg) from error


def plain_space(places: Mapping[str, tuple[float, float]]) -> TagSpace:
    """A space of mood words alone, whose vectors are their valence and arousal."""
    table = np.array(list(places.values()), np.float32).reshape(-1, 2)
    ones = np.ones((len(places), 1), np.float32)
    return TagSpace(
        names=tuple(normalise(word) for word in places),
        vectors=unit(np.concatenate([table, ones * np.float32(0.3)], axis=1)),
        valence_arousal=table,
        certainty=ones[:, 0],
        canon=np.arange(len(places), dtype=np.int32),
        kinds=np.zeros(len(places), np.uint8),
    )


def _float(array: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
