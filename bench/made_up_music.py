"""Made-up libraries and listeners for the benches: no data set, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contracts.track import Track, TrackId

if TYPE_CHECKING:
    from contracts.tag_space import TagSpace

TRACKS_AN_ARTIST = 6
YEARS = (1960, 2026)
TAGS_A_TRACK = (2, 6)
OWN_WORDS = 400
"""Tags that no vocabulary knows, as every real collection has some."""
SHARE_SOUND, SHARE_EXPLICIT, SHARE_OWN_WORD = 0.5, 0.05, 0.3


def library(count: int, space: TagSpace, seed: int = 1) -> tuple[Track, ...]:
    """`count` tracks with an artist, a year, tags of the vocabulary and some of their own."""
    chance = np.random.default_rng(seed)
    own = [f"tag {number}" for number in range(OWN_WORDS)]
    artists = max(1, count // TRACKS_AN_ARTIST)
    return tuple(_track(number, space.names, own, artists, chance) for number in range(count))


def _track(
    number: int,
    words: tuple[str, ...],
    own: list[str],
    artists: int,
    chance: np.random.Generator,
) -> Track:
    tags = [words[at] for at in chance.integers(0, len(words), chance.integers(*TAGS_A_TRACK))]
    if chance.random() < SHARE_OWN_WORD:
        tags.append(own[int(chance.integers(len(own)))])
    sound = chance.uniform(-1, 1, 2) if chance.random() < SHARE_SOUND else (None, None)
    artist = int(artists * chance.random() ** 2)  # a few artists have many tracks
    return Track(
        id=TrackId(f"{number * 2654435761 % 2**64:016x}"),
        title=f"Title {number}",
        artist=f"Artist {artist}",
        tags=tuple(tags),
        year=int(chance.integers(*YEARS)),
        bpm=float(chance.integers(60, 180)),
        explicit=bool(chance.random() < SHARE_EXPLICIT),
        valence=sound[0],
        arousal=sound[1],
    )
