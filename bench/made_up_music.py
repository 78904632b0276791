"""Made-up libraries and listeners for the benches: no data set, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contracts.messages import Interaction, InteractionKind
from contracts.track import Track, TrackId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from contracts.tag_space import TagSpace

TRACKS_AN_ARTIST = 6
YEARS = (1960, 2026)
TAGS_A_TRACK = (2, 6)
OWN_WORDS = 400
"""Tags that no vocabulary knows, as every real collection has some."""
SHARE_SOUND, SHARE_EXPLICIT, SHARE_OWN_WORD = 0.5, 0.05, 0.3

TASTES, OFF_TASTE = 40, 0.02
KINDS = (
    InteractionKind.COMPLETED,
    InteractionKind.PLAYED,
    InteractionKind.SKIPPED,
    InteractionKind.LIKED,
)
SHARES = (0.65, 0.15, 0.12, 0.08)


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
    sound = chance.uniform(-1, 1, 2).tolist() if chance.random() < SHARE_SOUND else (None, None)
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


def deeds(
    tracks: Sequence[Track], listeners: int, each: int, seed: int = 2
) -> Iterator[list[Interaction]]:
    """What each of `listeners` did, `each` things, one listener after another.

    Everybody has one of TASTES tastes and plays little else; some tracks are popular. Two of
    three tracks are heard to the end, some are liked and some skipped.
    """
    chance = np.random.default_rng(seed)
    taste_of_track = chance.integers(0, TASTES, len(tracks))
    popular = chance.random(len(tracks)) ** 3
    weights = np.where(np.arange(TASTES)[:, None] == taste_of_track, popular, OFF_TASTE * popular)
    sums = weights.cumsum(axis=1)
    for listener in range(listeners):
        row = sums[int(chance.integers(TASTES))]
        rows = np.searchsorted(row, chance.random(each) * row[-1])
        kinds = chance.choice(len(KINDS), each, p=SHARES)
        yield [
            Interaction(
                id=f"{listener}-{number}",
                listener=f"l{listener}",
                track=tracks[min(at, len(tracks) - 1)].id,
                kind=KINDS[kind],
                at_unix_seconds=1.7e9 + number * 240.0,
                position_seconds=10.0 if KINDS[kind] is InteractionKind.SKIPPED else 200.0,
            )
            for number, (at, kind) in enumerate(zip(rows.tolist(), kinds.tolist(), strict=True))
        ]
