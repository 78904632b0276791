"""How rough a sound is: partials that beat against one another within a critical band."""

from __future__ import annotations

import numpy as np

from device.analysis.spectra import RATE, Array, hertz, peaks, spectra

WINDOW, HOP = 4096, RATE // 2
LOWEST_HZ, HIGHEST_HZ = 60.0, 5000.0
PARTIALS = 20
"""The strongest of each moment."""


def roughness(sound: Array) -> float:
    """Median over two moments a second, 0 for a lone sine, a few tenths for distorted guitars.

    Plomp and Levelt's dissonance of every pair of partials, in the form and with the constants
    of Sethares 1993, weighted by the pair's amplitudes against the power of all.
    """
    amplitude = np.sqrt(spectra(sound, WINDOW, HOP))
    frequencies = hertz(WINDOW)[1:-1]
    inside = (frequencies > LOWEST_HZ) & (frequencies < HIGHEST_HZ)
    moments = [
        _of(frame[1:-1][peak & inside], frequencies[peak & inside])
        for frame, peak in zip(amplitude, peaks(amplitude), strict=True)
    ]
    return float(np.median(moments)) if moments else 0.0


def _of(amplitude: Array, frequencies: np.ndarray) -> float:
    strongest = np.argsort(amplitude)[-PARTIALS:]
    amplitude, frequencies = amplitude[strongest], frequencies[strongest]
    one, other = np.triu_indices(len(strongest), 1)
    apart = np.abs(frequencies[one] - frequencies[other])
    scaled = 0.24 * apart / (0.021 * np.minimum(frequencies[one], frequencies[other]) + 19)
    beating = np.exp(-3.5 * scaled) - np.exp(-5.75 * scaled)
    pairs = amplitude[one] * amplitude[other]
    return float((pairs * beating).sum() / (np.square(amplitude).sum() + 1e-12))
