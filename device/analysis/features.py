"""What a listener's mood takes from a sound, as numbers: numpy only, a second or two a track.

All of it is independent of loudness as mastered, but `dynamics`. Mono sound at 22,050 Hz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.analysis.harmony import harmony
from device.analysis.roughness import roughness
from device.analysis.spectra import RATE, Array, hertz, spectra

WINDOW, HOP = 2048, 512
BANDS = 40
LOWEST_HZ, HIGHEST_HZ = 30.0, 10_000.0
RUMBLE_HZ = 40.0
SLOWEST_BPM, FASTEST_BPM, USUAL_BPM = 50.0, 200.0, 115.0
MIDDLE_HZ, TREBLE_HZ = (400.0, 1200.0), (3500.0, 10_000.0)
SWELL_HZ, PULSE_HZ = (0.05, 2.0), (2.0, 10.0)
"""How slowly or quickly a band gets louder and softer: phrases, and notes."""
NOTE_FRAMES = 20
"""0.46 s: about a note later."""
NAMES = (
    "rough",
    "change",
    "pulsing",
    "noise",
    "onsets",
    "tempo",
    "mode",
    "tonal",
    "variety",
    "sparkle",
    "dynamics",
)
_AT_A_TIME = 1024


def features(sound: Array) -> dict[str, float]:
    """Every one of NAMES, and `bpm` and `pulse`, of float32 [samples], full scale 1, 5 s or more.

    change, variety: how unlike spectra a moment and half a second apart are. pulsing, sparkle:
    how far notes outweigh phrases in the loudness of the middle and of the treble. noise: how
    flat the spectrum is. onsets, tempo: logarithms of their rates. dynamics: deviation of the
    level. The others stand in `harmony` and `roughness`.
    """
    power = spectra(sound, WINDOW, HOP)
    frequencies = hertz(WINDOW).astype(np.float32)
    bands = power @ _bands(frequencies).T
    level = np.log10(bands.sum(axis=1) + 1e-9)
    heard = level > np.quantile(level, 0.95) - 4.0
    log_bands = np.log10(bands + 1e-3 * bands.mean() + 1e-9)
    inside = (frequencies > RUMBLE_HZ) & (frequencies < HIGHEST_HZ)
    power, frequencies = power[:, inside], frequencies[inside]
    floor = 1e-6 * float(power.sum(axis=1).mean()) + 1e-12
    middle, treble = (_loudness(power, frequencies, *b, floor) for b in (MIDDLE_HZ, TREBLE_HZ))
    mean = power[heard].mean(axis=0) + 1e-12
    amplitude = np.sqrt(power, out=power)[heard]
    return {
        **_rhythm(np.maximum(np.diff(log_bands, axis=0), 0).mean(axis=1)),
        "rough": roughness(sound),
        "change": _unlike(amplitude, 1),
        "variety": _unlike(amplitude, NOTE_FRAMES),
        "pulsing": _pulsing(middle),
        "sparkle": _pulsing(treble),
        "noise": float(np.log(mean).mean() - np.log(mean.mean())),
        "dynamics": float(level[heard].std()),
        **harmony(sound),
    }


def _bands(frequencies: Array) -> Array:
    """[BANDS, bins]: triangles, evenly spaced on the mel scale."""
    edges = _hertz(np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2))
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (frequencies - low) / (centre - low)
    falling = (high - frequencies) / (high - centre)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    hertz: NDArray[np.float64] = 700 * (10 ** (mel / 2595) - 1)
    return hertz


def _loudness(power: Array, frequencies: Array, low: float, high: float, floor: float) -> Array:
    """[frames]: logarithm of the power between two frequencies."""
    band: Array = np.log(power[:, (frequencies >= low) & (frequencies < high)].sum(axis=1) + floor)
    return band


def _pulsing(loudness: Array) -> float:
    """Logarithm of how much more it changes within 2 to 10 Hz than below."""
    swing = (loudness - loudness.mean()) * np.hanning(len(loudness))
    strength = np.square(np.abs(np.fft.rfft(swing)))
    rates = np.fft.rfftfreq(len(swing), HOP / RATE)
    fast, slow = (strength[(rates > a) & (rates < b)].sum() for a, b in (PULSE_HZ, SWELL_HZ))
    return float(np.log((fast + 1e-9) / (slow + 1e-9)))


def _unlike(amplitude: Array, lag: int) -> float:
    """Median of 1 - cosine between spectra `lag` frames apart; 0 when there are too few."""
    if len(amplitude) <= lag:
        return 0.0
    lengths = np.linalg.norm(amplitude, axis=1) + 1e-9
    parts = []
    for at in range(0, len(amplitude) - lag, _AT_A_TIME):
        ahead = slice(at + lag, at + lag + _AT_A_TIME)
        now = slice(at, at + len(amplitude[ahead]))
        together = np.einsum("fb,fb->f", amplitude[now], amplitude[ahead])
        parts.append(1 - together / (lengths[now] * lengths[ahead]))
    return float(np.median(np.concatenate(parts)))


def _rhythm(novelty: Array) -> dict[str, float]:
    rate = RATE / HOP
    smooth = np.convolve(novelty, np.hanning(5) / 2, "same")
    local = np.convolve(smooth, np.ones(43) / 43, "same")
    peaks = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])
    strong = peaks & (smooth[1:-1] > local[1:-1] + 0.5 * smooth.std())
    bpm, pulse = _tempo(smooth - local, rate)
    return {
        "onsets": float(np.log(0.3 + strong.sum() * rate / len(smooth))),
        "pulse": pulse,
        "tempo": float(np.log(bpm)),
        "bpm": bpm,
    }


def _tempo(novelty: NDArray[np.float64], rate: float) -> tuple[float, float]:
    """Beats a minute, and 0 to 1 how plain they are: the best lag of the autocorrelation."""
    size = 1 << (2 * len(novelty) - 1).bit_length()
    spectrum = np.fft.rfft(novelty, size)
    similar = np.fft.irfft(np.abs(spectrum) ** 2)[: len(novelty)]
    similar = similar / (similar[0] + 1e-12)
    lags = np.arange(int(60 * rate / FASTEST_BPM), int(60 * rate / SLOWEST_BPM) + 1)
    lags = lags[lags * 2 < len(similar)]
    if not len(lags):
        return USUAL_BPM, 0.0
    twice = 0.5 * similar[lags] + 0.5 * np.maximum(similar[2 * lags - 1], similar[2 * lags])
    usual = np.exp(-0.5 * (np.log2(60 * rate / lags / USUAL_BPM) / 0.9) ** 2)
    best = int(np.argmax(twice * usual))
    return float(60 * rate / lags[best]), float(np.clip(twice[best], 0, 1))
