"""Train the emotion network on the raters' votes; stops and resumes at any epoch.

The failure policy: the checkpoint is replaced atomically after each epoch, so that a killed
training loses at most one epoch; a checkpoint of other settings is refused.
"""

from __future__ import annotations

import copy
import json
import math
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from contracts.emotion import EMOTIONS
from contracts.whole_file import replacing
from model_export import dataset
from model_export.network import MobileNetV2, Shape, load_fitting
from model_export.targets import predict, taught, without_single_votes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from model_export.dataset import Faces
    from model_export.targets import Teacher


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides what comes out, but for the data."""

    width: float = 1.0
    last_stride: int = 2
    pool: int = 0
    """These three make the network's Shape."""
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
    distortion: float = 1.0
    """Strength of dataset.distort."""
    norm_batch: int = 128
    """Faces a batch norm sees at once; smaller parts of a batch fit a processor's cache."""
    frozen: int = 0
    """Leading blocks that keep the weights they start with: edges need no new learning."""
    single_votes: bool = True
    """Whether an emotion that only one rater saw counts."""
    teacher_share: float = 0.0
    """Share of the teachers' answers in what is learnt; they are named on the command line."""
    seed: int = 42


@dataclass
class Progress:
    """What a checkpoint carries beside the weights."""

    epoch: int = 0
    seconds: float = 0.0
    counts: list[int] = field(default_factory=list)
    """Training faces of each emotion: what balancing hides from the network."""
    history: list[dict[str, float]] = field(default_factory=list)
    """A row an epoch, those of the training that this one went on from included."""


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
        strength = settings.distortion
        images = np.stack([dataset.distort(faces.images[row], random, strength) for row in rows])
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


def targets(faces: Faces, settings: TrainSettings, teachers: Sequence[Teacher]) -> Faces:
    """The faces with what is to be learnt in place of the raters' bare votes."""
    votes = faces.votes if settings.single_votes else without_single_votes(faces.votes)
    if teachers and settings.teacher_share:
        votes = taught(votes, teachers, faces, settings.teacher_share)
    return replace(faces, votes=votes)


class Training:
    """A training run: network, its average, the optimiser and how far it has come."""

    def __init__(
        self,
        settings: TrainSettings,
        start: Mapping[str, Tensor],
        checkpoint: Path,
        earlier: Sequence[dict[str, float]] = (),
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.checkpoint = settings, checkpoint
        spent = earlier[-1]["seconds"] if earlier else 0.0
        self.progress = Progress(seconds=spent, history=list(earlier))
        shape = Shape(settings.width, settings.last_stride, settings.pool)
        self.network = MobileNetV2(shape, dropout=settings.dropout)
        load_fitting(self.network, start)
        for parameter in self.network.features[: settings.frozen].parameters():
            parameter.requires_grad_(requires_grad=False)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, unused-ignore]
        self.average = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(self._groups(), lr=settings.peak_rate)
        if checkpoint.is_file():
            self._resume()

    def _groups(self) -> list[dict[str, Any]]:
        """Weight decay for convolutions and the classifier, none for norms and biases."""
        learning = [p for p in self.network.parameters() if p.requires_grad]
        decayed = [p for p in learning if p.ndim > 1]
        plain = [p for p in learning if p.ndim <= 1]
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
        saved = {
            "settings": json.dumps(asdict(self.settings)),
            "progress": json.dumps(asdict(self.progress)),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with replacing(self.checkpoint) as part:
            torch.save(saved, part)

    def epochs(self, training: Faces, choosing: Faces) -> Iterator[dict[str, float]]:
        """Run what is left; yields one row of figures an epoch, after its checkpoint."""
        sizes = [size for size, count in self.settings.stages for _ in range(count)]
        steps_each = len(training) // self.settings.batch
        self.progress.counts = np.bincount(training.labels, minlength=len(EMOTIONS)).tolist()
        for epoch in range(self.progress.epoch, len(sizes)):
            began = time.monotonic()
            loss = self._epoch(training, sizes[epoch], epoch, steps_each * len(sizes))
            right = predict(self.average, choosing, sizes[epoch]).argmax(1) == choosing.labels
            self.progress.epoch = epoch + 1
            self.progress.seconds += time.monotonic() - began
            row = {
                "epoch": len(self.progress.history) + 1,
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
        self.network.features[: self.settings.frozen].eval()
        losses: list[float] = []
        step = epoch * (len(training) // self.settings.batch)
        for x, votes in batches(training, size, self.settings, epoch):
            for group in self.optimiser.param_groups:
                group["lr"] = rate(step, steps, self.settings)
            loss = self._step(x, votes)
            # Early weights are worth little: the average starts short and lengthens.
            average_into(self.average, self.network, min(self.settings.ema, step / (step + 10)))
            losses.append(loss)
            step += 1
        return float(np.mean(losses))

    def _step(self, x: Tensor, votes: Tensor) -> float:
        """One step of the optimiser, its gradient summed over parts of the batch; the loss."""
        self.optimiser.zero_grad()
        total = 0.0
        part = self.settings.norm_batch
        for faces, wanted in zip(x.split(part), votes.split(part), strict=True):
            loss = nn.functional.cross_entropy(self.network(faces), wanted) * len(faces) / len(x)
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            total += loss.item()
        self.optimiser.step()
        return total
