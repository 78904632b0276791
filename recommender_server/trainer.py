"""What learns track factors: one narrow protocol, so that a cluster's ALS can take its place.

`implicit` is fast, on one machine; `numpy` is the paper's equations word for word: slow, without a
compiled part, and the measure of the other (tests/test_recommender_trainer.py holds for both).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from recommender_server.als import SEED, fold_in, train_als

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy import sparse

    from recommender_server.settings import TrainingSettings

    Floats = NDArray[np.float32]


class Trainer(Protocol):
    """Implicit-feedback ALS (Hu, Koren, Volinsky 2008)."""

    def fit(
        self,
        weighted: sparse.csr_matrix,
        settings: TrainingSettings,
        stepped: Callable[[int], None],
    ) -> Floats:
        """Track factors [items, f] of confidences [listeners, items], both at least 1.

        The same input gives the same factors. A track that nobody has gets factors of about 0.
        `stepped` hears of every iteration done, counted from 1.
        """


class ImplicitTrainer:
    """implicit's ALS by conjugate gradients, one thread."""

    def fit(
        self,
        weighted: sparse.csr_matrix,
        settings: TrainingSettings,
        stepped: Callable[[int], None],
    ) -> Floats:
        """As `Trainer` says."""
        return train_als(weighted, settings, stepped)


class NumpyTrainer:
    """Each listener's and track's equations solved exactly, one after another."""

    def fit(
        self,
        weighted: sparse.csr_matrix,
        settings: TrainingSettings,
        stepped: Callable[[int], None],
    ) -> Floats:
        """As `Trainer` says."""
        chance = np.random.default_rng(SEED)
        rows, columns = weighted.tocsr(), weighted.T.tocsr()
        tracks = chance.normal(0, 0.01, (weighted.shape[1], settings.factors)).astype(np.float32)
        for iteration in range(settings.iterations):
            listeners = _solved(rows, tracks, settings.regularisation)
            tracks = _solved(columns, listeners, settings.regularisation)
            stepped(iteration + 1)
        return tracks


def _solved(matrix: sparse.csr_matrix, others: Floats, regularisation: float) -> Floats:
    """Factors of the rows of a matrix, given those of its columns."""
    gram = others.T @ others
    return np.array(
        [
            fold_in(
                others,
                gram,
                matrix.indices[start:end].astype(np.int64),
                matrix.data[start:end],
                regularisation,
            )
            for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
        ],
        np.float32,
    ).reshape(matrix.shape[0], others.shape[1])


TRAINERS: dict[str, type[Trainer]] = {"implicit": ImplicitTrainer, "numpy": NumpyTrainer}
"""By the name that the settings choose one with."""
