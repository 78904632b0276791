"""Recall and gain of rankings, and the ways to hide what they are to find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RECALL_AT, GAIN_AT = 20, 10
HELD_OUT = 0.2
DISCOUNTS = 1 / np.log2(np.arange(2, RECALL_AT + 2))


def measures(scores: NDArray[np.float32], wanted: NDArray[np.int32]) -> NDArray[np.float64]:
    """Recall at 20 and normalised discounted gain at 10 of one ranking [items], as [2]."""
    hidden = np.zeros((1, len(scores)), np.bool_)
    hidden[0, wanted] = True
    found: NDArray[np.float64] = measured(scores[None, :], hidden)[0]
    return found


def measured(scores: NDArray[np.float32], hidden: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[listeners, 2]: recall at 20 and normalised gain at 10 of rankings [listeners, items].

    Recall is the share of the hidden found among the first 20; gain is that of Jarvelin and
    Kekalainen (2002) over the best that was possible. Each listener has something hidden.
    """
    best = np.argpartition(-scores, RECALL_AT, axis=1)[:, :RECALL_AT]
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
    hits = np.take_along_axis(hidden, np.take_along_axis(best, order, 1), 1)
    counts = hidden.sum(axis=1)
    ideal = np.cumsum(DISCOUNTS[:GAIN_AT])[np.minimum(counts, GAIN_AT) - 1]
    gain = (hits * DISCOUNTS)[:, :GAIN_AT].sum(axis=1) / ideal
    return np.stack([hits.sum(axis=1) / counts, gain], axis=1)


def split(
    lists: Sequence[Sequence[int]], chance: np.random.Generator, items: int | None = None
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Shown and hidden songs of each playlist, a fifth (at least one) hidden."""
    shown: list[list[int]] = []
    hidden: list[list[int]] = []
    for songs in lists:
        mixed = chance.permutation(songs).tolist()
        count = max(1, round(len(songs) * HELD_OUT))
        hidden.append(mixed[:count])
        shown.append(mixed[count:])
    width = items or 1 + max(song for songs in lists for song in songs)
    return matrix(shown, width), matrix(hidden, width)


def folds(
    plays: sparse.csr_matrix, count: int, chance: np.random.Generator
) -> list[tuple[sparse.csr_matrix, sparse.csr_matrix]]:
    """Shown and hidden plays of each fold, every play hidden in one."""
    fold = chance.permutation(plays.nnz) % count
    return [
        (_where(plays, fold != number), _where(plays, fold == number)) for number in range(count)
    ]


def _where(plays: sparse.csr_matrix, kept: NDArray[np.bool_]) -> sparse.csr_matrix:
    chosen = plays.copy()
    chosen.data = chosen.data * kept
    chosen.eliminate_zeros()
    return chosen


def matrix(lists: Sequence[Sequence[int]], items: int) -> sparse.csr_matrix:
    """[lists, items]: 1 where a list has the item."""
    starts = np.cumsum([0, *map(len, lists)])
    songs = np.array([song for songs in lists for song in songs], np.int32)
    made = sparse.csr_matrix(
        (np.ones(len(songs), np.float32), songs, starts), shape=(len(lists), items)
    )
    made.sort_indices()
    return made
