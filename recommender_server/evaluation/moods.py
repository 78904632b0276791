"""Moods: of the first tracks for a quadrant, how many does Deezer's annotation put there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contracts.ranking import library_pack, mood_fit
from recommender_server.evaluation import sets
from recommender_server.service import shipped_or_own_tags
from recommender_server.settings import RecommenderSettings

if TYPE_CHECKING:
    from pathlib import Path

FIRST = (50, 200)
QUADRANTS = {
    "happy": (0.7, 0.5),
    "angry": (-0.6, 0.7),
    "calm": (0.5, -0.6),
    "sad": (-0.7, -0.4),
}


def moods(folder: Path) -> dict[str, dict[str, float]]:
    """Precision of the first 50 and of the first 200 by quadrant, and how many tracks there are."""
    tracks, places = sets.placed_songs(folder)
    pack = library_pack("evaluation", tracks, shipped_or_own_tags(RecommenderSettings()))
    truth = np.array(places)
    figures: dict[str, dict[str, float]] = {f"first {first}": {} for first in FIRST}
    for name, (valence, arousal) in QUADRANTS.items():
        order = np.argsort(-mood_fit(pack, valence, arousal), kind="stable")
        there = np.all(truth[order] * np.sign([valence, arousal]) > 0, axis=1)
        for first in FIRST:
            figures[f"first {first}"][name] = float(np.mean(there[:first]))
    return figures | {"moods": {"tracks": float(len(tracks))}}
