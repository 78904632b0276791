"""From the features of a sound to a place on the circumplex, and how far to believe it.

Plain weights, their signs from the literature (Gabrielsson and Lindström 2010; Eerola and
Vuoskoski 2013): rough, changing, pulsing and noisy sound arouses; major triads, a plain key and
separate notes please. Weights fitted by ridge regression did no better on games left out than
these (Dawes 1979). docs/library.md says how well this does, ./mlfym bench mood-from-sound anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import tanh

ESTIMATE = 2
"""Raised with every change of what is heard in a file or made of it: what an older estimate heard
is listened to once more. 1 is whatever was heard before estimates were counted."""
TYPICAL: dict[str, tuple[float, float]] = {
    "rough": (0.0943, 0.0473),
    "change": (0.0436, 0.0261),
    "pulsing": (-1.1200, 1.0464),
    "noise": (-4.5134, 1.6754),
    "mode": (0.0108, 0.0179),
    "tonal": (0.7677, 0.0803),
    "variety": (0.3062, 0.1129),
    "sparkle": (-0.7128, 1.5964),
}
"""Mean and standard deviation over 147 tracks: 127 of free music and the demo's 20."""
AROUSAL = {"rough": 1.0, "change": 1.0, "pulsing": 1.0, "noise": 0.5}
VALENCE = {"mode": 1.0, "tonal": 1.0, "variety": 1.0, "sparkle": 0.5}
AROUSAL_SPREAD, VALENCE_SPREAD = 2.61, 2.27
"""Standard deviation of the two sums over the same tracks."""
STEEPNESS = 0.5
"""A track one standard deviation from the mean is placed at 0.46."""
AROUSAL_CERTAINTY, VALENCE_CERTAINTY = 0.2, 0.3
"""About the rank correlations with labels of music that had no part in any choice: 0.18 for
arousal, and the lower bound of 0.46 for valence."""


@dataclass(frozen=True)
class Place:
    """A place on the circumplex, and how far each coordinate is to be believed, 0 to 1."""

    valence: float
    arousal: float
    valence_certainty: float = VALENCE_CERTAINTY
    arousal_certainty: float = AROUSAL_CERTAINTY


def estimate(found: dict[str, float]) -> Place:
    """Place of a track, from `device.analysis.features.features`."""
    return Place(
        valence=round(tanh(STEEPNESS * _sum(found, VALENCE) / VALENCE_SPREAD), 3),
        arousal=round(tanh(STEEPNESS * _sum(found, AROUSAL) / AROUSAL_SPREAD), 3),
    )


def _sum(found: dict[str, float], weights: dict[str, float]) -> float:
    total = 0.0
    for name, weight in weights.items():
        mean, spread = TYPICAL[name]
        total += weight * (found[name] - mean) / spread
    return total
