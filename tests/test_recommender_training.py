"""Training: ALS, walks, generations, importers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from contracts.messages import Interaction, InteractionBatch, InteractionKind, RecommendRequest
from contracts.ranking import rank
from recommender_server import catalogue, generation, interactions
from recommender_server.als import bm25, fold_in, train_als, walks
from recommender_server.evaluate import measures, split
from recommender_server.interactions import Deed, opinions
from recommender_server.packs import Packs
from recommender_server.settings import ConfidenceSettings, RecommenderSettings, TrainingSettings
from recommender_server.store import open_store
from recommender_server.training import train
from tests.recommender_stage import LIBRARY, chunk, shipped_tags

LISTENS = sparse.csr_matrix(
    np.array([[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 2, 1]], np.float32)
)


def test_walks_go_to_what_is_heard_together() -> None:
    """Three listeners, five tracks: the chances of three steps, by hand.

    From track 0 over its two listeners: 1/2 (1/2 of 0 and 1) + 1/2 (1/3 of 0, 1 and 2), so
    5/12 to track 1 and 1/6 to track 2.
    """
    near, closeness = walks(LISTENS, neighbours=2)
    assert near.tolist() == [[1, 2], [0, 2], [0, 1], [4, -1], [3, -1]]
    np.testing.assert_allclose(closeness[0], [5 / 12, 1 / 6], atol=1e-6)
    np.testing.assert_allclose(closeness[2], [1 / 3, 1 / 3], atol=1e-6)
    np.testing.assert_allclose(closeness[3], [0.5, 0], atol=1e-6)


def test_bm25_makes_rare_tracks_count_more() -> None:
    """Track 0, heard by two of three, weighs less than track 2, heard by one; by the formula."""
    weighted, idf, average = bm25(LISTENS, k1=1.0, b=0.0)
    np.testing.assert_allclose(idf, np.log1p(3 / np.array([3, 3, 2, 2, 2])), rtol=1e-6)
    assert average == pytest.approx(8 / 3)
    assert weighted[2, 3] == pytest.approx(2 * 2 / 3 * np.log1p(1.5), rel=1e-5)


def test_folding_in_solves_the_papers_equation() -> None:
    """Two factors, three tracks, two confidences: the solution of the normal equations."""
    factors = np.array([[1, 0], [1, 1], [0, 2]], np.float32)
    gram = factors.T @ factors
    got = fold_in(factors, gram, np.array([0, 2]), np.array([3.0, -2.0], np.float32), 0.5)
    system = gram + 0.5 * np.eye(2) + 2 * np.array([[1, 0], [0, 0]]) + np.array([[0, 0], [0, 4]])
    np.testing.assert_allclose(system @ got, [3, 0], atol=1e-5)


def test_als_separates_two_tastes() -> None:
    """A listener of the first tracks is given the first, not the last ones."""
    settings = TrainingSettings(factors=4, regularisation=0.01, iterations=10)
    weighted, _, _ = bm25(LISTENS, 100.0, 0.5)
    factors = train_als(weighted, settings, lambda _done: None)
    taste = fold_in(factors, factors.T @ factors, np.array([0]), np.array([2.0], np.float32), 0.01)
    scores = factors @ taste
    assert factors.shape == (5, 4)
    assert scores[1] > max(scores[3], scores[4])


def test_opinions_weigh_and_age() -> None:
    """A skip in the first half minute speaks against, a later one a little for; a like ages."""
    weights = ConfidenceSettings(half_life_days=10)
    day = 86_400.0
    found = opinions(
        [
            Deed("old", InteractionKind.LIKED, 0.0, 0.0),
            Deed("early", InteractionKind.SKIPPED, 10 * day, 5.0),
            Deed("late", InteractionKind.SKIPPED, 10 * day, 90.0),
            Deed("bad", InteractionKind.BANNED, 10 * day, 0.0),
        ],
        weights,
    )
    assert found["old"].confidence == pytest.approx(2.0)
    assert found["early"].confidence == -1.0
    assert found["late"].confidence == pytest.approx(0.2)
    assert found["bad"].banned


def confidence(*deeds: Deed) -> float:
    return opinions(deeds, ConfidenceSettings())["t"].confidence


def said(kind: str, at: float = 0.0, position: float = 200.0, change: float | None = None) -> Deed:
    return Deed("t", InteractionKind(kind), at, position, change)


def test_coming_back_counts_more_than_the_first_time() -> None:
    """Three plays to the end are three and two replays; each is a play, however it ended."""
    weights = ConfidenceSettings()
    thrice = [said("completed") for _ in range(3)]
    assert confidence(*thrice) == pytest.approx(3 * weights.completed + 2 * weights.replayed)
    assert opinions([*thrice, said("played")], weights)["t"].plays == 4


def test_a_face_that_grows_happier_speaks_for_a_track() -> None:
    """By how much the valence rose; falling, and a look before the half minute, say nothing."""
    weights = ConfidenceSettings()
    rose = confidence(said("completed", change=0.5)) - confidence(said("completed"))
    assert rose == pytest.approx(0.5 * weights.valence_rose)
    assert confidence(said("completed", change=-0.9)) == confidence(said("completed"))
    assert confidence(said("played", position=5, change=0.9)) == confidence(said("played"))
    assert confidence(said("liked", change=0.9)) == confidence(said("liked"))


def test_what_is_taken_back_was_never_said() -> None:
    """A like or a ban that was taken back leaves what else was done; a later one counts."""
    assert confidence(said("liked", 1), said("unliked", 2)) == 0
    left = confidence(said("completed", 0), said("liked", 1), said("unliked", 2))
    assert left == pytest.approx(1)
    again = confidence(said("liked", 1), said("unliked", 2), said("liked", 3))
    assert again == pytest.approx(4)
    back = opinions([said("banned", 1), said("unbanned", 2)], ConfidenceSettings())["t"]
    assert (back.confidence, back.banned) == (0, False)
    assert opinions([said("unbanned", 0), said("banned", 1)], ConfidenceSettings())["t"].banned


def test_a_ban_speaks_against_and_a_like_lifts_it() -> None:
    """Banned is below zero and never played; liked later it may be played again."""
    banned = opinions([said("banned", 1)], ConfidenceSettings())["t"]
    assert banned.confidence < 0
    assert banned.banned
    assert not opinions([said("banned", 1), said("liked", 2)], ConfidenceSettings())["t"].banned


def served(folder: Path) -> tuple[RecommenderSettings, Packs]:
    """Four listeners of one device: two like tracks 1 and 2, two like 3 and 4."""
    settings = RecommenderSettings(data_folder=str(folder))
    store = open_store(folder)
    catalogue.take_chunk(store, "d", chunk(), settings.limits)
    for number, (listener, liked) in enumerate((("a", 0), ("b", 0), ("c", 2), ("e", 2))):
        batch = tuple(
            Interaction(
                id=f"{number}-{offset}",
                listener=listener,
                track=LIBRARY[liked + offset].id,
                kind=InteractionKind.LIKED,
                at_unix_seconds=1e9,
            )
            for offset in range(2)
            if (listener, offset) != ("b", 1)
        )
        interactions.keep(store, "d", InteractionBatch(interactions=batch))
    return settings, Packs(store, settings)


def test_training_teaches_one_listener_from_another(tmp_path: Path) -> None:
    """Who likes track 1 is offered track 2 next, because others like both."""
    settings, packs = served(tmp_path)
    stages: list[str] = []
    train(settings, at_unix_seconds=1e9, stepped=lambda stage, _done: stages.append(stage))
    made = generation.newest(tmp_path)
    assert made is not None
    pack = packs.of("d", "library-1", "b", made)
    assert pack is not None
    assert pack.factors.any()
    request = RecommendRequest(mood_weight=0, exclude=(LIBRARY[0].id,))
    assert rank(pack, request)[0].track == LIBRARY[1].id
    assert stages[-1] == "writing"


def test_a_server_with_no_interactions_trains_all_the_same(tmp_path: Path) -> None:
    """A first training without a listener gives a generation of tags alone."""
    settings = RecommenderSettings(data_folder=str(tmp_path))
    store = open_store(tmp_path)
    catalogue.take_chunk(store, "d", chunk(), settings.limits)
    train(settings, at_unix_seconds=1e9, stepped=lambda _stage, _done: None)
    made = generation.newest(tmp_path)
    assert made is not None
    assert len(made.items) == 0
    assert len(made.space.names) >= len(shipped_tags().names)


def test_two_generations_are_kept_and_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    """Of three the first goes; when the newest is damaged the one before it is used."""
    for name in ("1", "2", "3"):
        made = empty(name)
        generation.save(made, tmp_path, at_unix_seconds=0, figures={}, kept=2)
    assert generation.newest(tmp_path, "3") is None
    (tmp_path / "generations/3/taste.npz").write_bytes(b"damaged")
    found = generation.newest(tmp_path)
    assert found is not None
    assert found.name == "2"
    assert not (tmp_path / "generations/1").exists()


def empty(name: str) -> generation.Generation:
    """An empty generation of this name."""
    fields = vars(generation.untrained(shipped_tags()))
    return generation.Generation(**(fields | {"name": name}))


def test_measures_are_those_of_the_books() -> None:
    """Wanted tracks at ranks 1 and 3 of 25, a third at rank 22: by hand."""
    scores = -np.arange(25, dtype=np.float32)
    recall, gain = measures(scores, np.array([0, 2, 21], np.int32))
    assert recall == pytest.approx(2 / 3)
    assert gain == pytest.approx((1 + 0.5) / (1 + 1 / np.log2(3) + 0.5))


def test_a_fifth_is_hidden() -> None:
    """Of lists of five and ten songs one and two are hidden, and none is on both sides."""
    shown, hidden = split([[0, 1, 2, 3, 4], list(range(10))], np.random.default_rng(1))
    assert np.diff(hidden.indptr).tolist() == [1, 2]
    assert shown.multiply(hidden).nnz == 0
    assert (shown + hidden).nnz == 15
