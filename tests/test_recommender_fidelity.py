"""What an offline pack keeps of the live ranking, on a library with planted tastes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.messages import RecommendRequest
from contracts.pack_file import pruned
from contracts.ranking import Pack, library_pack, rounded
from contracts.tag_space import plain_space
from contracts.track import TrackId
from device.recommend.defaults import MOOD_WORDS
from recommender_server.fidelity import Case, Fidelity, fidelity, gain
from tests.recommender_stage import track

TRACKS, LISTENERS, TASTES, FACTORS, NEIGHBOURS = 800, 600, 20, 96, 120
WORDS = tuple(MOOD_WORDS)


def listens() -> NDArray[np.bool_]:
    """[listeners, tracks]: each likes two of the planted tastes, and a little of anything."""
    chance = np.random.default_rng(3)
    taste_of_track = chance.integers(0, TASTES, TRACKS)
    own = chance.integers(0, TASTES, (LISTENERS, 2))
    likes = (taste_of_track == own[:, :1]) | (taste_of_track == own[:, 1:])
    popular = chance.random(TRACKS) ** 2
    return chance.random((LISTENERS, TRACKS)) < popular * np.where(likes, 0.6, 0.02)


def live_library(heard: NDArray[np.bool_]) -> Pack:
    """A pack with the factors and neighbours of what is heard together, more than bytes hold."""
    matrix = heard.astype(np.float32)
    _, strength, right = np.linalg.svd(matrix, full_matrices=False)
    together = matrix.T @ matrix
    np.fill_diagonal(together, 0)
    chance = together / np.maximum(matrix.sum(axis=0), 1)[:, None] / 10
    near = np.argsort(-chance, axis=1, kind="stable")[:, :NEIGHBOURS]
    names = [track(n, WORDS[n % len(WORDS)]) for n in range(TRACKS)]
    pack = library_pack("l", names, plain_space(MOOD_WORDS))
    return rounded(
        replace(
            pack,
            generation="g",
            factors=(right[:FACTORS].T * np.sqrt(strength[:FACTORS])).astype(np.float32),
            listener_factors=np.zeros(FACTORS, np.float32),
            neighbours=near.astype(np.int32),
            closeness=np.take_along_axis(chance, near, axis=1).astype(np.float32),
        )
    )


def cases() -> Iterator[Case]:
    """Listeners of whose tracks a fifth is hidden; with and without mood, tags and a seed."""
    heard = listens()
    hidden = heard & (np.random.default_rng(4).random(heard.shape) < 0.2)
    shown = heard & ~hidden
    library = live_library(shown)
    none = np.zeros(TRACKS, np.float32)
    for listener in range(60):
        known = shown[listener].astype(np.float32)
        pack = library.for_listener(
            f"p{listener}",
            factors=(known @ library.factors).astype(np.float32),
            affinity=known,
            plays=none,
            banned=np.zeros(TRACKS, np.bool_),
        )
        exclude = tuple(library.tracks[row] for row in np.flatnonzero(known))
        request = RecommendRequest(
            mood_weight=(0.0, 0.5, 1.0)[listener % 3],
            valence=0.6,
            arousal=0.3,
            exclude=exclude,
            tags=("happy",) if listener % 5 == 0 else (),
            seed_track=exclude[0] if listener % 4 == 0 else None,
        )
        yield Case(pack, request, {library.tracks[row] for row in np.flatnonzero(hidden[listener])})


@pytest.fixture(scope="module")
def kept() -> Fidelity:
    return fidelity(cases())


def test_a_pack_plays_what_the_server_would(kept: Fidelity) -> None:
    """Of the first 20, nine in ten at least are the same, though the pack has fewer neighbours."""
    assert kept.cases == 60
    assert 0.9 <= kept.overlap < 1.0


def test_a_pack_keeps_what_listeners_want(kept: Fidelity) -> None:
    """97 % at least of the live gain on what was hidden, which is five times chance."""
    chance = float(listens().mean()) * 0.2
    assert kept.gain_live > 5 * chance
    assert kept.gain_kept >= 0.97


def test_a_pack_that_lost_nothing_ranks_the_same() -> None:
    """With no more neighbours than its bytes hold, every list is the live one's."""
    one = next(cases())
    some = fidelity([one._replace(pack=pruned(one.pack))])
    assert (some.overlap, some.gain_kept) == (1.0, 1.0)


def test_gain_by_hand() -> None:
    """Of two wanted, the second and the fourth of the list: by the formula."""
    ranked = [TrackId(name) for name in "abcd"]
    expected = (1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3))
    assert gain(ranked, {TrackId("b"), TrackId("d")}) == pytest.approx(expected)
