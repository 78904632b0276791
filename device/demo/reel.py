"""The bundled reel: drawn people who feel one thing after another, as a camera would see them."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import cos, pi, sin
from pathlib import Path

import cv2

from contracts.whole_file import replacing
from device.demo import BUNDLED_REEL
from device.demo.expression import ANGER, GRIEF, NEUTRAL, POSITIVE, Expression, blend
from device.demo.people import PEOPLE, Person
from device.demo.portrait import HEIGHT, WIDTH, Pose, render

FRAMES_PER_SECOND = 10
CHANGE_SECONDS = 1.3
"""How long a face takes from one feeling to the next."""
BLINK_EVERY_SECONDS = 3.7
BLINK_SECONDS = 0.25
Progress = Callable[[int, int], None]
"""(frames drawn, frames in all)."""


class ReelError(OSError):
    """The reel cannot be written."""


@dataclass(frozen=True)
class Scene:
    """One person with one feeling."""

    mood: str
    """`positive`, `neutral` or `negative`: what the classifier shall read."""
    expression: Expression
    person: Person
    seconds: float


BORA, KITO, RUNA = PEOPLE

SCENES = (
    Scene("positive", POSITIVE, BORA, 12.0),
    Scene("neutral", NEUTRAL, BORA, 8.0),
    Scene("negative", GRIEF, BORA, 12.0),
    Scene("neutral", NEUTRAL, BORA, 6.0),
    Scene("positive", POSITIVE, RUNA, 12.0),
    Scene("neutral", NEUTRAL, RUNA, 8.0),
    Scene("negative", ANGER, KITO, 12.0),
    Scene("neutral", NEUTRAL, KITO, 6.0),
)
"""Played in a loop."""


@dataclass(frozen=True)
class Moment:
    """What one frame of the reel shows."""

    scene: Scene
    steady: bool
    """False while the face changes from one feeling to the next."""
    expression: Expression
    pose: Pose


def moment(seconds: float, scenes: tuple[Scene, ...] = SCENES) -> Moment:
    """What the reel shows so many seconds after its start; it begins anew at its end."""
    total = sum(scene.seconds for scene in scenes)
    into = seconds % total
    index = 0
    while into >= scenes[index].seconds:
        into -= scenes[index].seconds
        index += 1
    scene, before = scenes[index], scenes[index - 1]
    same_person = scene.person is before.person
    share = min(1.0, into / CHANGE_SECONDS)
    eased = (1 - cos(pi * share)) / 2
    start = before.expression if same_person else NEUTRAL
    expression = _blinking(blend(start, scene.expression, eased), seconds)
    return Moment(scene, share >= 1.0, expression, _swaying(seconds))


def make_reel(
    path: Path, progress: Progress | None = None, *, scenes: tuple[Scene, ...] = SCENES
) -> Path:
    """Draw the reel into an MPEG-4 file, 640 x 480, 10 frames a second.

    Raises:
        ReelError: the file cannot be written; says what to do.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as unfinished:
            _film(unfinished, scenes, progress)
    except OSError as error:
        msg = f"the reel cannot be written to {path}: {error.strerror or error}; "
        msg += "it needs 3 MB: free some space or choose another folder"
        raise ReelError(msg) from error
    return path


def _film(path: Path, scenes: tuple[Scene, ...], progress: Progress | None) -> None:
    frames = frame_count(scenes)
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, FRAMES_PER_SECOND, (WIDTH, HEIGHT))
    if not writer.isOpened():
        raise OSError(errno.EACCES, "the file cannot be created")
    try:
        for number in range(frames):
            now = moment(number / FRAMES_PER_SECOND, scenes)
            writer.write(render(now.expression, now.scene.person, now.pose, noise_seed=number))
            if progress:
                progress(number + 1, frames)
    finally:
        writer.release()
    # OpenCV says nothing when a disk is full; the index at the file's end is missing then.
    written = cv2.VideoCapture(str(path))
    complete = int(written.get(cv2.CAP_PROP_FRAME_COUNT)) == frames
    written.release()
    if not complete:
        raise OSError(errno.ENOSPC, "the file is incomplete, probably the disk is full")


def frame_count(scenes: tuple[Scene, ...] = SCENES) -> int:
    """Frames of the whole reel."""
    return round(sum(scene.seconds for scene in scenes) * FRAMES_PER_SECOND)


def _swaying(seconds: float) -> Pose:
    """Nobody holds still: slow waves whose periods have no common measure."""
    return Pose(
        turn=0.05 * sin(0.83 * seconds) + 0.025 * sin(1.9 * seconds),
        nod=0.025 * sin(0.61 * seconds + 1),
        lean_degrees=2.2 * sin(0.47 * seconds),
        across=9 * sin(0.39 * seconds) + 2 * sin(1.3 * seconds),
        down=3 * sin(0.71 * seconds + 2),
    )


def _blinking(expression: Expression, seconds: float) -> Expression:
    into = seconds % BLINK_EVERY_SECONDS
    if into >= BLINK_SECONDS:
        return expression
    shut = sin(pi * (into + 0.05) / (BLINK_SECONDS + 0.1))
    return replace(expression, upper_lid=expression.upper_lid * (1 - shut))


if __name__ == "__main__":
    make_reel(BUNDLED_REEL)
