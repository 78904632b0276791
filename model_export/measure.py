"""What an int8 model file reaches on a split of the faces, through the product's own path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from contracts.emotion import EMOTIONS
from model_export import dataset, figures, robustness

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from model_export.litert import QuantisedNetwork

TIMED_CROPS = 500


def summary(
    logits: NDArray[np.float32], faces: dataset.Faces, temperature: float
) -> dict[str, Any]:
    """The figures that a manifest carries; accuracies as figures.share has them."""
    probabilities = figures.softmax(logits, temperature)
    labels, clean = faces.labels, faces.clean
    by_class = figures.recall_by_class(probabilities, labels)
    return {
        "accuracy": figures.accuracy(probabilities, labels),
        "accuracy_clean": figures.accuracy(probabilities[clean], labels[clean]),
        "accuracy_three": figures.accuracy_three(probabilities, labels),
        "accuracy_three_clean": figures.accuracy_three(probabilities[clean], labels[clean]),
        "macro_recall": figures.macro_recall(by_class),
        "ece": figures.calibration_error(figures.reliability(probabilities, labels)),
        "ece_uncalibrated": figures.calibration_error(
            figures.reliability(figures.softmax(logits, 1.0), labels)
        ),
        "by_class": by_class,
    }


def false_negatives(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], cutoff: float
) -> dict[str, Any]:
    """How often a face of another mood is called negative: the costly error of a moment."""
    others = figures.TO_THREE[labels] != 0
    three = figures.three_probabilities(probabilities)
    known = probabilities.max(axis=1) >= cutoff
    return figures.share((three.argmax(axis=1) == 0)[others] & known[others])


def curves(
    logits: NDArray[np.float32], faces: dataset.Faces, temperature: float, cutoff: float
) -> dict[str, Any]:
    """What is drawn: confusion, reliability, coverage; and what the cutoff does."""
    probabilities = figures.softmax(logits, temperature)
    labels = faces.labels
    known = probabilities.max(axis=1) >= cutoff
    return {
        "confusion": figures.confusion(probabilities, labels).tolist(),
        "reliability": figures.reliability(probabilities, labels),
        "coverage": figures.coverage_curve(probabilities, labels),
        "known": figures.share(known),
        "accuracy_known": figures.accuracy(probabilities[known], labels[known]),
        "accuracy_three_known": figures.accuracy_three(probabilities[known], labels[known]),
        "false_negative_mood": false_negatives(probabilities, labels, cutoff),
    }


def own_labels(network: QuantisedNetwork, path: Path, split: dataset.Split) -> dict[str, Any]:
    """Accuracy on FER2013's own seven labels, over all pictures of the split."""
    images, labels = dataset.load_own_labels(path, split)
    logits = network.all_logits(images)
    logits[:, EMOTIONS.index("contempt")] = -np.inf  # FER2013 has no such class
    return figures.share(logits.argmax(axis=1) == labels)


def robustness_figures(
    network: QuantisedNetwork, faces: dataset.Faces, temperature: float
) -> dict[str, Any]:
    """Eight-class and three-class accuracy after each of robustness.HARMS."""
    rows: dict[str, Any] = {}
    for name, harm in robustness.HARMS.items():
        logits = network.all_logits(robustness.harmed(faces.images, harm))
        probabilities = figures.softmax(logits, temperature)
        rows[name] = {
            "eight": figures.accuracy(probabilities, faces.labels)["percent"],
            "three": figures.accuracy_three(probabilities, faces.labels)["percent"],
            "confidence": round(100 * float(probabilities.max(axis=1).mean()), 1),
        }
    return rows


def milliseconds(network: QuantisedNetwork, faces: dataset.Faces) -> float:
    """Median CPU milliseconds from a crop to logits, one thread, on this machine."""
    return round(network.milliseconds(faces.images[:TIMED_CROPS]), 3)
