"""Spearman's rank correlation, and how sure of it so many tracks let us be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS, SEED = 2000, 1

Floats = NDArray[np.float64]


class Correlation(NamedTuple):
    """Rank correlation and the bounds of its 95 % interval (bootstrap over tracks)."""

    rho: float
    low: float
    high: float


def correlation(one: ArrayLike, other: ArrayLike) -> Correlation:
    """Of two series [n], rounded to two places."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    chance = np.random.default_rng(SEED)
    draws = [spearman(a[i], b[i]) for i in chance.integers(0, len(a), (DRAWS, len(a)))]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Correlation(*(round(float(value), 2) for value in (spearman(a, b), low, high)))


def spearman(one: Floats, other: Floats) -> float:
    """Pearson's correlation of the ranks, equal values sharing theirs; 0 when one is constant."""
    a, b = (ranks(values) - (len(values) + 1) / 2 for values in (one, other))
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size else 0.0


def ranks(values: Floats) -> Floats:
    """1 for the least; equal values get the mean of their places."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    shared: Floats = (last - (count - 1) / 2)[place]
    return shared
