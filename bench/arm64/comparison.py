"""What two machines answered, held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from contracts.emotion import EMOTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.arm64.answers import Answers

BOX_COLUMNS = 4


@dataclass(frozen=True)
class Stage:
    """A stage of the path, and how its answers are told."""

    key: str
    what: str
    unit: str
    exact: bool = False
    """Whether arm64 is held to the very same bits."""
    edge: float = 0.0
    """Up to this difference another decision is one that stood on the edge, and is only told."""


STAGES = (
    Stage("decoded", "frames of the bundled reel, decoded", "grey levels"),
    Stage("near", "near detector, same frames: the box", "pixels"),
    Stage("far", "far detector, same frames: the box", "pixels"),
    Stage("cut", "faces cut out, same frames and boxes", "grey levels"),
    Stage("inputs", "standardised and quantised, same crops", "int8 steps"),
    Stage("logits", "int8 network, same inputs", "int8 steps", exact=True),
    Stage("path", "the whole path, from the reel's file to the face", "probability", edge=0.1),
)


@dataclass(frozen=True)
class Row:
    """What came of a stage."""

    stage: Stage
    count: int
    """Frames, crops or faces compared."""
    equal: int
    """Of them, the same bit for bit."""
    largest: float
    """Largest difference of any value, in the stage's unit."""
    decisions: int | None
    """How many told another emotion, or were known here and not there; None where none is told."""
    seconds: tuple[float, float]
    """Of the processor: native, and of the emulator."""

    @property
    def failure(self) -> str:
        """Why this is not as it should be; empty when it is."""
        if self.stage.exact and self.equal < self.count:
            apart = self.count - self.equal
            return f"{self.stage.what}: {apart} of {self.count} differ, by up to {self.largest:g}"
        if self.decisions and self.largest > self.stage.edge:
            return f"{self.stage.what}: {self.decisions} of {self.count} decisions differ"
        return ""

    def cells(self) -> list[str]:
        """For a table."""
        same = "all equal" if self.equal == self.count else f"{self.equal} equal"
        apart = "" if self.equal == self.count else f"{self.largest:.4g} {self.stage.unit}"
        decisions = "" if self.decisions is None else str(self.decisions)
        here, there = (f"{s:.1f}" for s in self.seconds)
        return [self.stage.what, str(self.count), same, apart, decisions, here, there]


HEAD = (
    "checked",
    "compared",
    "bit for bit",
    "largest difference",
    "other decisions",
    "s, x86-64",
    "s, emulated",
)


def compared(
    native: Answers, other: Answers, seconds: tuple[dict[str, float], dict[str, float]]
) -> list[Row]:
    """A row a stage.

    Args:
        native: this machine's answers.
        other: the emulated one's.
        seconds: of each stage, here and there.

    Raises:
        ValueError: they are not answers to the same material.

    """
    return [
        _row(s, native[s.key], other[s.key], (seconds[0][s.key], seconds[1][s.key])) for s in STAGES
    ]


def _row(
    stage: Stage, here: NDArray[Any], there: NDArray[Any], seconds: tuple[float, float]
) -> Row:
    if (here.shape, here.dtype) != (there.shape, there.dtype):
        msg = f"{stage.key}: {here.dtype} {here.shape} here, {there.dtype} {there.shape} there"
        raise ValueError(msg)
    count = len(here)
    one, two = (a.reshape(count, -1).astype(np.float64) for a in (here, there))
    same = ((one == two) | (np.isnan(one) & np.isnan(two))).all(axis=1)
    decided = _decided(stage.key, one), _decided(stage.key, two)
    decisions = None
    if decided[0] is not None and decided[1] is not None:
        decisions = int((decided[0] != decided[1]).sum())
    return Row(stage, count, int(same.sum()), _largest(stage.key, one, two), decisions, seconds)


def _largest(key: str, one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    columns = {
        "near": slice(0, BOX_COLUMNS),
        "far": slice(0, BOX_COLUMNS),
        "path": slice(BOX_COLUMNS, BOX_COLUMNS + len(EMOTIONS)),
    }.get(key, slice(None))
    apart = np.abs(one[:, columns] - two[:, columns])
    return float(np.nanmax(apart, initial=0.0))


def _decided(key: str, rows: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """What was decided by each row: a face or none, an emotion, unknown."""
    seen = ~np.isnan(rows).any(axis=1)
    if key == "logits":
        return np.asarray(rows.argmax(axis=1), np.int64)
    if key in {"near", "far"}:
        return np.asarray(seen, np.int64)
    if key != "path":
        return None
    emotions = rows[:, BOX_COLUMNS : BOX_COLUMNS + len(EMOTIONS)]
    likeliest = np.where(np.isnan(emotions), -1, emotions).argmax(axis=1)
    known = np.nan_to_num(rows[:, -1]) > 0
    return np.asarray(np.where(seen, np.where(known, likeliest, len(EMOTIONS)), -1), np.int64)
