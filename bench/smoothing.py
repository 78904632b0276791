"""What the mood filter buys: simulated listeners, made of test faces that keep one mood.

A listener shows one picture of PrivateTest for a while (exponentially long, mean `--hold`
seconds), each frame a little moved and lit otherwise, then another of the same mood; after a
stretch the mood changes. Counted are changes to a mood that is not the listener's, and seconds
until a new mood is told. It is a simulation: real faces drift instead of jumping, and a real
listener may look sad to the network all day.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import msgspec
import numpy as np

from bench.crops import MODELS, Eye
from contracts.emotion import EMOTIONS, three_classes
from contracts.model_manifest import read_manifest
from contracts.mood import MoodClass
from contracts.preprocess import CROP_SIZE
from contracts.vision_wire import Box, Face
from device.mood import MoodFilter
from device.settings import MoodSettings
from model_export import dataset, figures, tables

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

VARIANTS = 4
"""Moved and relit versions of each picture."""
PICTURES = 250
"""Of each mood."""
STRETCH_SECONDS = 120.0
WHOLE = Box(left=0.3, top=0.3, width=0.3, height=0.4)


class Teller(Protocol):
    """Tells a mood after each frame."""

    def see(self, face: Face, at: float) -> MoodClass:
        """The mood after a face at a second."""


class Likeliest:
    """The likeliest of the three moods in each frame."""

    def see(self, face: Face, at: float) -> MoodClass:  # noqa: ARG002 - each frame for itself
        """The mood of this face alone."""
        classes = three_classes(dict(zip(EMOTIONS, face.emotions, strict=True)))
        return MoodClass(max(classes, key=lambda name: classes[name]))


class Exponential:
    """The likeliest mood of exponentially filtered probabilities, without hysteresis."""

    def __init__(self, seconds: float = 8.0) -> None:
        self._seconds, self._at = seconds, -math.inf
        self._mean = np.zeros(len(EMOTIONS))

    def see(self, face: Face, at: float) -> MoodClass:
        """The mood of the filtered probabilities."""
        weight = 1 - math.exp(-(at - self._at) / self._seconds)
        self._at = at
        self._mean = self._mean + weight * (np.array(face.emotions) - self._mean)
        classes = three_classes(dict(zip(EMOTIONS, self._mean.tolist(), strict=True)))
        return MoodClass(max(classes, key=lambda name: classes[name]))


class Shipped:
    """The appliance's own filter with its default settings."""

    def __init__(self) -> None:
        self._filter = MoodFilter(MoodSettings())

    def see(self, face: Face, at: float) -> MoodClass:
        """The mood that the appliance would act on."""
        return self._filter.see((face,), at).mood


TELLERS: dict[str, type[Teller]] = {
    "likeliest in each frame": Likeliest,
    "exponential, 8 s": Exponential,
    "the appliance's filter": Shipped,
}


@dataclass
class Tally:
    """What one teller did."""

    frames: int = 0
    right: int = 0
    wrong: int = 0
    false_changes: int = 0
    false_negatives: int = 0
    delays: list[float] = field(default_factory=list)
    stretches: int = 0


def readings(path: Path, random: Generator) -> dict[MoodClass, list[list[Face]]]:
    """For each mood, pictures; for each picture, the faces that its variants are read as."""
    eye, faces = Eye.shipped(), dataset.load(path, "private_test")
    cutoff = read_manifest(MODELS / "emotion.json").unknown_below
    read: dict[MoodClass, list[list[Face]]] = {}
    for index, name in enumerate(figures.THREE):
        rows = np.flatnonzero(figures.TO_THREE[faces.labels] == index)
        chosen = random.choice(rows, min(PICTURES, len(rows)), replace=False)
        read[MoodClass(name)] = [
            [
                _face(
                    eye.classifier.probabilities(dataset.distort(faces.images[r], random)), cutoff
                )
                for _ in range(VARIANTS)
            ]
            for r in chosen
        ]
    return read


