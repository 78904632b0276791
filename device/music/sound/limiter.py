"""Keeps a mix below full scale: it sees a peak coming and turns down before it.

Sound waits here for LOOK_AHEAD frames. The gain moves in straight lines between chunks of that
length; at each chunk's edge it is the lower of what the chunks on both sides need, so that no
sample exceeds full scale and no gain jumps. Sound that fits leaves as it came.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from device.music.sound import CHANNELS, RATE
from device.music.sound.decks import Sound

LOOK_AHEAD = 256
"""Frames: 5.8 ms to turn down in, which no ear hears as a step."""
CEILING = 32_767.0
RELEASE_SECONDS = 0.2
"""Of going back up; quicker would be heard in the bass as distortion."""
ALMOST_ONE = 1.0 - 1e-4
"""0.001 dB below: the same to every ear, and from there on the sound leaves untouched."""
_RELEASE = 1.0 - float(np.exp(-LOOK_AHEAD / RATE / RELEASE_SECONDS))


class Limiter:
    """A limiter with LOOK_AHEAD frames of delay."""

    def __init__(self) -> None:
        self._waiting: Sound = np.zeros((0, CHANNELS), np.float32)
        self._gain = 1.0
        """At the first waiting frame."""

    def through(self, sound: Sound) -> Sound:
        """Whole chunks that may go out now, after what comes is known."""
        waiting = np.concatenate([self._waiting, sound])
        chunks = max(0, len(waiting) // LOOK_AHEAD - 1)
        known = (chunks + 1) * LOOK_AHEAD
        self._waiting = waiting[chunks * LOOK_AHEAD :]
        going = waiting[: chunks * LOOK_AHEAD]
        if not chunks or (self._gain == 1.0 and _peak(waiting[:known]) <= CEILING):
            return going
        needed = [_needed(chunk) for chunk in np.split(waiting[:known], chunks + 1)]
        return going * self._gains(needed)[:, None]

    def flush(self) -> Sound:
        """All that waits: nothing follows."""
        frames = len(self._waiting)
        if not frames:
            return self._waiting
        going = self.through(np.zeros((2 * LOOK_AHEAD, CHANNELS), np.float32))[:frames]
        self._waiting, self._gain = self._waiting[:0], 1.0
        return going

    def _gains(self, needed: list[float]) -> Sound:
        """Gain of each frame of all chunks but the last, shape (frames,)."""
        edges = [min(self._gain, needed[0])]  # differs only where nothing was heard before
        for here, following in pairwise(needed):
            risen = edges[-1] + (1.0 - edges[-1]) * _RELEASE
            risen = 1.0 if risen > ALMOST_ONE else risen
            edges.append(min(risen, here, following))
        self._gain = edges[-1]
        steps = np.arange(1, LOOK_AHEAD + 1, dtype=np.float32) / LOOK_AHEAD
        parts = [a + (b - a) * steps for a, b in pairwise(edges)]
        return np.concatenate(parts).astype(np.float32)


def _peak(sound: Sound) -> float:
    return float(max(sound.max(), -sound.min())) if len(sound) else 0.0


def _needed(chunk: Sound) -> float:
    return min(1.0, CEILING / max(_peak(chunk), 1.0))
