"""The eight emotions, their place in valence and arousal, and the three moods of 2020.

An emotion is an instant, read off one face; a mood (contracts.mood) is what it smooths to.
"""

from __future__ import annotations

EMOTIONS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
"""The classes of FER+ (Barsoum et al. 2016), in the order of its vote columns."""

VALENCE_AROUSAL: dict[str, tuple[float, float]] = {
    "neutral": (0.0, 0.0),
    "happiness": (0.85, 0.35),
    "surprise": (0.30, 0.75),
    "sadness": (-0.75, -0.45),
    "anger": (-0.60, 0.75),
    "disgust": (-0.65, 0.35),
    "fear": (-0.65, 0.75),
    "contempt": (-0.45, 0.20),
}
"""Valence and arousal in [-1, 1]: read off the circumplex of affect (Russell 1980), rounded."""

POSITIVE = frozenset({"happiness", "surprise"})
NEGATIVE = frozenset({"sadness", "anger", "disgust", "fear", "contempt"})


def three_classes(probabilities: dict[str, float]) -> dict[str, float]:
    """Probabilities of negative, neutral and positive: the web service's three emotions."""
    return {
        "negative": sum(p for e, p in probabilities.items() if e in NEGATIVE),
        "neutral": probabilities.get("neutral", 0.0),
        "positive": sum(p for e, p in probabilities.items() if e in POSITIVE),
    }