def moved(picture: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
    """The same face a frame later: a detector's box trembles, a sensor has noise."""
    centre = CROP_SIZE / 2 - 0.5, CROP_SIZE / 2 - 0.5
    matrix: NDArray[np.float64] = np.array(
        cv2.getRotationMatrix2D(centre, random.normal(0, 2), random.uniform(0.96, 1.04)),
        np.float64,
    )
    matrix[:, 2] += random.uniform(-0.03, 0.03, 2) * CROP_SIZE
    shifted = cv2.warpAffine(
        picture, matrix, (CROP_SIZE, CROP_SIZE), borderMode=cv2.BORDER_REPLICATE
    )
    noisy = shifted + random.normal(0, 3, shifted.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def _face(chances: Any, cutoff: float) -> Face:  # noqa: ANN401 - an array of eight
    emotions = tuple(min(1.0, float(p)) for p in chances)
    known = bool(chances.max() >= cutoff)
    return Face(box=WHOLE, score=1.0, emotions=emotions, valence=0, arousal=0, known=known)


def listened(
    read: dict[MoodClass, list[list[Face]]],
    random: Generator,
    *,
    per_second: float,
    hold: float,
    hours: float,
) -> dict[str, Tally]:
    """Every teller over the same simulated hours."""
    tellers = {name: kind() for name, kind in TELLERS.items()}
    tallies = {name: Tally() for name in tellers}
    told = dict.fromkeys(tellers, MoodClass.UNKNOWN)
    moods = list(read)
    truth, at = moods[1], 0.0
    for _ in range(round(hours * 3600 / STRETCH_SECONDS)):
        truth = moods[(moods.index(truth) + int(random.integers(1, 3))) % 3]
        began, late = at, set(tellers)
        for tally in tallies.values():
            tally.stretches += 1
        while at < began + STRETCH_SECONDS:
            picture = read[truth][int(random.integers(len(read[truth])))]
            until = at + random.exponential(hold)
            while at < min(until, began + STRETCH_SECONDS):
                face = picture[int(random.integers(VARIANTS))]
                for name, teller in tellers.items():
                    now = teller.see(face, at)
                    _count(tallies[name], told[name], now, truth, settled=at > began + 30)
                    told[name] = now
                    if name in late and now is truth:
                        late.discard(name)
                        tallies[name].delays.append(at - began)
                at += 1 / per_second
    return tallies


def _count(
    tally: Tally, before: MoodClass, now: MoodClass, truth: MoodClass, *, settled: bool
) -> None:
    """Only what a teller does half a minute after a change counts as its mistake."""
    if not settled:
        return
    tally.frames += 1
    tally.right += now is truth
    wrong = now not in {truth, MoodClass.UNKNOWN}
    tally.wrong += wrong
    if wrong and now is not before:
        tally.false_changes += 1
        tally.false_negatives += now is MoodClass.NEGATIVE


def rows(path: Path, hours: float) -> list[dict[str, Any]]:
    """One row of figures for each frame rate, hold and teller."""
    random = np.random.default_rng(42)
    read = readings(path, random)
    found = []
    for per_second, hold in ((5.0, 3.0), (10.0, 3.0), (5.0, 20.0), (10.0, 20.0)):
        tallies = listened(read, random, per_second=per_second, hold=hold, hours=hours)
        for name, tally in tallies.items():
            seen_hours = tally.frames / per_second / 3600
            found.append(
                {
                    "per_second": per_second,
                    "hold": hold,
                    "teller": name,
                    "false_changes": round(tally.false_changes / seen_hours, 1),
                    "false_negatives": round(tally.false_negatives / seen_hours, 1),
                    "right": round(100 * tally.right / tally.frames, 1),
                    "wrong": round(100 * tally.wrong / tally.frames, 1),
                    "delay": round(float(np.median(tally.delays)), 1),
                    "told": round(100 * len(tally.delays) / tally.stretches, 1),
                }
            )
    return found


def main() -> None:
    """Print the figures as JSON, and fill in a page's table."""
    parser = argparse.ArgumentParser("python -m bench.smoothing", description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="fer2013plus.npz")
    parser.add_argument("--hours", type=float, default=3.0, help="simulated, of each setting")
    parser.add_argument("--page", type=Path, help="page whose table of smoothing is filled in")
    chosen = parser.parse_args()
    found = {"smoothing": rows(chosen.faces, chosen.hours)}
    if chosen.page:
        chosen.page.write_text(tables.filled(chosen.page.read_text("utf-8"), found), "utf-8")
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")


if __name__ == "__main__":
    main()
