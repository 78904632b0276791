"""The map of the tag space."""

from __future__ import annotations

import numpy as np

from recommender_server.tag_map import apart, plane
from tests.recommender_stage import shipped_tags


def test_moods_lie_on_the_map_as_on_the_circumplex() -> None:
    """Right is pleasant and up is lively, though nothing was moved to make it so."""
    space = shipped_tags()
    points, places = plane(space, space.moods), space.valence_arousal[space.moods]
    for axis in (0, 1):
        assert np.corrcoef(points[:, axis], places[:, axis])[0, 1] > 0.7


def test_names_do_not_cover_one_another() -> None:
    """Of two points in one place the first is named; one far away is named too."""
    points = np.array([[0, 0], [0.001, 0.001], [1, 1]], np.float32)
    assert apart(points, np.array([1, 0, 2]), 9, []) == [1, 2]
    assert apart(points, np.array([0, 2]), 1, []) == [0]
