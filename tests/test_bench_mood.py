"""The measurement of mood from sound: its arithmetic, and its labels."""

from __future__ import annotations

import numpy as np
import pytest

from bench.mood_from_sound import read_labels, ridge
from bench.rank_correlation import correlation, ranks, spearman


def test_equal_values_share_their_rank() -> None:
    """Two in the second and third place are both two and a half."""
    assert list(ranks(np.array([3.0, 1.0, 7.0, 3.0]))) == [2.5, 1.0, 4.0, 2.5]


def test_rank_correlation_of_known_series() -> None:
    """Spearman 1904's formula by hand: differences -1, 1, -1, 1, 0 give 1 - 6 * 4 / 120."""
    one, other = np.array([1.0, 20, 3, 400, 500]), np.array([2.0, 1, 40, 30, 500])
    assert spearman(one, one**3) == pytest.approx(1)
    assert spearman(one, -one) == pytest.approx(-1)
    assert spearman(np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 1, 4, 3, 5])) == pytest.approx(0.8)
    assert spearman(one, np.ones(5)) == 0
    found = correlation(one, other)
    assert found.low <= found.rho <= found.high


def test_a_regression_finds_what_it_is_given() -> None:
    """Two targets that are plain sums of three features."""
    rows = np.random.default_rng(3).normal(size=(80, 3))
    wanted = rows @ np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.5]])
    asked = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    expected = asked @ np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.5]])
    assert ridge(rows, wanted, asked, penalty=1e-6) == pytest.approx(expected, abs=1e-6)


def test_every_label_is_a_place_and_no_package_has_two_parts() -> None:
    """What is held out has no part in what is chosen by."""
    labels = read_labels()
    assert not set(labels["chosen_by"]) & set(labels["held_out"])
    places = [p for packages in labels.values() for f in packages.values() for p in f.values()]
    assert all(-1 <= value <= 1 for place in places for value in place)
