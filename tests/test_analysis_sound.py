"""What the sound of a file tells, over sounds whose mood and loudness are known."""

from __future__ import annotations

import numpy as np
import pytest

from device.analysis.circumplex import estimate
from device.analysis.features import NAMES, RATE, features
from device.analysis.harmony import harmony
from device.analysis.loudness import Loudness
from device.analysis.roughness import roughness

MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


def chords(kind: tuple[int, ...], bpm: float, *, noise: float, seconds: float = 30.0) -> np.ndarray:
    """Chords on the beat in a turn of four keys' degrees, with strokes of noise beneath."""
    chance = np.random.default_rng(7)
    step = round(60 / bpm * RATE)
    time = np.arange(step) / RATE
    fade = np.exp(-time * (2 + bpm / 30))
    beats = []
    for beat in range(int(seconds * RATE / step)):
        root = 220 * 2 ** (((0, 5, 7, 0)[beat // 4 % 4]) / 12)
        notes = [root * 2 ** (semitone / 12) for semitone in kind]
        tone = sum(np.sin(2 * np.pi * note * k * time) / k for note in notes for k in (1, 2, 3))
        beats.append((0.1 * tone + noise * chance.standard_normal(step)) * fade)
    return np.concatenate(beats).astype(np.float32)


def test_every_feature_is_a_finite_number() -> None:
    """Music, and what is none: silence with a click, and noise."""
    silence = np.zeros(RATE * 12, np.float32)
    silence[RATE * 5] = 1
    noise = np.random.default_rng(1).standard_normal(RATE * 12).astype(np.float32) * 0.1
    for sound in (chords(MAJOR, 120, noise=0.02), silence, noise):
        found = features(sound)
        assert set(NAMES) < set(found)
        assert np.isfinite(list(found.values())).all()
        place = estimate(found)
        assert -1 <= place.valence <= 1
        assert -1 <= place.arousal <= 1


@pytest.mark.parametrize("bpm", [80, 120, 150])
def test_the_tempo_is_heard(bpm: float) -> None:
    """Within three percent, or an octave of it: a beat may be counted by halves."""
    found = features(chords(MAJOR, bpm, noise=0.05))["bpm"]
    assert min(abs(found / bpm / octave - 1) for octave in (0.5, 1, 2)) < 0.03


def test_a_major_key_is_more_pleasant_than_a_minor_one() -> None:
    """The same chords but for their thirds."""
    major, minor = (estimate(features(chords(k, 100, noise=0.01))) for k in (MAJOR, MINOR))
    assert major.valence > minor.valence + 0.05


def test_fast_and_noisy_is_more_arousing_than_slow_and_clear() -> None:
    """The same chords."""
    fast = estimate(features(chords(MAJOR, 160, noise=0.2)))
    slow = estimate(features(chords(MAJOR, 60, noise=0.0)))
    assert fast.arousal > slow.arousal + 0.3


def tones(*frequencies: float) -> np.ndarray:
    time = np.arange(RATE * 6) / RATE
    return sum(np.sin(2 * np.pi * f * time) for f in frequencies).astype(np.float32) * 0.1


def test_neighbouring_tones_are_rough_and_consonances_are_not() -> None:
    """A semitone beats, a fifth hardly, an octave and a lone tone least; loudness is no matter."""
    semitone, fifth, octave = (roughness(tones(440, 440 * r)) for r in (2 ** (1 / 12), 1.5, 2))
    assert semitone > 3 * fifth > 3 * octave
    assert roughness(tones(440)) < fifth
    assert roughness(4 * tones(440, 466)) == pytest.approx(roughness(tones(440, 466)), rel=0.01)
    assert roughness(tones(0)) == 0


def test_a_melody_varies_and_a_held_chord_does_not() -> None:
    """Three notes in turn against the three held together."""
    held = features(np.tile(tones(220, 277, 330), 3))
    notes = [tones(note)[: RATE // 4] for note in (220, 277, 330)]
    melody = features(np.tile(np.concatenate(notes), 16))
    assert held["variety"] < 0.01 < melody["variety"]


def test_a_plain_key_is_more_tonal_than_all_notes_at_once() -> None:
    """A triad against a cluster of twelve semitones."""
    cluster = tones(*(220 * 2 ** (n / 12) for n in range(12)))
    assert harmony(tones(220, 277.2, 329.6))["tonal"] > harmony(cluster)["tonal"] + 0.2


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_loudness_of_the_standards_tone(rate: int) -> None:
    """A sine of 997 Hz at full scale in one channel is -3.01 LUFS (BS.1770-4, annex 1)."""
    sine = np.sin(2 * np.pi * 997 * np.arange(rate * 5) / rate).astype(np.float32)
    loudness = Loudness(rate)
    for part in np.array_split(np.stack([sine, np.zeros_like(sine)], axis=1), 7):
        loudness.add(part)
    assert loudness.integrated_lufs() == pytest.approx(-3.01, abs=0.05)


def test_silence_has_no_loudness_and_pauses_do_not_count() -> None:
    """The gates: digital silence is None; a long pause changes nothing."""
    quiet = Loudness(44_100)
    quiet.add(np.zeros((44_100 * 3, 2), np.float32))
    assert quiet.integrated_lufs() is None
    tone = np.sin(2 * np.pi * 997 * np.arange(44_100 * 5) / 44_100).astype(np.float32)
    both = np.stack([tone, tone], axis=1) * np.float32(0.1)
    plain, paused = Loudness(44_100), Loudness(44_100)
    plain.add(both)
    paused.add(both)
    paused.add(np.zeros((44_100 * 20, 2), np.float32))
    assert paused.integrated_lufs() == pytest.approx(plain.integrated_lufs(), abs=0.3)
