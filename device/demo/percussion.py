"""Drums and shakers: filtered noise and falling sines."""

from __future__ import annotations

import numpy as np

from device.demo.synth import Sound, clock


def _noise(seconds: float, seed: int, *, differences: int = 0) -> Sound:
    """White noise; each difference takes away low frequencies."""
    sound = np.random.default_rng(seed).standard_normal(len(clock(seconds)))
    for _ in range(differences):
        sound = np.diff(sound, prepend=sound[0]) / 1.4
    return sound.astype(np.float32)


def _falling(seconds: float, start: float, end: float, fall: float, decay: float) -> Sound:
    """A sine that falls from `start` to `end` Hz with time constant `fall` while it decays."""
    t = clock(seconds)
    cycles = end * t + (start - end) * fall * (1 - np.exp(-t / fall))
    return np.asarray(np.sin(2 * np.pi * cycles) * np.exp(-t / decay), np.float32)


def _burst(seconds: float, decay: float, seed: int, differences: int) -> Sound:
    fade = np.exp(-clock(seconds) / np.float32(decay))
    return np.asarray(_noise(seconds, seed, differences=differences) * fade, np.float32)


def _ended(sound: Sound) -> Sound:
    """The sound with its last 10 ms faded and its peak at 1."""
    ramp = min(len(sound), 320)
    sound[-ramp:] *= np.linspace(1, 0, ramp, dtype=np.float32)
    return np.asarray(sound / np.abs(sound).max(), np.float32)


def make_drums() -> dict[str, Sound]:
    """Every drum by its name, mono float32 with peak 1."""
    clap = np.zeros(len(clock(0.3)), np.float32)
    for delay in (0, 350, 760):
        part = _burst(0.25, 0.05, 5 + delay, 1)
        clap[delay : delay + len(part)] += part[: len(clap) - delay]
    drums = {
        "kick": _falling(0.4, 170, 48, 0.035, 0.13),
        "big kick": _falling(0.5, 240, 44, 0.03, 0.17) + 0.15 * _burst(0.5, 0.006, 1, 1),
        "snare": 0.5 * _falling(0.28, 260, 180, 0.03, 0.07) + 0.5 * _burst(0.28, 0.08, 2, 1),
        "brush": _burst(0.3, 0.09, 3, 1),
        "hat": _burst(0.09, 0.022, 4, 3),
        "open hat": _burst(0.35, 0.12, 6, 3),
        "ride": _burst(0.7, 0.22, 7, 3) + 0.25 * _falling(0.7, 3300, 3290, 0.1, 0.25),
        "crash": _burst(1.6, 0.5, 8, 2),
        "shaker": _burst(0.1, 0.03, 9, 2) * np.minimum(1, clock(0.1) / np.float32(0.02)),
        "clap": clap,
        "tom": _falling(0.45, 150, 88, 0.06, 0.16),
        "timpani": _falling(1.3, 92, 78, 0.05, 0.42) + 0.06 * _burst(1.3, 0.03, 10, 0),
        "anvil": _falling(0.5, 1910, 1900, 0.1, 0.12) + _falling(0.5, 2870, 2860, 0.1, 0.07),
        "block": _falling(0.12, 900, 860, 0.02, 0.03),
    }
    return {name: _ended(sound) for name, sound in drums.items()}
