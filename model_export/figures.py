"""What is measured of a classifier: pure functions of probabilities and labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from contracts.emotion import EMOTIONS, NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z_95 = 1.959964
"""Normal quantile of a 95 % interval."""
BINS = 15
"""Of the expected calibration error, as Guo et al. 2017 have it."""
COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
THREE = ("negative", "neutral", "positive")
TO_THREE = np.array([0 if e in NEGATIVE else 2 if e in POSITIVE else 1 for e in EMOTIONS])
"""Index into THREE of each emotion."""


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Probabilities [n, 8] of logits [n, 8] divided by `temperature`."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def share(right: NDArray[np.bool_]) -> dict[str, Any]:
    """A share of rows in per cent, its 95 % interval (Wilson 1927) and the number of rows."""
    count = len(right)
    if not count:
        return {"percent": math.nan, "interval": [math.nan, math.nan], "rows": 0}
    mean = float(right.mean())
    spread = Z_95**2 / count
    centre = (mean + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * math.sqrt(mean * (1 - mean) / count + spread / (4 * count))
    return {
        "percent": _percent(mean),
        "interval": [_percent(max(0.0, centre - half)), _percent(centre + half)],
        "rows": count,
    }


def _percent(fraction: float) -> float:
    return round(100 * fraction, 2)


def accuracy(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Share of rows whose likeliest emotion is the label."""
    return share(probabilities.argmax(axis=1) == labels)


def three_probabilities(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of negative, neutral and positive, [n, 3]; surprise is positive."""
    return np.stack([probabilities[:, k == TO_THREE].sum(axis=1) for k in range(3)], axis=1)


def accuracy_three(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Share of rows whose likeliest of the three moods is that of the label."""
    return share(three_probabilities(probabilities).argmax(axis=1) == TO_THREE[labels])


def recall_by_class(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, dict[str, Any]]:
    """Share of each emotion's rows that are found; precision where it was ever said, or None."""
    found = probabilities.argmax(axis=1)
    rows: dict[str, dict[str, Any]] = {}
    for index, name in enumerate(EMOTIONS):
        said = found == index
        precision = _percent(float((labels[said] == index).mean())) if said.any() else None
        recall = share(found[labels == index] == index)
        rows[name] = {"recall": recall, "precision": precision}
    return rows


def macro_recall(by_class: dict[str, dict[str, Any]]) -> float:
    """Mean recall of the classes in per cent: each class counts alike."""
    return round(float(np.mean([row["recall"]["percent"] for row in by_class.values()])), 2)


def confusion(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts [true, said]."""
    size = len(EMOTIONS)
    flat = np.bincount(labels * size + probabilities.argmax(axis=1), minlength=size * size)
    return np.asarray(flat.reshape(size, size), np.int64)


def reliability(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> list[dict[str, float]]:
    """Mean confidence and accuracy of each bin of confidence that has rows."""
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    places = np.minimum((sure * BINS).astype(int), BINS - 1)
    return [
        {
            "confidence": round(float(sure[places == k].mean()), 4),
            "accuracy": round(float(right[places == k].mean()), 4),
            "rows": int((places == k).sum()),
        }
        for k in range(BINS)
        if (places == k).any()
    ]


def calibration_error(bins: list[dict[str, float]]) -> float:
    """Expected calibration error in per cent: mean |accuracy - confidence|, by rows."""
    rows = sum(b["rows"] for b in bins)
    apart = sum(b["rows"] * abs(b["accuracy"] - b["confidence"]) for b in bins)
    return round(100 * apart / rows, 2)


def coverage_curve(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Accuracy on the surest rows, for several shares of rows kept."""
    sure = probabilities.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    curve = []
    for coverage in COVERAGES:
        kept = order[: max(1, round(coverage * len(order)))]
        curve.append(
            {
                "coverage": coverage,
                "cutoff": round(float(sure[kept[-1]]), 3),
                "eight": accuracy(probabilities[kept], labels[kept])["percent"],
                "three": accuracy_three(probabilities[kept], labels[kept])["percent"],
            }
        )
    return curve


def fitted_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Temperature of least negative log-likelihood (Guo et al. 2017), in steps of 0.01."""
    candidates = np.arange(0.3, 3.0, 0.01)
    rows = np.arange(len(labels))
    losses = [-np.log(softmax(logits, t)[rows, labels]).mean() for t in candidates]
    return round(float(candidates[int(np.argmin(losses))]), 2)


def cutoff_for(probabilities: NDArray[np.float64], coverage: float) -> float:
    """Highest probability that `coverage` of the rows reach, in steps of 0.01, rounded down."""
    reached = float(np.quantile(probabilities.max(axis=1), 1 - coverage))
    return math.floor(reached * 100) / 100
