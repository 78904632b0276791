"""The pack of a library that no model was trained on: what its tracks themselves tell.

Where every pack starts, on the server as in the device's last tier.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from contracts import tag_space
from contracts.pack import Pack
from contracts.tag_mood import bag_sums, told_by_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contracts.tag_space import TagSpace
    from contracts.track import Track

    Floats = NDArray[np.float32]

CENTURY = 2000
"""Decades before it are called by two digits, 80s; after it by four, 2010s."""
SLOW_BPM, FAST_BPM = 85.0, 125.0
SOUND_CERTAINTY = 0.6
"""How far a track's own valence and arousal are believed that say nothing of it themselves."""
NO_PLACE = (0.0, 0.0, 0.0, 0.0)


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
    words = [words_of(track) for track in tracks]
    vocabulary = space.extended(set(chain.from_iterable(words)))
    starts, ids = _bags(words, vocabulary)
    places, certainty = _placed(tracks, vocabulary, starts, ids)
    vectors = bag_vectors(vocabulary.vectors, starts, ids)
    count = len(tracks)
    return Pack(
        library=library,
        tracks=tuple(track.id for track in tracks),
        artists=_artists(tracks),
        explicit=np.array([track.explicit for track in tracks], np.bool_),
        valence_arousal=places,
        certainty=certainty,
        tag_vectors=vectors,
        tag_starts=starts,
        tag_ids=ids,
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


def _bags(
    words: Sequence[list[str]], vocabulary: TagSpace
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Starts [n + 1] and vocabulary rows [m] of each track's tags, each row once a track."""
    find = {word: vocabulary.find(word) for word in set(chain.from_iterable(words))}
    bags = [sorted({row for word in own if (row := find[word]) is not None}) for own in words]
    starts = np.cumsum([0, *map(len, bags)], dtype=np.int32)
    return starts, np.fromiter(chain.from_iterable(bags), np.int32)


def bag_vectors(vectors: Floats, starts: NDArray[np.int32], ids: NDArray[np.int32]) -> Floats:
    """[n, d]: the sum of each bag's vectors, scaled to length 1; zeros for an empty bag.

    `vectors` is [v, d]; bag i has the rows ids[starts[i]:starts[i + 1]] of it.
    """
    return tag_space.unit(bag_sums(vectors[ids], starts))


def _placed(
    tracks: Sequence[Track],
    vocabulary: TagSpace,
    starts: NDArray[np.int32],
    ids: NDArray[np.int32],
) -> tuple[Floats, Floats]:
    """Valence and arousal [n, 2] out of tags and sound, each by its certainty, and that [n]."""
    told, sure = told_by_tags(vocabulary, starts, ids)
    by_tags = sure[:, None]
    sound = np.array([_sound(track) for track in tracks], np.float32).reshape(-1, 4)
    heard, by_sound = sound[:, :2], sound[:, 2:]
    total = by_tags + by_sound
    mixed = told * by_tags + heard * by_sound
    places = np.divide(mixed, total, out=np.zeros_like(mixed), where=total > 0)
    certainty = 1 - (1 - by_tags[:, 0]) * (1 - by_sound.mean(axis=1))
    return places, certainty.astype(np.float32)


def _sound(track: Track) -> tuple[float, float, float, float]:
    """Valence and arousal of the track itself, and how far each is believed."""
    if track.valence is None or track.arousal is None:
        return NO_PLACE
    sure = (track.valence_certainty, track.arousal_certainty)
    believed = [SOUND_CERTAINTY if certainty is None else certainty for certainty in sure]
    return track.valence, track.arousal, believed[0], believed[1]


def _artists(tracks: Sequence[Track]) -> NDArray[np.int32]:
    """One number an artist; a track without one stands for itself."""
    numbers: dict[str, int] = {}
    names = (tag_space.normalise(track.artist) or f"\0{track.id}" for track in tracks)
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int32)


def _typicality(vectors: Floats) -> Floats:
    """[n] in [0, 1]: closeness to what the library is mostly about; before anybody listened."""
    if not len(vectors):
        return np.zeros(0, np.float32)
    closeness = vectors @ tag_space.unit(vectors.mean(axis=0))
    typical: Floats = np.clip(closeness, 0, 1).astype(np.float32)
    return typical
