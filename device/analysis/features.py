"""What a listener's mood takes from a sound, as numbers: numpy only, a second a track.

All of it is independent of loudness as mastered, but `dynamics`. Mono sound at 22,050 Hz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 22_050
WINDOW, HOP = 2048, 512
CHROMA_WINDOW, CHROMA_HOP = 8192, 4096
BANDS = 40
LOWEST_HZ, HIGHEST_HZ = 30.0, 10_000.0
RUMBLE_HZ, BASS_HZ = 40.0, 150.0
LOWEST_NOTE_HZ, HIGHEST_NOTE_HZ = 65.0, 2100.0
"""Between C2 and C7: above, overtones blur the key."""
SLOWEST_BPM, FASTEST_BPM, USUAL_BPM = 50.0, 200.0, 115.0
NAMES = (
    "onsets",
    "flux",
    "pulse",
    "tempo",
    "brightness",
    "spread",
    "noise",
    "bass",
    "dynamics",
    "mode",
    "tonal",
    "density",
)
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""Krumhansl and Kessler 1982: how well each pitch class fits a key of C."""

Array = NDArray[np.float32]


def features(sound: Array) -> dict[str, float]:
    """Every one of NAMES, and `bpm`, of float32 [samples], full scale 1, at least 5 s long."""
    power = _spectra(sound, WINDOW, HOP)
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE).astype(np.float32)
    bands = power @ _bands(frequencies).T
    level = np.log10(bands.sum(axis=1) + 1e-9)
    heard = level > np.quantile(level, 0.95) - 4.0
    log_bands = np.log10(bands + 1e-3 * bands.mean() + 1e-9)
    novelty = np.maximum(np.diff(log_bands, axis=0), 0).mean(axis=1)
    mean = power[heard].mean(axis=0) + 1e-12
    return {
        **_rhythm(novelty),
        **_colour(mean, frequencies),
        "dynamics": float(level[heard].std()),
        "density": float((log_bands.std(axis=1)).mean()),
        **_harmony(sound),
    }


def _spectra(sound: Array, window: int, hop: int) -> Array:
    """[frames, window / 2 + 1] of power, a few seconds at a time."""
    shape = np.hanning(window).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, window)[::hop]
    parts = [
        np.square(np.abs(np.fft.rfft(frames[at : at + 256] * shape, axis=1)))
        for at in range(0, len(frames), 256)
    ]
    return np.concatenate(parts).astype(np.float32)


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


def _rhythm(novelty: Array) -> dict[str, float]:
    rate = RATE / HOP
    smooth = np.convolve(novelty, np.hanning(5) / 2, "same")
    local = np.convolve(smooth, np.ones(43) / 43, "same")
    peaks = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])
    strong = peaks & (smooth[1:-1] > local[1:-1] + 0.5 * smooth.std())
    bpm, pulse = _tempo(smooth - local, rate)
    return {
        "onsets": float(np.log(0.3 + strong.sum() * rate / len(smooth))),
        "flux": float(np.log(novelty.mean() + 1e-6)),
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


def _colour(mean: Array, frequencies: Array) -> dict[str, float]:
    inside = (frequencies > RUMBLE_HZ) & (frequencies < HIGHEST_HZ)
    power, hertz = mean[inside], frequencies[inside]
    share = power / power.sum()
    octaves = np.log2(hertz)
    centre = float((share * octaves).sum())
    amplitude = np.sqrt(power)
    return {
        "brightness": float((amplitude * octaves).sum() / amplitude.sum()),
        "spread": float(np.sqrt((share * (octaves - centre) ** 2).sum())),
        "noise": float(np.log(power).mean() - np.log(power.mean())),
        "bass": float(np.log(share[hertz < BASS_HZ].sum() + 1e-6)),
    }


def _harmony(sound: Array) -> dict[str, float]:
    power = _spectra(sound, CHROMA_WINDOW, CHROMA_HOP)
    frequencies = np.fft.rfftfreq(CHROMA_WINDOW, 1 / RATE)
    usable = (frequencies > LOWEST_NOTE_HZ) & (frequencies < HIGHEST_NOTE_HZ)
    pitch = np.rint(12 * np.log2(frequencies[usable] / 261.6256)).astype(int) % 12
    fold = np.zeros((usable.sum(), 12), np.float32)
    fold[np.arange(len(pitch)), pitch] = 1
    chroma = np.sqrt(power[:, usable]) @ fold
    chroma /= chroma.sum(axis=1, keepdims=True) + 1e-9
    # The key drifts: each stretch of 12 s has its own, and their leanings are averaged.
    stretch = max(1, int(12 * RATE / CHROMA_HOP))
    parts = [chroma[at : at + stretch].mean(axis=0) for at in range(0, len(chroma), stretch)]
    fits = np.array([_key_fits(part) for part in parts])
    return {"mode": float((fits[:, 0] - fits[:, 1]).mean()), "tonal": float(fits.max(1).mean())}


def _key_fits(chroma: Array) -> tuple[float, float]:
    """Correlation with the best major key and with the best minor one."""
    turned = np.array([np.roll(chroma, -tonic) for tonic in range(12)])
    turned = turned - turned.mean(axis=1, keepdims=True)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True) + 1e-9
    fits = []
    for profile in (_MAJOR, _MINOR):
        key = np.array(profile) - np.mean(profile)
        fits.append(float((turned @ (key / np.linalg.norm(key))).max()))
    return fits[0], fits[1]
