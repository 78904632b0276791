"""Measures a packaged model and writes its figures, plots and the tables in docs/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from contracts.model_manifest import read_manifest, verified_bytes
from model_export import dataset, figures, measure, plots, tables, weights
from model_export.litert import QuantisedNetwork
from model_export.targets import mirrored_logits, predict

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from contracts.model_manifest import ModelManifest


def evaluate(
    model: Path, faces_file: Path, split: dataset.Split, checkpoint: Path | None
) -> dict[str, Any]:
    """All figures of the int8 file `model` on one split.

    Args:
        model: a .tflite whose manifest lies beside it.
        faces_file: fer2013plus.npz.
        split: choose on public_test, report private_test.
        checkpoint: the float weights that it was made from, to say what int8 costs.

    Raises:
        ModelError: the manifest is missing or the file is not the one that it describes.

    """
    manifest = read_manifest(model.with_suffix(".json"))
    network = QuantisedNetwork(verified_bytes(manifest, model.parent))
    faces = dataset.load(faces_file, split)
    logits = network.all_logits(faces.images)
    found = _head(manifest, network, faces, split)
    found |= measure.summary(logits, faces, manifest.temperature)
    found |= measure.curves(logits, faces, manifest.temperature, manifest.unknown_below)
    found["fer2013_labels"] = measure.own_labels(network, faces_file, split)
    found["robustness"] = measure.robustness_figures(network, faces, manifest.temperature)
    if checkpoint:
        found["float"] = _against_float(logits, network, faces, checkpoint)
        found["epochs"] = weights.history(checkpoint)
    return found


def _head(
    manifest: ModelManifest, network: QuantisedNetwork, faces: dataset.Faces, split: str
) -> dict[str, Any]:
    return {
        "split": split,
        "sha256": manifest.sha256,
        "bytes": manifest.figures["bytes"],
        "input_size": manifest.input_size,
        "temperature": manifest.temperature,
        "unknown_below": manifest.unknown_below,
        "milliseconds": measure.milliseconds(network, faces),
    }


def _against_float(
    logits: NDArray[np.float32], network: QuantisedNetwork, faces: dataset.Faces, checkpoint: Path
) -> dict[str, Any]:
    """Accuracy before quantising, points lost by it, share of faces judged alike."""
    judged = mirrored_logits if network.judges_mirror_images() else predict
    floats = judged(weights.trained(checkpoint), faces, network.size)
    accuracy = figures.accuracy(figures.softmax(floats, 1.0), faces.labels)
    int8 = figures.accuracy(figures.softmax(logits, 1.0), faces.labels)
    return {
        "accuracy": accuracy,
        "int8_loss_points": round(accuracy["percent"] - int8["percent"], 2),
        "agreement": figures.share(floats.argmax(axis=1) == logits.argmax(axis=1)),
    }


def written(found: dict[str, Any], model: Path, docs: Path) -> list[Path]:
    """Write the figures beside the model, pictures and tables into `docs`; the files."""
    json_file = model.with_suffix(".figures.json")
    json_file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    pictures = plots.draw(found, docs / "pictures")
    pages = [docs / name for name in ("emotion_model.md", "model_card.md")]
    for page in pages:
        page.write_text(tables.filled(page.read_text("utf-8"), found), "utf-8")
    return [json_file, *pictures, *pages]
