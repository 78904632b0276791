"""Instruments: each makes one note, mono float32 in about [-1, 1], out of numbers alone.

A wavetable holds one period of a spectrum, so that a note costs one look-up a sample however
many partials it has. Plucked strings are Karplus and Strong's (1983), bells and electric
pianos are Chowning's frequency modulation (1973).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 32_000
"""Hz; the demo's brightest partials end at 13 kHz."""
TABLE_SIZE = 4096
HIGHEST_HZ = 13_000.0

Sound = NDArray[np.float32]
Instrument = Callable[[float, float], Sound]
"""(pitch in MIDI numbers, seconds held) → samples; the tail may be longer than the note."""


def hertz(pitch: float) -> float:
    """Frequency of a MIDI pitch; 69 is 440 Hz."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def samples(seconds: float) -> int:
    """Number of samples in a stretch of time."""
    return round(seconds * SAMPLE_RATE)


def clock(seconds: float) -> Sound:
    """Seconds at each sample, from 0."""
    return np.arange(samples(seconds), dtype=np.float32) / np.float32(SAMPLE_RATE)


@cache
def table(shape: str, partials: int) -> Sound:
    """One period of a shape cut off after so many partials, peak about 1."""
    k = np.arange(1, partials + 1)
    odd = k % 2
    amplitudes = {
        "saw": 1 / k,
        "square": odd / k,
        "triangle": odd / k**2 * np.where(k % 4 == 1, 1, -1),
        "reed": np.exp(-(((k - 3) / 3.0) ** 2)) + 0.5 / k,
        "flute": np.where(k < 5, 0.28 ** (k - 1), 0),
        "organ": np.isin(k, (1, 2, 3, 4, 6, 8)) / np.sqrt(k),
        "strings": 1 / k**1.25,
        "dull": 1 / k**2.6,
    }[shape]
    spectrum = np.zeros(TABLE_SIZE // 2 + 1, np.complex128)
    spectrum[1 : partials + 1] = -1j * amplitudes
    wave = np.fft.irfft(spectrum)
    return np.asarray(wave / np.abs(wave).max(), np.float32)


def oscillator(shape: str, frequency: float, cycles: NDArray[np.float32]) -> Sound:
    """A shape at given phases in cycles, without partials beyond `HIGHEST_HZ`."""
    partials = int(np.clip(HIGHEST_HZ / frequency, 1, 60))
    index = (cycles * TABLE_SIZE).astype(np.int32) & (TABLE_SIZE - 1)
    return np.asarray(table(shape, partials)[index], np.float32)


def envelope(seconds: float, attack: float, release: float, *, decay: float = 0.0) -> Sound:
    """Rise, optional exponential decay (time constant in seconds) and fall to nothing."""
    t = clock(seconds + release)
    level = np.minimum(1, t / np.float32(max(attack, 0.002)))
    falling = np.clip((seconds + release - t) / np.float32(release), 0, 1) ** 1.5
    level = np.asarray(level * falling, np.float32)
    return np.asarray(level * np.exp(-t / np.float32(decay)) if decay else level, np.float32)


def pluck(pitch: float, seconds: float, *, bright: float = 0.5, lasting: float = 0.995) -> Sound:
    """A plucked string (Karplus-Strong), tuned by resampling its whole-numbered period."""
    seconds += 0.5
    exact = SAMPLE_RATE / hertz(pitch) - 0.5
    period = max(2, round(exact))
    rng = np.random.default_rng(int(pitch * 8))
    excitation = rng.uniform(-1, 1, period).astype(np.float32)
    for _ in range(round((1 - bright) * 6)):
        excitation += np.roll(excitation, 1)
        excitation /= 2
    count = samples(seconds) // period + 2
    string = np.empty((count, period), np.float32)
    string[0] = excitation - excitation.mean()
    weight = np.float32(lasting / 2)
    for row in range(1, count):
        before = string[row - 1]
        string[row, 1:] = before[1:] + before[:-1]
        string[row, 0] = before[0] + (string[row - 2, -1] if row > 1 else before[-1])
        string[row] *= weight
    flat = string.ravel()
    where = np.arange(samples(seconds), dtype=np.float64) * (period + 0.5) / (exact + 0.5)
    low = np.minimum(where.astype(np.int64), len(flat) - 2)
    share = (where - low).astype(np.float32)
    sound = flat[low] * (1 - share) + flat[low + 1] * share
    sound *= envelope(seconds - 0.4, 0.002, 0.4)[: len(sound)]
    return np.asarray(sound / (np.abs(sound).max() + 1e-6), np.float32)


def modulated(
    pitch: float, seconds: float, *, ratio: float, depth: float, fade: float, decay: float
) -> Sound:
    """Two-operator frequency modulation whose brightness fades: electric pianos and bells."""
    level = envelope(seconds, 0.003, 0.25, decay=decay)
    t = clock(len(level) / SAMPLE_RATE)[: len(level)]
    turn = np.float32(2 * np.pi * hertz(pitch))
    index = np.float32(depth) * np.exp(-t / np.float32(fade))
    return np.asarray(level * np.sin(turn * t + index * np.sin(turn * np.float32(ratio) * t)))


def bowed(
    pitch: float,
    seconds: float,
    *,
    shape: str = "strings",
    attack: float = 0.2,
    release: float = 0.4,
    vibrato: float = 0.003,
    voices: int = 3,
) -> Sound:
    """A held note of a few players who are never quite in tune."""
    level = envelope(seconds, attack, release)
    t = clock(len(level) / SAMPLE_RATE)[: len(level)]
    frequency = hertz(pitch)
    total = np.zeros_like(level)
    for voice in range(voices):
        detune = 1 + 0.0035 * (voice - (voices - 1) / 2)
        rate = np.float32(2 * np.pi * (4.7 + 0.5 * voice))
        wobble = np.float32(vibrato * frequency) * (1 - np.cos(rate * t)) / rate
        cycles = np.float32(frequency * detune) * t + wobble + np.float32(0.37 * voice)
        total += oscillator(shape, frequency, cycles)
    return total * level / np.float32(np.sqrt(voices))


def struck(pitch: float, seconds: float, *, soft: float = 1.0) -> Sound:
    """A piano-like string: a bright table fades into a dull one while both decay."""
    length = max(seconds, 0.4)
    decay = 2.4 * 2 ** ((60 - pitch) / 24)
    level = envelope(length, 0.004, 0.35, decay=decay)
    t = clock(len(level) / SAMPLE_RATE)[: len(level)]
    frequency = hertz(pitch)
    total = np.zeros_like(level)
    for detune in (0.9994, 1.0006):
        cycles = np.float32(frequency * detune) * t
        bright = np.exp(-t / np.float32(0.25 / soft)) * np.float32(0.7 / soft)
        total += oscillator("dull", frequency, cycles)
        total += bright * oscillator("saw", frequency * 2 * soft, cycles)
    return total * level * np.float32(0.5)


def fuzz(pitch: float, seconds: float, *, muted: bool = False) -> Sound:
    """A power chord through an overdriven amplifier and its dull speaker."""
    level = envelope(seconds, 0.003, 0.06, decay=0.09 if muted else 2.5)
    t = clock(len(level) / SAMPLE_RATE)[: len(level)]
    total = np.zeros_like(level)
    for interval, detune in ((0, 0.998), (0, 1.002), (7, 1.001), (12, 0.999)):
        frequency = hertz(pitch + interval)
        total += oscillator("saw", frequency, np.float32(frequency * detune) * t)
    driven = np.tanh(total * np.float32(3.5)) * level
    return speaker(np.asarray(driven, np.float32), 4200.0)


def speaker(sound: Sound, cutoff: float) -> Sound:
    """What a loudspeaker without treble lets through: a gentle low pass at `cutoff` Hz."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    spectrum *= (1 / (1 + (frequencies / cutoff) ** 4)).astype(np.float32)
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


