"""What is heard together: for each track its nearest, out of two item-item models added up.

RP3 beta (`als.walks`) finds what is near by walking; sparse linear methods regress each track on
those that stand beside it (SLIM, Ning and Karypis 2011, with their feature selection: only the
nearest by cosine enter, so that the work grows with the number of tracks and not with its cube):

    w_j = (G[N, N] + ridge I)^-1 G[N, j],   G = X' diag(length^-1/2) X,   N nearest of track j

Regression takes back what two neighbours say twice; walks count it twice but see further. Their
errors differ, so the sum of both is better than either. Long playlists say less about each pair
of their tracks: each list counts by the root of its length. Both are made of the same total
weight, added, and the strongest of each track kept: that is all a device needs to rank.

Above DENSE_ITEMS tracks only the most heard are regressed: the others have neighbours by walks
alone, whose closeness stands beside sums of both, so that it is lower. They are tracks of few
lists, of which a regression would learn little; ALS and tags know them all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from recommender_server.als import walks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommender_server.settings import TrainingSettings

DENSE_ITEMS = 12_000
"""Only so many, the most heard, enter the regression: its co-occurrences take 4 bytes a pair, 0.6
GB. The others are neither regressed nor regressed on.
"""
BATCH = 256
WALKED = 200
"""Neighbours that walks bring in before the strongest of the sum are kept."""


def heard_together(
    user_items: sparse.csr_matrix, settings: TrainingSettings
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Each track's neighbours [items, k], -1 where fewer, and their closeness in [0, 1]."""
    items = user_items.shape[1]
    near, chances = walks(user_items, neighbours=max(WALKED, settings.neighbours))
    walked = neighbour_matrix(near, chances)
    regressed = regression(
        user_items, candidates=settings.regression_candidates, ridge=settings.regression_ridge
    )
    share = settings.regression_share
    added = (1 - share) * _of_unit_weight(walked) + share * _of_unit_weight(regressed)
    return strongest(added.tocsr(), min(settings.neighbours, max(items, 1)))


def regression(
    user_items: sparse.csr_matrix, *, candidates: int, ridge: float
) -> sparse.csr_matrix:
    """[items, items]: how much each track (row) speaks for each other (column); 0 or more."""
    binary = (user_items > 0).astype(np.float32).tocsr()
    items = binary.shape[1]
    popularity = np.asarray(binary.sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-popularity, kind="stable")[:DENSE_ITEMS])
    kept = kept[popularity[kept] > 0]
    count = min(candidates, len(kept) - 1)
    if count < 1:
        return sparse.csr_matrix((items, items), dtype=np.float32)
    gram = _gram(binary[:, kept])
    rows, columns, weights = [], [], []
    for start in range(0, len(kept), BATCH):
        targets = np.arange(start, min(start + BATCH, len(kept)))
        chosen = _nearest(gram, targets, count)
        solved = _ridge(gram, targets, chosen, ridge)
        speaks = solved > 0
        rows.append(kept[chosen[speaks]])
        columns.append(np.repeat(kept[targets], speaks.sum(axis=1)))
        weights.append(solved[speaks])
    cells = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_matrix((np.concatenate(weights), cells), shape=(items, items))


def _gram(binary: sparse.csr_matrix) -> NDArray[np.float32]:
    """[items, items]: co-occurrences, each list counted by one over the root of its length."""
    lengths = np.maximum(np.asarray(binary.sum(axis=1)).ravel(), 1.0)
    weighted = sparse.diags((lengths**-0.5).astype(np.float32)) @ binary
    gram: NDArray[np.float32] = (binary.T @ weighted).toarray().astype(np.float32, copy=False)
    return gram


def _nearest(
    gram: NDArray[np.float32], targets: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """[targets, count]: the nearest others by cosine."""
    length = np.sqrt(np.maximum(np.diag(gram), 1e-6))
    cosine = gram[targets] / length
    cosine[np.arange(len(targets)), targets] = -1
    chosen: NDArray[np.int64] = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
    return chosen


def _ridge(
    gram: NDArray[np.float32],
    targets: NDArray[np.int64],
    chosen: NDArray[np.int64],
    ridge: float,
) -> NDArray[np.float32]:
    """[targets, count]: each target regressed on its chosen tracks."""
    systems = gram[chosen[:, :, None], chosen[:, None, :]]
    diagonal = np.arange(chosen.shape[1])
    systems[:, diagonal, diagonal] += np.float32(ridge)
    wanted = gram[chosen, targets[:, None]]
    solved: NDArray[np.float32] = np.linalg.solve(systems, wanted[..., None])[..., 0]
    return solved


def strongest(
    matrix: sparse.csr_matrix, count: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Each row's greatest entries [items, k] above 0, strongest first, the greatest of all 1."""
    items = matrix.shape[0]
    near = np.full((items, count), -1, np.int32)
    closeness = np.zeros((items, count), np.float32)
    top = max(float(matrix.data.max(initial=0)), 1e-9)
    for row in range(items):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        others, weights = matrix.indices[span], matrix.data[span]
        best = np.lexsort((others, -weights))[:count]
        best = best[weights[best] > 0]
        near[row, : len(best)] = others[best]
        closeness[row, : len(best)] = weights[best] / top
    return near, closeness


def neighbour_matrix(near: NDArray[np.int32], closeness: NDArray[np.float32]) -> sparse.csr_matrix:
    """[items, items] of neighbours [items, k]: liked tracks times it are scores."""
    rows, columns = np.nonzero(near >= 0)
    cells = (rows, near[rows, columns])
    return sparse.csr_matrix((closeness[rows, columns], cells), shape=(len(near), len(near)))


def _of_unit_weight(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The matrix divided by the root of its summed squares, so that two of them add fairly."""
    total = float(np.sqrt(np.square(matrix.data, dtype=np.float64).sum()))
    return matrix if total <= 0 else (matrix / total).astype(np.float32)
