"""Pictures that the vision tests make themselves, and the real videos where they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from device.vision.sight import MODELS, Sight, load_sight

if TYPE_CHECKING:
    from numpy.typing import NDArray

VIDEOS = Path(__file__).parents[2] / "shared/data/faces/video"
WALL, SKIN, HAIR, EYES = (190, 180, 170), (150, 180, 225), (40, 50, 70), (60, 40, 30)


@cache
def real_sight() -> Sight:
    """The models of the checkout."""
    if not (MODELS / "emotion.json").is_file():
        pytest.skip("models/emotion.json is not there: package a model first")
    return load_sight()


def video(name: str) -> Path:
    """One of the real videos, or a skip."""
    path = VIDEOS / name
    if not path.is_file():
        pytest.skip(f"{name} is not in {VIDEOS.parent.name}")
    return path


def wall(width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    """A picture of nobody."""
    return np.full((height, width, 3), WALL, np.uint8)


def drawn_face(
    roll_degrees: float = 0.0, centre: tuple[int, int] = (320, 240)
) -> NDArray[np.uint8]:
    """A drawn face in front of a wall, leaning clockwise by so much; 640 x 480 BGR."""
    picture, (x, y) = wall(), centre
    cv2.ellipse(picture, (x, y - 20), (105, 140), 0, 0, 360, HAIR, -1)
    cv2.rectangle(picture, (x - 40, y + 80), (x + 40, y + 200), (130, 160, 205), -1)
    cv2.ellipse(picture, (x, y), (88, 118), 0, 0, 360, SKIN, -1)
    for side in (-36, 36):
        cv2.ellipse(picture, (x + side, y - 18), (17, 9), 0, 0, 360, (245, 245, 245), -1)
        cv2.circle(picture, (x + side, y - 18), 8, EYES, -1)
        cv2.ellipse(picture, (x + side, y - 40), (22, 6), 0, 180, 360, HAIR, 6)
    cv2.ellipse(picture, (x, y + 25), (13, 8), 0, 0, 180, (110, 140, 190), 4)
    cv2.line(picture, (x - 6, y - 10), (x - 11, y + 22), (125, 155, 205), 3)
    cv2.ellipse(picture, (x, y + 58), (32, 13), 0, 0, 180, (90, 90, 190), -1)
    soft = cv2.GaussianBlur(picture, (0, 0), 3)
    turn = cv2.getRotationMatrix2D(centre, -roll_degrees, 1.0)
    turned = cv2.warpAffine(soft, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def encoded(picture: NDArray[np.uint8], suffix: str = ".jpg") -> bytes:
    """A picture as a file's bytes."""
    good, content = cv2.imencode(suffix, picture)
    assert good
    return content.tobytes()
