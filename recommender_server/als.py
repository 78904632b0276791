"""Taste: ALS on BM25-weighted input, and RP3 beta, the walk to what is heard together.

ALS for implicit feedback (Hu, Koren, Volinsky 2008): a preference p = 1 with confidence c for
each listened track, p = 0 with confidence 1 for all else; listener x and track y minimise
sum c (p - x'y)^2 + reg (|x|^2 + |y|^2). BM25 (Robertson et al. 1994) makes the confidence of
what everybody hears small. RP3 beta (Paudel et al. 2016): the chance that three random steps
lead from a track over a listener to another, divided by its popularity to the power of beta.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from recommender_server.settings import TrainingSettings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # implicit threads by itself; both collapse

SEED = 42
BLOCK_ROWS = 1000


def bm25(
    user_items: sparse.csr_matrix, k1: float, b: float
) -> tuple[sparse.csr_matrix, NDArray[np.float32], float]:
    """The matrix weighted by BM25, the idf [items] and the mean length, to weight others alike."""
    users = user_items.shape[0]
    listeners = np.bincount(user_items.indices, minlength=user_items.shape[1])
    idf = np.log1p(users / (1.0 + listeners)).astype(np.float32)
    lengths = np.asarray(user_items.sum(axis=1)).ravel()
    average = float(lengths.mean()) if users else 1.0
    weighted = user_items.astype(np.float32).copy()
    rows = np.repeat(np.arange(users), np.diff(weighted.indptr))
    weighted.data = bm25_weights(
        weighted.data, lengths[rows], idf[weighted.indices], average=average, k1=k1, b=b
    )
    return weighted, idf, average


def bm25_weights(
    values: NDArray[np.float32],
    length: NDArray[np.float32] | float,
    idf: NDArray[np.float32],
    *,
    average: float,
    k1: float,
    b: float,
) -> NDArray[np.float32]:
    """BM25 weights of one listener's or all listeners' values."""
    norm = 1.0 - b + b * length / max(average, 1e-9)
    weights: NDArray[np.float32] = (values * (k1 + 1.0) / (k1 * norm + values) * idf).astype(
        np.float32
    )
    return weights


def train_als(
    weighted: sparse.csr_matrix, settings: TrainingSettings, stepped: Callable[[int], None]
) -> NDArray[np.float32]:
    """Track factors [items, f]; `stepped` hears of every iteration done."""
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415 - a second, for training only

    model = AlternatingLeastSquares(
        factors=settings.factors,
        regularization=settings.regularisation,
        alpha=1.0,
        iterations=settings.iterations,
        random_state=SEED,
        num_threads=1,
    )
    model.fit(
        weighted,
        show_progress=False,
        callback=lambda iteration, _seconds, _loss: stepped(iteration + 1),
    )
    factors: NDArray[np.float32] = np.asarray(model.item_factors, np.float32)
    return factors


def fold_in(
    factors: NDArray[np.float32],
    gram: NDArray[np.float32],
    rows: NDArray[np.int64],
    confidence: NDArray[np.float32],
    regularisation: float,
) -> NDArray[np.float32]:
    """Factors [f] of a listener the model never saw (equation 4 of Hu et al. 2008).

    `gram` is Y'Y of all tracks. As in implicit, a confidence below 0 is a preference of 0 held
    with its absolute value.
    """
    if not len(rows):
        return np.zeros(factors.shape[1], np.float32)
    chosen = factors[rows].astype(np.float64)
    weight = np.abs(confidence).astype(np.float64)
    system = gram + regularisation * np.eye(factors.shape[1])
    system += chosen.T @ (np.maximum(weight - 1, 0)[:, None] * chosen)
    wanted = np.maximum(confidence, 0).astype(np.float64) @ chosen
    solved: NDArray[np.float32] = np.linalg.solve(system, wanted).astype(np.float32)
    return solved


def walks(
    user_items: sparse.csr_matrix, *, neighbours: int, beta: float = 0.0
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """RP3 beta: each track's neighbours [items, k], -1 where fewer, and their closeness.

    Closeness is the chance itself, at most 1: scaled to its nearest, each track would count
    alike, which measured no better.
    """
    binary = (user_items > 0).astype(np.float32).tocsr()
    to_items = _row_normalised(binary)
    to_users = _row_normalised(binary.T.tocsr())
    popularity = np.asarray(binary.sum(axis=0)).ravel()
    discount = 1.0 / np.maximum(popularity, 1.0) ** beta
    items = binary.shape[1]
    near = np.full((items, neighbours), -1, np.int32)
    closeness = np.zeros((items, neighbours), np.float32)
    for start in range(0, items, BLOCK_ROWS):
        block = (to_users[start : start + BLOCK_ROWS] @ to_items).tocsr()
        for offset in range(block.shape[0]):
            span = slice(block.indptr[offset], block.indptr[offset + 1])
            others, chances = block.indices[span], block.data[span] * discount[block.indices[span]]
            _keep_nearest(near, closeness, start + offset, others, chances)
    return near, closeness


def _keep_nearest(
    near: NDArray[np.int32],
    closeness: NDArray[np.float32],
    row: int,
    others: NDArray[np.int32],
    chances: NDArray[np.float32],
) -> None:
    elsewhere = others != row
    others, chances = others[elsewhere], chances[elsewhere]
    best = np.lexsort((others, -chances))[: near.shape[1]]
    if len(best):
        near[row, : len(best)] = others[best]
        closeness[row, : len(best)] = np.minimum(chances[best], 1)


def _row_normalised(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    return sparse.diags(1.0 / np.maximum(sums, 1e-9)).astype(np.float32) @ matrix
