"""From trained float weights to the int8 .tflite that the appliance runs."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from contracts.whole_file import write_whole
from model_export import dataset, rounding, weights
from model_export.keras_graph import int8_bytes, keras_twin
from model_export.train import TrainSettings, batches

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import keras

    from model_export.network import MobileNetV2

REPRESENTATIVE_FACES = 500
SAME_WITHIN = 1e-4
"""Largest difference of a logit between PyTorch and Keras."""
COPY_LIMIT_BYTES = 5_000_000
"""A float16 copy larger than this is not kept beside the model."""


class TwinMismatchError(RuntimeError):
    """Keras computes something else than PyTorch."""


@dataclass(frozen=True)
class Quantised:
    """What quantising came to."""

    size: int
    """Side of the input in pixels."""
    model_bytes: int
    copy_bytes: int
    """0 when no float copy was kept."""
    twin_difference: float
    """Largest difference of a float logit between PyTorch and Keras."""


def representative(faces: dataset.Faces, size: int, seed: int = 42) -> NDArray[np.float32]:
    """Model inputs of a random part of the training faces, [500, size, size, 1]."""
    count = min(REPRESENTATIVE_FACES, len(faces))
    rows = np.random.default_rng(seed).choice(len(faces), count, replace=False)
    return dataset.inputs(faces.images[rows], size)


def twin_difference(
    network: MobileNetV2,
    twin: keras.Model,
    inputs: NDArray[np.float32],
    *,
    mirrored: bool = False,
) -> float:
    """Largest difference of a logit between the two, over inputs [n, size, size, 1]."""
    faces = torch.from_numpy(inputs.transpose(0, 3, 1, 2))
    with torch.no_grad():
        wanted = network(faces).numpy()
        if mirrored:
            wanted = (wanted + network(faces.flip(3)).numpy()) / 2
    found = np.concatenate([np.asarray(twin(row[None], training=False)) for row in inputs])
    return float(np.abs(wanted - found).max())


def fine_tuned(
    network: MobileNetV2, faces: dataset.Faces, size: int, settings: rounding.RoundingSettings
) -> rounding.RoundedNetwork:
    """The network after learning to bear int8's rounding; progress goes to stderr.

    Args:
        network: trained float weights, which it goes on answering like.
        faces: to learn on, slightly distorted.
        size: side of the input in pixels.
        settings: how long and how fast; after 0 steps the weights are what they were.

    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, unused-ignore]
    calibration = torch.from_numpy(representative(faces, size).transpose(0, 3, 1, 2))
    twin, ranges = rounding.rounded(network, torch.cat([calibration, calibration.flip(3)]))
    drawing = TrainSettings(batch=64, balance=0, distortion=0.5, seed=settings.seed)
    batch = (x for epoch in itertools.count() for x, _ in batches(faces, size, drawing, epoch))
    for step, loss in rounding.fine_tuned(twin, network, batch, settings):
        if step % 10 == 0:
            sys.stderr.write(f"rounding: step {step} of {settings.steps}, {loss:.5f} nats\n")
    return rounding.RoundedNetwork(rounding.unrounded(twin), ranges)


def quantise(
    checkpoint: Path,
    faces_file: Path,
    out: Path,
    *,
    mirrored: bool = False,
    rounding_steps: int = 0,
) -> Quantised:
    """Write `out`, and beside it a float16 copy of the weights if that is small enough.

    Args:
        checkpoint: float weights.
        faces_file: fer2013plus.npz; 500 of its training faces set the ranges.
        out: the .tflite to write; its input is as large as the faces were in training.
        mirrored: whether the file judges each face and its mirror image.
        rounding_steps: of fine-tuning under simulated rounding before that; 0 is none.

    Raises:
        TwinMismatchError: the Keras graph does not compute what was trained.

    """
    size = weights.input_size(checkpoint)
    training = dataset.load(faces_file, "training")
    settings = rounding.RoundingSettings(steps=rounding_steps)
    network, ranges = fine_tuned(weights.trained(checkpoint), training, size, settings)
    faces = representative(training, size)[:64]
    twin = keras_twin(network, size, mirrored=mirrored)
    difference = twin_difference(network, twin, faces, mirrored=mirrored)
    if difference > SAME_WITHIN:
        msg = f"Keras and PyTorch differ by {difference:.2g} in a logit; nothing was written"
        raise TwinMismatchError(msg)
    content = int8_bytes(keras_twin(network, size, mirrored=mirrored, ranges=ranges))
    write_whole(out, content)
    return Quantised(size, len(content), _float_copy(network, size, checkpoint, out), difference)


def _float_copy(network: MobileNetV2, size: int, checkpoint: Path, out: Path) -> int:
    path = out.with_name(f"{out.stem}_float.npz")
    if path.resolve() == checkpoint.resolve():
        return path.stat().st_size
    written = weights.write_copy(network, size, path)
    if written > COPY_LIMIT_BYTES:
        path.unlink()
        return 0
    return written
