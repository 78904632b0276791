"""Frames for the benches: real videos where they are, else the bundled drawn reel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from device.demo import BUNDLED_REEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

VIDEOS = Path(__file__).parents[2] / "shared/data/faces/video"
"""Where a development checkout keeps real videos; others name theirs by an option."""

WIDTH, HEIGHT = 640, 480
"""Pixels of the frames that the camera is asked for."""
CAMERA_RATE = 25.0
"""Frames a second of `camera_video`."""


def clips(folder: Path = VIDEOS) -> list[Path]:
    """The videos of a folder by name; the bundled reel where it has none."""
    found = [p for p in sorted(folder.glob("*")) if p.suffix in {".gif", ".mp4"}]
    return found or [BUNDLED_REEL]


def frames(path: Path, per_second: float, most: int = 600) -> list[NDArray[np.uint8]]:
    """Frames of a video at a rate, uint8 [480, 640, 3] BGR: cut to 4:3 in the middle, scaled."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    own = capture.get(cv2.CAP_PROP_FPS) or per_second
    taken: list[NDArray[np.uint8]] = []
    number = 0
    while len(taken) < most and (grabbed := capture.read())[0]:
        if number * per_second >= len(taken) * own:
            taken.append(as_camera(np.asarray(grabbed[1], np.uint8)))
        number += 1
    capture.release()
    return taken


def camera_video(clip: Path, video: Path) -> Path:
    """Write a clip as a USB camera sends it: 640 x 480 in single JPEGs, 25 a second."""
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(video), codec, CAMERA_RATE, (WIDTH, HEIGHT))
    for frame in frames(clip, CAMERA_RATE):
        writer.write(frame)
    writer.release()
    return video


def as_camera(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame cut to 4:3 in the middle and scaled to the camera's size."""
    height, width = frame.shape[:2]
    wide, high = min(width, height * WIDTH // HEIGHT), min(height, width * HEIGHT // WIDTH)
    left, top = (width - wide) // 2, (height - high) // 2
    cut = frame[top : top + high, left : left + wide]
    scaled = cv2.resize(cut, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return np.asarray(scaled, np.uint8)


def empty_room() -> NDArray[np.uint8]:
    """A frame of nobody: a wall with a window's light and a sensor's noise."""
    random = np.random.default_rng(7)
    light = np.linspace(90, 190, WIDTH)[None, :, None] + random.normal(0, 4, (HEIGHT, WIDTH, 3))
    return np.asarray(np.clip(light, 0, 255), np.uint8)
