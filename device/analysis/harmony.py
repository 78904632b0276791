"""How major a sound is and how plain its key: from its pitch classes."""

from __future__ import annotations

import numpy as np

from device.analysis.spectra import RATE, Array, hertz, peaks, spectra

WINDOW, HOP = 8192, 4096
LOWEST_HZ, HIGHEST_HZ = 65.0, 2100.0
"""Between C2 and C7: above, overtones blur the key."""
KEY_FRAMES = 4 * RATE // HOP
"""The key drifts: each stretch of 4 s has its own."""
CHORD_FRAMES = 4
_C_HZ = 261.6256
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""Krumhansl and Kessler 1982: how well each pitch class fits a key of C."""
_THIRDS, _FIFTH = (4, 3), 7


def harmony(sound: Array) -> dict[str, float]:
    """`mode`: how far major triads outweigh minor ones; `tonal`: how well the best key fits."""
    amplitude, fold = _pitches(sound)
    keys = _stretches(_chroma(amplitude, fold), KEY_FRAMES)
    # Quiet thirds beneath a loud melody count too when amplitudes are drawn together.
    chords = _stretches(_chroma(np.sqrt(amplitude), fold), CHORD_FRAMES)
    major, minor = (_triads(chords, third).max(axis=1) for third in _THIRDS)
    return {
        "mode": float((major - minor).mean()),
        "tonal": float(np.mean([_key_fit(chroma) for chroma in keys])),
    }


def _pitches(sound: Array) -> tuple[Array, Array]:
    """Amplitudes [frames, bins] of peaks, 0 elsewhere, and [bins, 12]: the class of each bin."""
    frequencies = hertz(WINDOW)
    usable = (frequencies > LOWEST_HZ) & (frequencies < HIGHEST_HZ)
    amplitude = np.sqrt(spectra(sound, WINDOW, HOP)[:, usable])
    semitones = 12 * np.log2(frequencies[usable][1:-1] / _C_HZ)
    nearest = np.rint(semitones).astype(int)
    fold = np.zeros((len(nearest), 12), np.float32)
    # What lies between two notes tells of neither.
    fold[np.arange(len(nearest)), nearest % 12] = 1 - 2 * np.abs(semitones - nearest)
    return amplitude[:, 1:-1] * peaks(amplitude), fold


def _chroma(amplitude: Array, fold: Array) -> Array:
    """[frames, 12], each adding up to 1, or all 0 in silence."""
    classes: Array = amplitude @ fold
    classes /= classes.sum(axis=1, keepdims=True) + 1e-9
    return classes


def _stretches(chroma: Array, frames: int) -> Array:
    starts = range(0, max(1, len(chroma) - frames + 1), frames)
    return np.array([chroma[at : at + frames].mean(axis=0) for at in starts])


def _triads(chroma: Array, third: int) -> Array:
    """[stretches, 12]: how much of the sound each triad of this third takes."""
    return chroma + np.roll(chroma, -third, axis=1) + np.roll(chroma, -_FIFTH, axis=1)


def _key_fit(chroma: Array) -> float:
    """Correlation with the best key, major or minor."""
    turned = np.array([np.roll(chroma, -tonic) for tonic in range(12)])
    turned = turned - turned.mean(axis=1, keepdims=True)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True) + 1e-9
    keys = np.array([_MAJOR, _MINOR]) - np.mean([_MAJOR, _MINOR], axis=1, keepdims=True)
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    return float((turned @ keys.T).max())
