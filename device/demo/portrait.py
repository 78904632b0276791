"""A drawn person with a drawn feeling, good enough for the detector and the classifier."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.demo.brush import Canvas
from device.demo.expression import Expression
from device.demo.features import draw_brows, draw_eyes, draw_folds, draw_nose
from device.demo.head import (
    draw_back_hair,
    draw_body,
    draw_ears,
    draw_hair,
    draw_planes,
    draw_skull,
    draw_wall,
)
from device.demo.mouth import draw_mouth
from device.demo.people import Person

WIDTH, HEIGHT = 640, 480
PIXELS_PER_UNIT = 100.0
ORIGIN = (320.0, 218.0)
NOISE_LEVELS = 2.2
"""Standard deviation of the camera's noise in grey levels."""


@dataclass(frozen=True)
class Pose:
    """How the head is held."""

    turn: float = 0.0
    """To the right of the picture, about -0.15 to 0.15."""
    nod: float = 0.0
    """Downwards, about -0.1 to 0.1."""
    lean_degrees: float = 0.0
    """Clockwise, of the whole person."""
    across: float = 0.0
    """Pixels that the head is moved to the right."""
    down: float = 0.0
    """Pixels that the head is moved down."""


UPRIGHT = Pose()


def render(
    expression: Expression, person: Person, pose: Pose = UPRIGHT, *, noise_seed: int = 0
) -> NDArray[np.uint8]:
    """A picture of a person: uint8 [480, 640, 3] BGR, the same for the same arguments."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.float32)
    body = Canvas(picture, PIXELS_PER_UNIT, (ORIGIN[0] + pose.across / 3, ORIGIN[1]))
    head = Canvas(
        picture,
        PIXELS_PER_UNIT,
        (ORIGIN[0] + pose.across, ORIGIN[1] + pose.down),
        (pose.turn, pose.nod),
    )
    draw_wall(body, person.wall)
    draw_back_hair(head, person)
    draw_body(body, person)
    draw_ears(head, person)
    draw_skull(head, person, expression.jaw)
    draw_planes(head, person)
    draw_nose(head, person, expression)
    draw_folds(head, person, expression)
    draw_eyes(head, person, expression)
    draw_brows(head, person, expression)
    draw_mouth(head, person, expression)
    draw_hair(head, person)
    return _seen_by_camera(picture, pose.lean_degrees, noise_seed)


def _seen_by_camera(
    picture: NDArray[np.float32], lean_degrees: float, noise_seed: int
) -> NDArray[np.uint8]:
    """Lean, a little blur of the lens and noise of the sensor."""
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT * 1.1), -lean_degrees, 1.0)
    leant = cv2.warpAffine(picture, turn, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(leant, (0, 0), 0.8)
    rng = np.random.default_rng(noise_seed)
    noise = rng.standard_normal((HEIGHT, WIDTH, 1), np.float32) * NOISE_LEVELS
    return np.asarray(np.clip(blurred + noise, 0, 255), np.uint8)
