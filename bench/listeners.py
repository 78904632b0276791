"""Simulated listeners, made of test faces that the shipped model reads.

A listener keeps one of the three moods for a minute, then takes one of the other two. For a
minute of a mood a handful of `HANDFUL` pictures of that mood (majority of FER+'s raters) is
drawn. One of them is shown at a time, each for an exponentially long while (mean `HOLD_SECONDS`),
then another one of the same handful: somebody who laughs, looks away and laughs again. Each
picture stands under an exposure, a side light and a blur of its own, drawn once (`lit`); each
frame of it moves by the trembling of a detector's box and has a sensor's noise (`trembled`).
One frame in ten, each by itself, shows no face. As in the appliance, a reading holds for
`device.vision.following`'s `read_again_seconds`.

So frames are as correlated as a camera's: a picture that the model misreads stays misread while
it is shown, and a handful with three misread pictures is a listener whom no filter can set right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bench.crops import Eye
from contracts.model_manifest import read_manifest
from contracts.preprocess import CROP_SIZE
from device.vision.following import FollowingSettings
from device.vision.sight import MODELS
from model_export import dataset, figures

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from model_export.dataset import Split

HANDFUL = 5
HOLD_SECONDS = 3.0
STRETCH_SECONDS = 60.0
STRETCHES = 10
"""Ten minutes of each listener."""
DROPPED = 0.1
"""Share of the frames without a face."""
PICTURES = 300
"""Of each mood, at most."""
TREMBLES = 8
"""Frames of each picture, drawn from again and again."""
SIDE_LIT, BLURRED = 0.25, 0.2
NOBODY = -1
READ_AGAIN = FollowingSettings().read_again_seconds


@dataclass(frozen=True)
class Readings:
    """What the model reads from the pictures of each mood, in the order of figures.THREE."""

    chances: tuple[NDArray[np.float32], ...]
    """Of each mood: probabilities [pictures, TREMBLES, 8]."""
    cutoff: float
    """A highest probability under this is no reading."""


@dataclass(frozen=True)
class Session:
    """Listeners side by side, T frames of N of them."""

    per_second: float
    truth: NDArray[np.int8]
    """[T, N]: index into figures.THREE."""
    chances: NDArray[np.float32]
    """[T, N, 8]."""
    present: NDArray[np.bool_]
    """[T, N]: whether the frame shows a face that was read."""


def readings(path: Path, split: Split, random: Generator) -> Readings:
    """Show the shipped model pictures of every mood of a split.

    Raises:
        DatasetMissingError: there are no faces at `path`.

    """
    classifier, faces = Eye.shipped().classifier, dataset.load(path, split)
    read = []
    for mood in range(len(figures.THREE)):
        rows = np.flatnonzero(figures.TO_THREE[faces.labels] == mood)
        chosen = random.choice(rows, min(PICTURES, len(rows)), replace=False)
        standing = [lit(faces.images[row], random) for row in chosen]
        read.append(
            np.array(
                [
                    [classifier.probabilities(trembled(s, random)) for _ in range(TREMBLES)]
                    for s in standing
                ],
                np.float32,
            )
        )
    return Readings(tuple(read), read_manifest(MODELS / "emotion.json").unknown_below)


def lit(picture: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
    """A face as some camera in some room shows it, uint8 [CROP_SIZE, CROP_SIZE].

    A gamma of log-normal 0.35; a side light of up to 40 levels one time in four; a blur of 0.4
    to 1.4 pixels one time in five: the shares of model_export.dataset, by which the model was
    trained.
    """
    levels = 255 * (picture / 255.0) ** np.exp(random.normal(0, 0.35))
    if random.random() < SIDE_LIT:
        ramp = np.linspace(-1, 1, CROP_SIZE) * random.uniform(-40, 40)
        levels = levels + (ramp[None] if random.random() < 1 / 2 else ramp[:, None])
    if random.random() < BLURRED:
        levels = np.asarray(cv2.GaussianBlur(levels, (0, 0), random.uniform(0.4, 1.4)))
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)


def trembled(picture: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
    """The same face in the next frame, uint8 [CROP_SIZE, CROP_SIZE].

    A detector's box shifts by up to 3 % and grows by up to 4 %, its eyes tell a roll that is two
    degrees off (standard deviation), and a sensor adds noise of three grey levels.
    """
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


def session(
    read: Readings,
    listeners: int,
    per_second: float,
    random: Generator,
    holds_seconds: float = READ_AGAIN,
) -> Session:
    """Ten minutes of so many listeners at a frame rate, a reading held for so long."""
    frames = round(STRETCH_SECONDS * per_second)
    truth = np.zeros((STRETCHES * frames, listeners), np.int8)
    chances = np.zeros((*truth.shape, 8), np.float32)
    for listener in range(listeners):
        mood = int(random.integers(3))
        for stretch in range(STRETCHES):
            mood = (mood + int(random.integers(1, 3))) % 3
            rows = slice(stretch * frames, (stretch + 1) * frames)
            truth[rows, listener] = mood
            shown = _shown(read.chances[mood], frames, per_second, random)
            chances[rows, listener] = _held(shown, per_second, holds_seconds)
    present = random.random(truth.shape) >= DROPPED
    return Session(per_second, truth, chances, present & (chances.max(axis=2) >= read.cutoff))


def _shown(
    pictures: NDArray[np.float32], frames: int, per_second: float, random: Generator
) -> NDArray[np.float32]:
    """Readings [frames, 8] of one handful, a picture at a time."""
    handful = random.choice(len(pictures), HANDFUL, replace=False)
    chosen = np.zeros(frames, np.int64)
    at, place = 0, int(random.integers(HANDFUL))
    while at < frames:
        until = at + max(1, round(random.exponential(HOLD_SECONDS) * per_second))
        chosen[at:until] = handful[place]
        at, place = until, (place + int(random.integers(1, HANDFUL))) % HANDFUL
    return pictures[chosen, random.integers(TREMBLES, size=frames)]


def _held(shown: NDArray[np.float32], per_second: float, seconds: float) -> NDArray[np.float32]:
    """What is told [frames, 8] when only some frames are read."""
    frames = np.arange(len(shown))
    reading = frames // max(1, math.ceil(round(seconds * per_second, 6)))
    first = np.searchsorted(reading, reading)
    return np.asarray(shown[first], np.float32)
