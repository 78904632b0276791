"""From notes to finished stereo sound: instruments, room, level, ending."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from device.demo.harmony import Note
from device.demo.percussion import make_drums
from device.demo.pieces import Piece
from device.demo.score import LENGTH_SECONDS, Score, written
from device.demo.styles import Part
from device.demo.synth import INSTRUMENTS, SAMPLE_RATE, Sound, samples

Stereo = NDArray[np.float32]
"""float32 [2, samples]."""

TAIL_SECONDS = 2.5
FADE_SECONDS = 1.5
FAINT = 0.02
"""Level under which the end of a piece counts as over."""
KNEE, CEILING = 0.7, 0.97
"""Levels above the knee are bent so that none passes the ceiling."""
LATE_SECONDS = 0.006
"""Nobody plays exactly on the beat."""
BLOCK = 1 << 15
HEARD = 1 << 13
"""Samples that are judged together for loudness: a quarter of a second."""


def sounded(piece: Piece, length_seconds: float = LENGTH_SECONDS) -> Stereo:
    """The finished piece, peak below 1; the same samples every time on the same machine."""
    score = written(piece, length_seconds)
    beat_seconds = 60 / piece.bpm
    length = samples(score.beats * beat_seconds + TAIL_SECONDS)
    dry, wet = np.zeros((2, length), np.float32), np.zeros(length, np.float32)
    rng = np.random.default_rng(piece.seed + 1)
    for part, track in _tracks(score, beat_seconds, length, rng):
        _place(part, track, dry, wet)
    return _finished(dry + _reverberation(wet, piece.style.hall_seconds), piece.style.loudness_db)


def _tracks(
    score: Score, beat_seconds: float, length: int, rng: np.random.Generator
) -> list[tuple[Part, Sound]]:
    drums = _drums()
    tracks = []
    for part, notes in score.parts:
        made: dict[tuple[float, float], Sound] = {}
        instrument = INSTRUMENTS[part.instrument]
        track = np.zeros(length, np.float32)
        for note in notes:
            which = (note.pitch, round(note.beats, 3))
            if which not in made:
                made[which] = instrument(note.pitch, note.beats * beat_seconds)
            _add(track, made[which], note, beat_seconds, rng)
        tracks.append((part, track))
    for part, strokes in score.drums:
        track = np.zeros(length, np.float32)
        for stroke in strokes:
            _add(track, drums[part.instrument], stroke, beat_seconds, rng)
        tracks.append((part, track))
    return tracks


def _add(
    track: Sound, sound: Sound, note: Note, beat_seconds: float, rng: np.random.Generator
) -> None:
    start = samples(note.beat * beat_seconds + rng.random() * LATE_SECONDS)
    loud = np.float32(note.loud * rng.uniform(0.9, 1.0))
    room = track[start : start + len(sound)]
    room += loud * sound[: len(room)]


def _place(part: Part, track: Sound, dry: Stereo, wet: Sound) -> None:
    """Put a part between left and right, and some of it into the hall."""
    gain = 10 ** ((part.level_db - loudness_db(track)) / 20)
    angle = (part.pan + 1) * np.pi / 4
    left, right = (np.float32(gain * f(angle) * np.sqrt(2)) for f in (np.cos, np.sin))
    late = samples(part.wide_ms / 1000)
    dry[0] += left * track
    dry[1, late:] += right * track[: len(track) - late]
    wet += np.float32(gain * part.send) * track


def loudness_db(sound: Sound) -> float:
    """Loudness of one channel while it is heard, decibels to full scale.

    After ITU-R BS.1770: treble counts more, the deepest bass less, and stretches 40 dB under
    the loudest do not count; a third of the sound is looked at, which is enough.
    """
    blocks = sound[: len(sound) // HEARD * HEARD].reshape(-1, HEARD)[::3]
    powers = np.abs(np.fft.rfft(blocks, axis=1)) ** 2 @ _ear() * (2 / HEARD**2)
    heard = powers[powers > powers.max() * 1e-4]
    return float(10 * np.log10(heard.mean() + 1e-12)) if len(heard) else -120.0


@cache
def _ear() -> NDArray[np.float32]:
    """Weights of the powers of `HEARD` samples' frequencies."""
    f = np.fft.rfftfreq(HEARD, 1 / SAMPLE_RATE)
    shelf = (1 + 10**0.4 * (f / 1500) ** 2) / (1 + (f / 1500) ** 2)
    return np.asarray((f**2 / (f**2 + 38**2)) ** 2 * shelf, np.float32)


@cache
def _drums() -> dict[str, Sound]:
    return make_drums()


@cache
def _hall(seconds: float) -> NDArray[np.complex64]:
    """Spectra [2, BLOCK + 1] of a hall's two echoes: noise that decays, treble first."""
    length = min(samples(seconds), BLOCK)
    rng = np.random.default_rng(round(seconds * 10))
    t = np.arange(length) / SAMPLE_RATE
    bright = rng.standard_normal((2, length))
    dull = (bright + np.roll(bright, 1, axis=1) + np.roll(bright, 2, axis=1)) / 2
    fade = np.exp(-6.9 * t / seconds)
    echo = fade * (bright * np.exp(-t / 0.08) + dull) * np.minimum(1, t / 0.012)
    echo *= np.linspace(1, 0, length) ** 0.5
    echo /= np.sqrt((echo**2).sum(axis=1, keepdims=True))
    return np.fft.rfft(echo.astype(np.float32), 2 * BLOCK, axis=1).astype(np.complex64)


def _reverberation(wet: Sound, seconds: float) -> Stereo:
    """What the hall answers: a convolution, block by block."""
    hall = _hall(seconds)
    blocks = -(-len(wet) // BLOCK)
    padded = np.zeros(blocks * BLOCK, np.float32)
    padded[: len(wet)] = wet
    spectra = np.fft.rfft(padded.reshape(blocks, BLOCK), 2 * BLOCK, axis=1)
    answer = np.zeros((2, (blocks + 1) * BLOCK), np.float32)
    for channel in (0, 1):
        pieces = np.fft.irfft(spectra * hall[channel], axis=1).astype(np.float32)
        own = answer[channel]
        own[: blocks * BLOCK] += pieces[:, :BLOCK].ravel()
        own[BLOCK:] += pieces[:, BLOCK:].ravel()
    return answer[:, : len(wet)]


def _finished(mix: Stereo, wanted_db: float) -> Stereo:
    """No constant part, the wanted level, bent peaks and a fade to silence."""
    mix = mix - mix.mean(axis=1, keepdims=True)
    mix *= np.float32(10 ** ((wanted_db - loudness_db(mix.mean(axis=0))) / 20))
    over = np.abs(mix) > KNEE
    room = CEILING - KNEE
    bent = KNEE + room * np.tanh((np.abs(mix[over]) - KNEE) / room)
    mix[over] = np.copysign(bent, mix[over])
    heard = np.flatnonzero(np.abs(mix).max(axis=0) > FAINT)
    mix = mix[:, : int(heard[-1]) + 1]
    fade = min(samples(FADE_SECONDS), mix.shape[1])
    mix[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32) ** 2
    return mix
