"""Chooses on PublicTest what the appliance needs beside the weights; writes the manifest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from contracts.emotion import EMOTIONS
from contracts.model_manifest import ModelManifest, read_manifest
from model_export import dataset, figures, measure
from model_export.litert import QuantisedNetwork

if TYPE_CHECKING:
    from pathlib import Path

KNOWN_SHARE = 0.9
"""Of PublicTest's faces that stay above the cutoff; the least sure tenth becomes unknown."""

ORIGIN = (
    "MobileNetV2 trained by model_export (train, quantise, package) on FER2013's training "
    "pictures with FER+ votes, from torchvision's ImageNet weights mobilenet_v2-b0353104"
)
TERMS = (
    "Weights made by this project's own code. FER2013's pictures carry no open licence and are "
    "for research; none of them is part of the file. FER+ votes: MIT, (c) Microsoft. Start: "
    "torchvision ImageNet weights, BSD-3-Clause."
)


def crop_of(manifest_path: Path, scale: float | None, lower_by: float | None) -> dict[str, float]:
    """How faces are framed: as told, else as the manifest had it.

    Raises:
        ModelError: nothing was told and there is no manifest yet.

    """
    told = {"scale": scale, "lower_by": lower_by}
    if None in told.values():
        before = read_manifest(manifest_path).crop
        told = {k: before[k] if v is None else v for k, v in told.items()}
    return {k: float(v) for k, v in told.items() if v is not None}


def package(model: Path, faces_file: Path, crop: dict[str, float]) -> ModelManifest:
    """Write the manifest of `model` beside it, with figures on PrivateTest.

    Args:
        model: an int8 .tflite.
        faces_file: fer2013plus.npz.
        crop: `scale` and `lower_by` of contracts.preprocess.square_around.

    """
    content = model.read_bytes()
    network = QuantisedNetwork(content)
    choosing = dataset.load(faces_file, "public_test")
    logits = network.all_logits(choosing.images)
    temperature = figures.fitted_temperature(logits, choosing.labels)
    cutoff = figures.cutoff_for(figures.softmax(logits, temperature), KNOWN_SHARE)
    manifest = ModelManifest(
        name=f"emotion-mobilenetv2-{network.size}",
        file=model.name,
        sha256=hashlib.sha256(content).hexdigest(),
        kind="emotion",
        origin=ORIGIN,
        terms=TERMS,
        labels=EMOTIONS,
        input_size=network.size,
        temperature=temperature,
        unknown_below=cutoff,
        crop=crop,
        figures=_figures(network, faces_file, temperature, len(content)),
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    model.with_suffix(".json").write_bytes(text + b"\n")
    return manifest


def _figures(
    network: QuantisedNetwork, faces_file: Path, temperature: float, model_bytes: int
) -> dict[str, Any]:
    faces = dataset.load(faces_file, "private_test")
    found = measure.summary(network.all_logits(faces.images), faces, temperature)
    shares = ("accuracy", "accuracy_clean", "accuracy_three", "accuracy_three_clean")
    return {
        "set": "FER2013 PrivateTest, FER+ majority of eight classes",
        "rows": found["accuracy"]["rows"],
        **{name: found[name]["percent"] for name in shares},
        "macro_recall": found["macro_recall"],
        "ece": found["ece"],
        "bytes": model_bytes,
    }
