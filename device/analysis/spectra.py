"""Spectra of mono sound at 22,050 Hz, a few seconds at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 22_050
_AT_A_TIME = 256

Array = NDArray[np.float32]


def spectra(sound: Array, window: int, hop: int) -> Array:
    """Power [frames, window / 2 + 1] of windows a `hop` apart, both in samples."""
    shape = np.hanning(window).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, window)[::hop]
    parts = [
        np.square(np.abs(np.fft.rfft(frames[at : at + _AT_A_TIME] * shape, axis=1)))
        for at in range(0, len(frames), _AT_A_TIME)
    ]
    return np.concatenate(parts).astype(np.float32)


def hertz(window: int) -> NDArray[np.floating]:
    """Frequency of each bin of `spectra`."""
    return np.fft.rfftfreq(window, 1 / RATE)


def peaks(amplitude: Array) -> NDArray[np.bool_]:
    """Which inner bins of [frames, bins] are above both neighbours: [frames, bins - 2]."""
    inner = amplitude[:, 1:-1]
    return (inner > amplitude[:, :-2]) & (inner > amplitude[:, 2:])
