"""From the features of a sound to a place on the circumplex, and how far to believe it.

Unit weights, their signs from the literature (Gabrielsson and Lindström 2010; Eerola and Vuoskoski
2013): busy, noisy, dense and fast music arouses; a major key, plain tonality and a steady level
please. Weights fitted to 96 labelled tracks did worse on albums left out than these (Dawes
1979). docs/library.md says how well this does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import tanh

TYPICAL: dict[str, tuple[float, float]] = {
    "onsets": (1.268, 0.338),
    "flux": (-2.528, 0.413),
    "tempo": (4.607, 0.242),
    "noise": (-4.309, 1.640),
    "bass": (-1.029, 0.668),
    "dynamics": (0.431, 0.153),
    "mode": (0.023, 0.131),
    "tonal": (0.753, 0.107),
    "density": (0.976, 0.180),
}
"""Mean and standard deviation over 116 tracks of free music and of the demo."""
AROUSAL = {
    "onsets": 1.0,
    "noise": 1.0,
    "density": -1.0,
    "flux": 0.5,
    "tempo": 0.5,
    "bass": 0.5,
    "dynamics": -0.5,
}
VALENCE = {"mode": 1.0, "tonal": 1.0, "flux": 0.5, "dynamics": -0.5, "onsets": 0.3}
AROUSAL_SPREAD, VALENCE_SPREAD = 3.39, 2.07
"""Standard deviation of the two sums over the same tracks."""
STEEPNESS = 0.5
"""A track one standard deviation from the mean is placed at 0.46."""
AROUSAL_CERTAINTY, VALENCE_CERTAINTY = 0.3, 0.15
"""About the rank correlations with labels of music that had no part in the choice of weights."""


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
