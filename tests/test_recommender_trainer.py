"""The contract of `Trainer`: every ALS that takes implicit's place passes this suite."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender_server.als import bm25, fold_in
from recommender_server.settings import TrainingSettings
from recommender_server.trainer import TRAINERS, Trainer

GROUPS, EACH, REG = 3, 5, 0.5
SETTINGS = TrainingSettings(factors=GROUPS, regularisation=REG, iterations=12)


@pytest.fixture(params=TRAINERS)
def trainer(request: pytest.FixtureRequest) -> Trainer:
    return TRAINERS[request.param]()


def tastes() -> sparse.csr_matrix:
    """40 listeners in three groups of tastes over 16 tracks, the last of which nobody has."""
    chance = np.random.default_rng(7)
    dense = np.zeros((40, GROUPS * EACH + 1), np.float32)
    for row in dense:
        group = int(chance.integers(GROUPS))
        own = group * EACH + chance.permutation(EACH)[:4]
        row[own] = chance.uniform(1, 4, 4)
    return sparse.csr_matrix(dense)


def fitted(trainer: Trainer, heard: list[int] | None = None) -> np.ndarray:
    weighted, _, _ = bm25(tastes(), 100.0, 0.5)
    return trainer.fit(weighted, SETTINGS, (heard if heard is not None else []).append)


def test_factors_are_a_row_for_each_track(trainer: Trainer) -> None:
    """Of a matrix of 40 by 16, 16 by the factors asked for, finite, single precision."""
    factors = fitted(trainer)
    assert factors.shape == (GROUPS * EACH + 1, SETTINGS.factors)
    assert factors.dtype == np.float32
    assert np.isfinite(factors).all()


def test_a_new_listener_is_given_their_groups_tracks(trainer: Trainer) -> None:
    """Who likes two tracks of a group has its other three before all others."""
    factors = fitted(trainer)
    for group in range(GROUPS):
        liked = np.array([group * EACH, group * EACH + 1])
        taste = fold_in(factors, factors.T @ factors, liked, np.array([3.0, 3.0], np.float32), REG)
        scores = factors @ taste
        scores[liked] = -np.inf
        best = set(np.argsort(-scores)[: EACH - 2].tolist())
        assert best == set(range(group * EACH, (group + 1) * EACH)) - set(liked.tolist())


def test_the_objective_is_nearly_as_low_as_can_be(trainer: Trainer) -> None:
    """The paper's sum, with each listener at their best, is within 2 % of the exact solver's."""
    losses = {name: _loss(fitted(made())) for name, made in TRAINERS.items()}
    assert _loss(fitted(trainer)) <= 1.02 * losses["numpy"]


def _loss(factors: np.ndarray) -> float:
    weighted, _, _ = bm25(tastes(), 100.0, 0.5)
    gram, total = factors.T @ factors, 0.0
    for row in weighted:
        taste = fold_in(factors, gram, row.indices.astype(np.int64), row.data, REG)
        wanted = np.zeros(len(factors))
        wanted[row.indices] = 1
        confidence = np.ones(len(factors))
        confidence[row.indices] = np.maximum(row.data, 1)
        total += float(confidence @ (wanted - factors @ taste) ** 2) + REG * float(taste @ taste)
    return total + REG * float((factors**2).sum())


def test_a_track_that_nobody_has_speaks_for_nothing(trainer: Trainer) -> None:
    """Its factors are about 0."""
    factors = fitted(trainer)
    assert np.abs(factors[-1]).max() < 0.01 * np.abs(factors).max()


def test_the_same_input_gives_the_same_factors(trainer: Trainer) -> None:
    """To the bit, so that a training can be repeated."""
    np.testing.assert_array_equal(fitted(trainer), fitted(trainer))


def test_every_iteration_is_told_of(trainer: Trainer) -> None:
    """Counted from 1."""
    heard: list[int] = []
    fitted(trainer, heard)
    assert heard == list(range(1, SETTINGS.iterations + 1))
