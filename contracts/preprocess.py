"""From a face in a frame to the model's input: the same function trains and runs.

A face is first brought to `CROP_SIZE` pixels, whatever its size in the frame. The training
pictures are that small, and a model that never saw finer detail must not meet it. Then it is
enlarged to the model's input and standardised, which takes away exposure and contrast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

CROP_SIZE = 48
"""Side of a face crop in pixels: that of FER2013's pictures."""

STANDARD_RANGE = 3.0
"""Standardised grey levels are clipped to ± this many standard deviations."""

FLAT_DEVIATION = 4.0
"""Grey levels. Below this a crop is nearly flat, and its noise must not be blown up."""


def square_around(
    box: tuple[float, float, float, float], scale: float, lower_by: float = 0.0
) -> tuple[float, float, float]:
    """Centre x, centre y and side of the square to crop for a detector's box.

    Args:
        box: left, top, width, height in pixels.
        scale: side of the square in units of the box's longer side.
        lower_by: how far down the centre moves, in units of the box's longer side.
    """
    left, top, width, height = box
    longer = max(width, height)
    return left + width / 2, top + height / 2 + lower_by * longer, longer * scale


def crop_face(
    frame: NDArray[np.uint8], centre: tuple[float, float], side: float, roll_degrees: float = 0.0
) -> NDArray[np.uint8]:
    """Cut an upright square face of `CROP_SIZE` pixels out of a frame.

    Args:
        frame: uint8 [height, width] grey or [height, width, 3] BGR.
        centre: x, y of the square's centre in pixels.
        side: side of the square in pixels, > 0.
        roll_degrees: how far the face leans clockwise in the picture; it is turned back.

    Returns:
        uint8 [CROP_SIZE, CROP_SIZE]; what lies outside the frame repeats its edge.

    Raises:
        ValueError: `side` is not positive.

    """
    if side <= 0:
        msg = f"a face crop needs a positive side, got {side}"
        raise ValueError(msg)
    shrink = min(1.0, CROP_SIZE / side)
    step = max(1, int(0.5 / shrink))  # a large face is read at a coarser pitch, then averaged
    inner = CROP_SIZE * step
    matrix = cv2.getRotationMatrix2D(centre, roll_degrees, inner / side)
    matrix[0, 2] += inner / 2 - centre[0]
    matrix[1, 2] += inner / 2 - centre[1]
    cut = cv2.warpAffine(
        frame, matrix, (inner, inner), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    grey = cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY) if cut.ndim == 3 else cut  # noqa: PLR2004
    if step > 1:
        grey = cv2.resize(grey, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def standardise(crop: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Model input of a face crop: float32 [size, size, 1], mean 0, deviation about 1.

    Args:
        crop: uint8 [CROP_SIZE, CROP_SIZE].
        size: side of the model's input in pixels.

    """
    enlarged = cv2.resize(crop, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(enlarged))
    levels = (enlarged - mean) / max(deviation, FLAT_DEVIATION)
    clipped = np.clip(levels, -STANDARD_RANGE, STANDARD_RANGE)[..., None]
    return np.asarray(clipped, np.float32)


def quantise(
    values: NDArray[np.float32], scale: float, zero_point: int, dtype: DTypeLike
) -> NDArray[np.generic]:
    """Real values to a quantised tensor; rounds and clips (a plain cast would wrap).

    With a scale of 0 the tensor is not quantised and the values are only cast.
    """
    kind = np.dtype(dtype)
    if not scale:
        return values.astype(kind)
    limits = np.iinfo(kind)
    rounded = np.rint(values / scale + zero_point)
    return np.asarray(np.clip(rounded, limits.min, limits.max), kind)


def dequantise(values: NDArray[np.generic], scale: float, zero_point: int) -> NDArray[np.float32]:
    """Quantised tensor back to real values."""
    floats = values.astype(np.float32)
    return (floats - zero_point) * np.float32(scale) if scale else floats
