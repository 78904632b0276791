"""Where tags put each track of a library on the circumplex, and how far that is believed.

Every tag is a witness: what it tells counts by its certainty, few witnesses are drawn to the
middle, and the middle of valence is the library's own, since people tag what they are fond of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contracts.tag_space import HALF_CERTAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contracts.tag_space import TagSpace

    Floats = NDArray[np.float32]

TO_MIDDLE = 0.3
"""Certainty of a witness for the middle that every track has: thin evidence stays near it."""
MIDDLING = 0.2
"""A tag of middling valence ("loud", "slow") is said of pleasant and unpleasant music alike: it
tells of valence by this plus how far it lies from the middle, over what a tag at half does.
"""
STRETCH = 1.5
"""The mean of many tags lies nearer to the middle than any one: valence is drawn out again."""
OWN_MIDDLE_FROM = 200.0
"""Tagged tracks at which a library's own middle of valence counts by half."""


def told_by_tags(
    space: TagSpace, starts: NDArray[np.int32], ids: NDArray[np.int32]
) -> tuple[Floats, Floats]:
    """Valence and arousal [n, 2] in [-1, 1] of each bag of tags, and the certainty [n] of it.

    Bag i has the vocabulary rows ids[starts[i]:starts[i + 1]]. Both are 0 where no tag of the
    bag speaks of mood. The constants were chosen by the precision of moods on one half of the
    artists of a research set, the other half kept for the figures (docs/recommender.md).
    """
    weight = space.certainty[ids][:, None]
    places = space.valence_arousal[ids]
    telling = np.ones_like(places)
    telling[:, 0] = (MIDDLING + np.abs(places[:, 0])) / np.float32(MIDDLING + 0.5)
    sums = bag_sums(np.hstack([weight * telling * places, weight * telling, weight]), starts)
    told = sums[:, :2] / (sums[:, 2:4] + np.float32(TO_MIDDLE))
    spoken = sums[:, 4]
    speaks = spoken > 0
    told[speaks, 0] = (told[speaks, 0] - _middle(told[speaks, 0])) * np.float32(STRETCH)
    return np.clip(told, -1, 1), spoken / (spoken + np.float32(HALF_CERTAIN))


def _middle(valences: Floats) -> np.float32:
    """What counts as neither pleasant nor unpleasant among these tracks.

    Words for pleasant things are used more often than others (Boucher and Osgood 1969, "The
    Pollyanna hypothesis"), so the middle is at or above 0; a sad library stays sad.
    """
    if not len(valences):
        return np.float32(0)
    share = len(valences) / (len(valences) + OWN_MIDDLE_FROM)
    return np.float32(share * max(float(valences.mean()), 0.0))


def bag_sums(values: Floats, starts: NDArray[np.int32]) -> Floats:
    """[n, d]: the sums of the values [m, d] of each bag; zeros for an empty one."""
    sums = np.zeros((len(starts) - 1, values.shape[1]), np.float32)
    full = np.flatnonzero(np.diff(starts))
    if len(full):
        sums[full] = np.add.reduceat(values, starts[full], axis=0)
    return sums
