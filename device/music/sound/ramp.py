"""A level that moves in a straight line from sample to sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.music.sound import RATE


class Ramp:
    """Stands at a level until it is told to go to another."""

    def __init__(self, level: float) -> None:
        self._level = self.target = level
        self.frames_left = 0
        """Frames until it rests at its target."""

    @property
    def level(self) -> float:
        """Where it is now."""
        return self._level

    @property
    def resting(self) -> bool:
        """Whether it is where it should be."""
        return self.frames_left == 0

    def go(self, target: float, seconds: float) -> None:
        """Move to `target` within so many seconds, from wherever it is."""
        if target != self.target or not self.resting:
            self.target, self.frames_left = target, max(1, round(seconds * RATE))

    def take(self, frames: int) -> NDArray[np.float32]:
        """Levels of the next frames, shape (frames,)."""
        levels = np.full(frames, self.target, np.float32)
        moving = min(frames, self.frames_left)
        if moving:
            step = (self.target - self._level) / self.frames_left
            levels[:moving] = self._level + step * np.arange(1, moving + 1)
            self._level += step * moving
            self.frames_left -= moving
        if self.resting:
            self._level = self.target
        return levels