def synth_bass(pitch: float, seconds: float, *, growl: float = 0.5) -> Sound:
    """A round bass with some edge at its start."""
    level = envelope(seconds, 0.004, 0.06, decay=1.6)
    t = clock(len(level) / SAMPLE_RATE)[: len(level)]
    frequency = hertz(pitch)
    cycles = np.float32(frequency) * t
    edge = np.float32(growl) * (np.exp(-t / np.float32(0.15)) + np.float32(0.3 * growl))
    wave = oscillator("dull", frequency, cycles) + edge * oscillator("saw", frequency * 3, cycles)
    return np.asarray(wave * level, np.float32)


def breath(pitch: float, seconds: float) -> Sound:
    """A flute: few partials, late vibrato and a little air."""
    tone = bowed(pitch, seconds, shape="flute", attack=0.09, release=0.18, vibrato=0.005, voices=1)
    air = np.random.default_rng(round(pitch)).standard_normal(len(tone)).astype(np.float32)
    smooth = np.convolve(air, np.ones(6, np.float32) / 6, "same")
    return np.asarray(tone + 0.05 * smooth * envelope(seconds, 0.03, 0.18)[: len(tone)])


INSTRUMENTS: dict[str, Instrument] = {
    "guitar": lambda p, s: pluck(p, s, bright=0.45),
    "harp": lambda p, s: pluck(p, s + 0.6, bright=0.1, lasting=0.998),
    "banjo": lambda p, s: pluck(p, min(s, 0.35), bright=0.95, lasting=0.985),
    "rhodes": lambda p, s: modulated(p, s, ratio=1.0, depth=1.1, fade=0.5, decay=1.4),
    "bell": lambda p, s: modulated(p, s + 0.8, ratio=3.5, depth=1.2, fade=0.5, decay=0.9),
    "music box": lambda p, s: modulated(p, s + 0.5, ratio=5.0, depth=0.6, fade=0.15, decay=0.6),
    "brass": lambda p, s: bowed(p, s, shape="reed", attack=0.03, release=0.08, voices=2),
    "strings": lambda p, s: bowed(p, s, attack=0.16, release=0.45),
    "cello": lambda p, s: bowed(p, s, attack=0.1, release=0.3, vibrato=0.006, voices=2),
    "spiccato": lambda p, s: bowed(p, min(s, 0.09), attack=0.008, release=0.12),
    "pad": lambda p, s: bowed(p, s, shape="dull", attack=0.7, release=1.2, vibrato=0.001),
    "square lead": lambda p, s: bowed(p, s, shape="square", attack=0.005, release=0.05, voices=1),
    "saw lead": lambda p, s: bowed(p, s, shape="saw", attack=0.01, release=0.1, voices=3),
    "organ": lambda p, s: bowed(p, s, shape="organ", attack=0.02, release=0.1, voices=2),
    "piano": struck,
    "felt piano": lambda p, s: struck(p, s + 0.4, soft=2.5),
    "fuzz": fuzz,
    "chug": lambda p, s: fuzz(p, s, muted=True),
    "bass": lambda p, s: synth_bass(p, s, growl=0.35),
    "growl": lambda p, s: synth_bass(p, s, growl=1.6),
    "soft bass": lambda p, s: synth_bass(p, s, growl=0.08),
    "flute": breath,
}
"""Every instrument by its name."""
