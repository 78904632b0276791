"""libcamera's virtual camera, so that the real picamera2 runs where there is no hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REAL = "MLFYM_REAL_PICAMERA2"
"""Set where tests/test_picamera.py shall ask the real picamera2 as well."""


def scene() -> NDArray[np.uint8]:
    """What it sees: red on the left, blue on the right; uint8 [480, 640, 3] BGR."""
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:, :320, 2] = 255
    picture[:, 320:, 0] = 255
    return picture
