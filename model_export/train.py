"""Train the emotion network on the raters' votes; stops and resumes at any epoch.

The failure policy: the checkpoint is replaced atomically after each epoch, so that a killed
training loses at most one epoch; a checkpoint of other settings is refused.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from model_export import dataset
from model_export.network import MobileNetV2, imagenet_weights, load_imagenet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from model_export.dataset import Faces


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides what comes out, but for the data."""

    width: float = 1.0
    stages: tuple[tuple[int, int], ...] = ((48, 6), (64, 12))
    """Pairs of input side in pixels and epochs at that side, run in order."""
    batch: int = 128
    peak_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.08
    """Share of all steps in which the learning rate rises."""
    ema: float = 0.998
    """Decay of the averaged weights per step."""
    balance: float = 0.15
    """Exponent of class balancing when rows are drawn; 0 is none, 1 is full."""
    dropout: float = 0.2
    seed: int = 42


@dataclass
class Progress:
    """What a checkpoint carries beside the weights."""

    epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


class CheckpointMismatchError(ValueError):
    """The checkpoint was made with other settings."""


def rate(step: int, steps: int, settings: TrainSettings) -> float:
    """Learning rate at a step: linear rise, then a cosine to nothing."""
    rise = max(1, int(settings.warmup * steps))
    if step < rise:
        return settings.peak_rate * (step + 1) / rise
    return settings.peak_rate * 0.5 * (1 + math.cos(math.pi * (step - rise) / (steps - rise)))


def batches(
    faces: Faces, size: int, settings: TrainSettings, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of distorted faces; the same epoch is always the same faces."""
    random = np.random.default_rng((settings.seed, epoch))
    weights = dataset.sampling_weights(faces.labels, settings.balance)
    drawn = (
        random.permutation(len(faces))
        if settings.balance == 0
        else random.choice(len(faces), len(faces), p=weights)
    )
    for start in range(0, len(drawn) - settings.batch + 1, settings.batch):
        rows = drawn[start : start + settings.batch]
        images = np.stack([dataset.distort(faces.images[row], random) for row in rows])
        x = dataset.inputs(images, size).transpose(0, 3, 1, 2)
        channels_last = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)
        yield channels_last, torch.from_numpy(faces.votes[rows])


def average_into(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Exponential moving average of weights and of batch-norm statistics."""
    with torch.no_grad():
        own = network.state_dict()
        for name, mean in average.state_dict().items():
            if mean.dtype.is_floating_point:
                mean.lerp_(own[name], 1 - decay)
            else:
                mean.copy_(own[name])


def predict(network: nn.Module, faces: Faces, size: int, batch: int = 256) -> np.ndarray[Any, Any]:
    """Logits float32 [n, 8] of undistorted faces."""
    network.eval()
    rows: list[np.ndarray[Any, Any]] = []
    with torch.no_grad():
        for start in range(0, len(faces), batch):
            x = dataset.inputs(faces.images[start : start + batch], size).transpose(0, 3, 1, 2)
            rows.append(network(torch.from_numpy(x)).numpy())
    return np.concatenate(rows)


class Training:
    """A training run: network, its average, the optimiser and how far it has come."""

    def __init__(self, settings: TrainSettings, imagenet: str | None, checkpoint: Path) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.checkpoint, self.progress = settings, checkpoint, Progress()
        self.network = MobileNetV2(width=settings.width, dropout=settings.dropout)
        self.average = MobileNetV2(width=settings.width, dropout=settings.dropout)
        if imagenet:
            load_imagenet(self.network, imagenet_weights(imagenet))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, unused-ignore]
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(self._groups(), lr=settings.peak_rate)
        if checkpoint.is_file():
            self._resume()

    def _groups(self) -> list[dict[str, Any]]:
        """Weight decay for convolutions and the classifier, none for norms and biases."""
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        return [
            {"params": decayed, "weight_decay": self.settings.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]

    def _resume(self) -> None:
        saved = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        if saved["settings"] != json.dumps(asdict(self.settings)):
            msg = f"{self.checkpoint} was made with other settings; name another --checkpoint"
            raise CheckpointMismatchError(msg)
        self.network.load_state_dict(saved["network"])
        self.average.load_state_dict(saved["average"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.progress = Progress(**json.loads(saved["progress"]))

    def _save(self) -> None:
        part = self.checkpoint.with_suffix(".part")
        saved = {
            "settings": json.dumps(asdict(self.settings)),
            "progress": json.dumps(asdict(self.progress)),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        torch.save(saved, part)
        part.replace(self.checkpoint)

    def epochs(self, training: Faces, choosing: Faces) -> Iterator[dict[str, float]]:
        """Run what is left; yields one row of figures an epoch, after its checkpoint."""
        sizes = [size for size, count in self.settings.stages for _ in range(count)]
        steps_each = len(training) // self.settings.batch
        for epoch in range(self.progress.epoch, len(sizes)):
            began = time.monotonic()
            loss = self._epoch(training, sizes[epoch], epoch, steps_each * len(sizes))
            right = predict(self.average, choosing, sizes[epoch]).argmax(1) == choosing.labels
            self.progress.epoch = epoch + 1
            self.progress.seconds += time.monotonic() - began
            row = {
                "epoch": epoch + 1,
                "size": sizes[epoch],
                "loss": loss,
                "accuracy": float(right.mean()),
                "seconds": self.progress.seconds,
            }
            self.progress.history.append(row)
            self._save()
            yield row

    def _epoch(self, training: Faces, size: int, epoch: int, steps: int) -> float:
        self.network.train()
        losses: list[float] = []
        step = epoch * (len(training) // self.settings.batch)
        for x, votes in batches(training, size, self.settings, epoch):
            for group in self.optimiser.param_groups:
                group["lr"] = rate(step, steps, self.settings)
            loss = nn.functional.cross_entropy(self.network(x), votes)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            self.optimiser.step()
            # Early weights are worth little: the average starts short and lengthens.
            average_into(self.average, self.network, min(self.settings.ema, step / (step + 10)))
            losses.append(loss.item())
            step += 1
        return float(np.mean(losses))
