"""The test tone: which side is left, which is right, and whether there is sound at all."""

from __future__ import annotations

import numpy as np

from device.music.sound import CHANNELS, RATE
from device.music.sound.decks import Sound

SIDE_SECONDS = 0.7
LEFT_HERTZ, RIGHT_HERTZ = 440.0, 660.0
LEVEL = 8_192.0
"""-12 dB of full scale: clear, and no shock at full volume."""
EDGE_SECONDS = 0.03


def test_tone() -> Sound:
    """A tone on the left, then a higher one on the right; begins and ends at zero."""
    frames = round(SIDE_SECONDS * RATE)
    at = np.arange(frames) / RATE
    edge = np.minimum(1.0, np.minimum(at, at[::-1]) / EDGE_SECONDS)
    sound = np.zeros((CHANNELS * frames, CHANNELS), np.float32)
    for side, hertz in enumerate((LEFT_HERTZ, RIGHT_HERTZ)):
        tone = LEVEL * edge * np.sin(2 * np.pi * hertz * at)
        sound[side * frames : (side + 1) * frames, side] = tone
    return sound
