"""What is heard of an announcement: the PCM that the sound driver was given."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np

from contracts.track import TrackId
from device.events import Event, TrackEnded, TrackStarted
from device.frontends.announcements import decoded, softened
from device.music.sound import RATE
from device.music.sound.master import DUCK_SECONDS, DUCKED
from tests.test_player_contract import FIRST, A, Stage, disk, files, heard_samples

__all__ = ["disk", "files"]  # fixtures

MUSIC_HERTZ, VOICE_HERTZ = 220, 1000
MUSIC, VOICE = 12_000, 6_000
WINDOW = RATE // 10
"""Whole periods of both."""
VOICE_SECONDS = 1.5


def voice(path: Path) -> Path:
    """A tone that begins and ends at its loudest, as a badly cut recording does."""
    at = np.arange(round(VOICE_SECONDS * RATE)) / RATE
    cosine = (np.cos(2 * np.pi * VOICE_HERTZ * at) * VOICE).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(cosine.tobytes())
    return path


def levels(samples: np.ndarray[Any, np.dtype[np.int64]], hertz: int) -> np.ndarray[Any, Any]:
    """Amplitude of a tone in each window."""
    whole = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    turning = np.exp(-2j * np.pi * hertz * np.arange(WINDOW) / RATE)
    return np.asarray(2 * np.abs(whole @ turning) / WINDOW)


def test_music_sinks_under_a_voice_and_comes_back_to_its_level(
    disk: tuple[Stage, Path], files: dict[TrackId, Path], tmp_path: Path
) -> None:
    """14 dB less from its first word to its last, all of it again after that, without a click."""
    stage, path = disk
    said = softened(decoded(voice(tmp_path / "voice.wav")))

    def announce(event: Event) -> None:
        if isinstance(event, TrackStarted):
            stage.player.announce(said)

    stage.answer = announce
    stage.player.play(A, files[A])
    stage.until(TrackEnded)
    stage.player.close()
    heard = heard_samples(path)
    assert abs(len(heard) / RATE - FIRST) < 0.05
    music, spoken = levels(heard, MUSIC_HERTZ), levels(heard, VOICE_HERTZ)
    loud = np.flatnonzero(spoken > 0.999 * VOICE)
    assert len(loud) >= VOICE_SECONDS / 0.1 - 2
    np.testing.assert_allclose(music[loud], MUSIC * DUCKED, rtol=0.005)
    after = loud[-1] + 2 + round(DUCK_SECONDS / 0.1) + 1
    assert after < len(music) - 10
    np.testing.assert_allclose(music[after:-1], MUSIC, rtol=0.001)
    assert spoken[after:].max() < 20
    steps = np.abs(np.diff(heard)).max()
    assert steps <= 2 * np.pi / RATE * (MUSIC * MUSIC_HERTZ * DUCKED + VOICE * VOICE_HERTZ) + 20


def test_a_sound_that_begins_loud_would_click() -> None:
    """Its edges are faded, what is between them is untouched; a shorter one is no trouble."""
    loud = np.full((RATE, 2), 20_000, np.int16)
    soft = softened(loud)
    assert np.abs(np.diff(soft[:, 0].astype(int), prepend=0, append=0)).max() < 50
    assert (soft[RATE // 50 : -RATE // 50] == 20_000).all()
    assert softened(loud[:3]).tolist() == [[0, 0], [5_000, 5_000], [0, 0]]
    assert len(softened(loud[:0])) == 0
