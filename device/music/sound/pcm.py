"""Sound as numpy sees it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.music.sound import CHANNELS

Pcm = NDArray[np.int16]
"""Shape (frames, CHANNELS), RATE frames a second."""


def no_frames() -> Pcm:
    """Nothing, in the shape of sound."""
    return np.zeros((0, CHANNELS), np.int16)
