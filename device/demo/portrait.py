"""A drawn person with a drawn feeling, good enough for the detector and the classifier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from device.demo.brush import Canvas
from device.demo.expression import Expression
from device.demo.features import draw_brows, draw_eyes, draw_folds, draw_nose
from device.demo.head import (
    HEAD_RADII,
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
LENS_BLUR_PIXELS = 0.8
NOISE_LEVELS = 1.6
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
    """Pixels that the person is moved to the right."""
    down: float = 0.0
    """Pixels that the person is moved down."""


UPRIGHT = Pose()


def render(
    expression: Expression, person: Person, pose: Pose = UPRIGHT, *, noise_seed: int = 0
) -> NDArray[np.uint8]:
    """A picture of a person: uint8 [480, 640, 3] BGR, the same for the same arguments."""
    posed = _posed(_drawn(expression, person), pose)
    rng = np.random.default_rng(noise_seed)
    down, across = rng.integers(0, (HEIGHT, WIDTH))
    noise = _noise()[down : down + HEIGHT, across : across + WIDTH]
    return np.asarray(cv2.add(posed, noise, dtype=cv2.CV_8U), np.uint8)


@lru_cache(maxsize=24)
def _drawn(expression: Expression, person: Person) -> NDArray[np.uint8]:
    """The person upright, as sharp as the lens is."""
    bare = _bare_head(person, round(expression.jaw, 2))
    head = Canvas(bare.copy(), PIXELS_PER_UNIT, ORIGIN)
    draw_nose(head, person, expression)
    draw_folds(head, person, expression)
    draw_eyes(head, person, expression)
    draw_brows(head, person, expression)
    draw_mouth(head, person, expression)
    draw_hair(head, person)
    sharp = np.clip(head.picture, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(sharp, (0, 0), LENS_BLUR_PIXELS), np.uint8)


@lru_cache(maxsize=16)
def _bare_head(person: Person, jaw: float) -> NDArray[np.float32]:
    """The head without a face: the same for many frames."""
    head = Canvas(_backdrop(person).copy(), PIXELS_PER_UNIT, ORIGIN)
    draw_skull(head, person, jaw)
    draw_planes(head, person)
    return head.picture


@lru_cache(maxsize=4)
def _backdrop(person: Person) -> NDArray[np.float32]:
    """What no feeling changes: wall, shoulders, ears."""
    canvas = Canvas(np.empty((HEIGHT, WIDTH, 3), np.float32), PIXELS_PER_UNIT, ORIGIN)
    draw_wall(canvas, person.wall)
    draw_back_hair(canvas, person)
    draw_body(canvas, person)
    draw_ears(canvas, person)
    return canvas.picture


def _posed(picture: NDArray[np.uint8], pose: Pose) -> NDArray[np.uint8]:
    """Move and lean the whole person, and turn the head: what lies nearer moves further."""
    lean = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT * 1.1), -pose.lean_degrees, 1.0)
    lean[:, 2] += np.array([pose.across, pose.down])
    back = cv2.invertAffineTransform(lean).astype(np.float32)
    # The way a pixel moves changes slowly over the picture: every fourth is worked out.
    x = (np.arange(WIDTH // 4, dtype=np.float32) + 0.5) * 4 - 0.5
    y = (np.arange(HEIGHT // 4, dtype=np.float32)[:, None] + 0.5) * 4 - 0.5
    from_x = back[0, 0] * x + back[0, 1] * y + back[0, 2]
    from_y = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    across = (from_x - ORIGIN[0]) / (HEAD_RADII[0] * PIXELS_PER_UNIT)
    down = (from_y - ORIGIN[1]) / (HEAD_RADII[1] * PIXELS_PER_UNIT)
    nearness = np.sqrt(np.maximum(0, 1 - across**2 - down**2)) * np.float32(PIXELS_PER_UNIT)
    from_x -= np.float32(pose.turn) * nearness
    from_y -= np.float32(pose.nod) * nearness
    size = (WIDTH, HEIGHT)
    maps = cv2.resize(from_x, size), cv2.resize(from_y, size)
    moved = cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


@cache
def _noise() -> NDArray[np.int16]:
    """The sensor's noise, twice as wide and high as a picture, so that it can be moved about."""
    rng = np.random.default_rng(0)
    grey = rng.standard_normal((2 * HEIGHT, 2 * WIDTH, 1), np.float32) * NOISE_LEVELS
    return np.repeat(np.rint(grey).astype(np.int16), 3, axis=2)
