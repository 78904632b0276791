"""What is heard together: walks and a sparse regression, added and cut to the nearest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender_server.settings import TrainingSettings
from recommender_server.together import (
    heard_together,
    neighbour_matrix,
    regression,
    strongest,
)

LISTENS = sparse.csr_matrix(
    np.array([[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 2, 1], [0, 1, 1, 0, 0]], np.float32)
)


def test_regression_solves_the_ridge_by_hand() -> None:
    """With all others as candidates each column is (G + ridge I)^-1 g over the others."""
    weights = regression(LISTENS, candidates=4, ridge=0.5).toarray()
    binary = (LISTENS.toarray() > 0).astype(float)
    gram = binary.T @ (binary / np.sqrt(binary.sum(axis=1))[:, None])
    for target in range(5):
        others = [track for track in range(5) if track != target]
        system = gram[np.ix_(others, others)] + 0.5 * np.eye(4)
        by_hand = np.maximum(np.linalg.solve(system, gram[others, target]), 0)
        np.testing.assert_allclose(weights[others, target], by_hand, atol=1e-5)
        assert weights[target, target] == 0


def test_only_the_nearest_are_regressed_on() -> None:
    """With one candidate each track has one predictor at most, that of the highest cosine."""
    weights = regression(LISTENS, candidates=1, ridge=0.5)
    assert (np.diff(weights.tocsc().indptr) <= 1).all()
    assert weights[1, 0] > 0  # track 0's only companion in every list is track 1


def test_the_strongest_of_each_row_are_kept_strongest_first() -> None:
    """Of [.2, 0, .8, .4] two are kept; an empty row keeps none; the greatest of all counts 1."""
    rows = np.zeros((4, 4), np.float32)
    rows[0] = [0.2, 0, 0.8, 0.4]
    rows[2] = [0.4, 0, 0, 0]
    near, closeness = strongest(sparse.csr_matrix(rows), 2)
    assert near.tolist() == [[2, 3], [-1, -1], [0, -1], [-1, -1]]
    np.testing.assert_allclose(closeness[0], [1.0, 0.5])
    back = neighbour_matrix(near, closeness).toarray()
    np.testing.assert_allclose(back[2], [0.5, 0, 0, 0])


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_walks_and_regression_know_who_belongs_together(share: float) -> None:
    """Whatever their shares, no neighbour is of the other group and none is the track itself."""
    settings = TrainingSettings(neighbours=3, regression_share=share)
    near, closeness = heard_together(LISTENS, settings)
    assert near.shape == closeness.shape == (5, 3)
    assert set(near[0]) <= {1, 2, -1}
    assert near[3].tolist() == [4, -1, -1]
    assert float(closeness.max()) == 1


def test_tracks_that_nobody_heard_have_no_neighbours() -> None:
    """An empty matrix gives no neighbour, and no error."""
    near, closeness = heard_together(
        sparse.csr_matrix((3, 4), dtype=np.float32), TrainingSettings()
    )
    assert (near == -1).all()
    assert not closeness.any()
