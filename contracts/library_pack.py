"""The pack of a library that no model was trained on: what its tracks themselves tell.

Where every pack starts, on the server as in the device's last tier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contracts import tag_space
from contracts.pack import Pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contracts.tag_space import TagSpace
    from contracts.track import Track

CENTURY = 2000
"""Decades before it are called by two digits, 80s; after it by four, 2010s."""
SLOW_BPM, FAST_BPM = 85.0, 125.0
SOUND_CERTAINTY = 0.6
"""How far a track's own valence and arousal are believed: they are estimated from sound."""


def words_of(track: Track) -> list[str]:
    """Everything about a track that is a tag: genres, tags, decade and tempo."""
    found = [*track.genres, *track.tags]
    if track.year:
        decade = track.year // 10 * 10
        found.append(f"{decade % 100}s" if decade < CENTURY else f"{decade}s")
    if track.bpm:
        tempo = "slow" if track.bpm < SLOW_BPM else "fast" if track.bpm > FAST_BPM else "mid tempo"
        found.append(tempo)
    return found


def library_pack(library: str, tracks: Sequence[Track], space: TagSpace) -> Pack:
    """A pack of a library that no model was trained on: tags, mood and typicality alone."""
    vocabulary = space.extended(word for track in tracks for word in words_of(track))
    bags = [_rows(track, vocabulary) for track in tracks]
    counts = np.array([0, *map(len, bags)], np.int32)
    count = len(tracks)
    places = np.array(
        [_place(t, b, vocabulary) for t, b in zip(tracks, bags, strict=True)], np.float32
    ).reshape(count, 3)
    vectors = _tag_vectors(bags, vocabulary)
    return Pack(
        library=library,
        tracks=tuple(track.id for track in tracks),
        artists=_artists(tracks),
        explicit=np.array([track.explicit for track in tracks], np.bool_),
        valence_arousal=np.ascontiguousarray(places[:, :2]),
        certainty=np.ascontiguousarray(places[:, 2]),
        tag_vectors=vectors,
        tag_starts=np.cumsum(counts, dtype=np.int32),
        tag_ids=np.array([row for bag in bags for row in bag], np.int32),
        vocabulary=vocabulary,
        factors=np.zeros((count, 0), np.float32),
        neighbours=np.zeros((count, 0), np.int32),
        closeness=np.zeros((count, 0), np.float32),
        popularity=_typicality(vectors),
        listener_factors=np.zeros(0, np.float32),
        affinity=np.zeros(count, np.float32),
        banned=np.zeros(count, np.bool_),
        plays=np.zeros(count, np.float32),
    )


def _rows(track: Track, vocabulary: TagSpace) -> list[int]:
    found = (vocabulary.find(word) for word in words_of(track))
    return sorted({row for row in found if row is not None})


def _place(track: Track, bag: list[int], vocabulary: TagSpace) -> tuple[float, float, float]:
    """Valence, arousal and certainty out of the tags and the sound, each by its certainty."""
    valence, arousal, certainty = vocabulary.place(bag)
    if track.valence is None or track.arousal is None:
        return valence, arousal, certainty
    total = certainty + SOUND_CERTAINTY
    return (
        (valence * certainty + track.valence * SOUND_CERTAINTY) / total,
        (arousal * certainty + track.arousal * SOUND_CERTAINTY) / total,
        1 - (1 - certainty) * (1 - SOUND_CERTAINTY),
    )


def _tag_vectors(bags: list[list[int]], vocabulary: TagSpace) -> NDArray[np.float32]:
    vectors = np.zeros((len(bags), vocabulary.vectors.shape[1]), np.float32)
    for row, bag in enumerate(bags):
        if bag:
            vectors[row] = vocabulary.vectors[bag].sum(axis=0)
    return tag_space.unit(vectors)


def _artists(tracks: Sequence[Track]) -> NDArray[np.int32]:
    """One number an artist; a track without one stands for itself."""
    numbers: dict[str, int] = {}
    names = (tag_space.normalise(track.artist) or f"\0{track.id}" for track in tracks)
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int32)


def _typicality(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """[n] in [0, 1]: closeness to what the library is mostly about; before anybody listened."""
    if not len(vectors):
        return np.zeros(0, np.float32)
    closeness = vectors @ tag_space.unit(vectors.mean(axis=0))
    typical: NDArray[np.float32] = np.clip(closeness, 0, 1).astype(np.float32)
    return typical
