"""The mix itself, with sound made in the test: exact to the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.track import TrackId
from device.music.sound import CHANNELS, RATE
from device.music.sound.decks import Deck, What
from device.music.sound.mixer import Mixer
from device.music.sound.pcm import Pcm

A, B = TrackId("a" * 16), TrackId("b" * 16)
LEVEL = 10_000


class Constant:
    """So many frames of one level: whatever moves in the mix, the mixer moved."""

    def __init__(self, frames: int, *, ready: bool = True, error: str = "") -> None:
        self.left, self.ready, self.error, self.closed = frames, ready, error, False

    @property
    def left_frames(self) -> int | None:
        return self.left

    @property
    def tail_frames(self) -> int:
        return 0

    def skip_silence(self) -> int:
        return 0

    def take(self, frames: int) -> Pcm:
        taken = min(frames, self.left)
        self.left -= taken
        return np.full((taken, CHANNELS), LEVEL, np.int16)

    def wait(self, frames: int, seconds: float) -> bool:
        return frames >= 0 and seconds >= 0

    def fail(self, why: str) -> None:
        self.error = why

    def close(self) -> None:
        self.closed = True


def deck(track: TrackId, source: Constant, fade_seconds: float = 0.0) -> Deck:
    return Deck(track, source, Path(), fade_seconds=fade_seconds)


def rendered(mixer: Mixer, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    blocks = [mixer.render(441).pcm for _ in range(round(seconds * 100))]
    return np.concatenate(blocks)[:, 0].astype(np.int64)


def test_the_ending_is_told_so_many_seconds_ahead() -> None:
    """TrackEnding comes within one block of the seconds asked for."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(deck(A, Constant(2 * RATE)))
    blocks = [mixer.render(441) for _ in range(250)]
    happenings = [h for block in blocks for h in block.happenings]
    assert [h.what for h in happenings] == [What.STARTED, What.ENDING, What.ENDED]
    assert happenings[1].seconds_left == pytest.approx(1.0, abs=0.01)
    assert sum(len(block.pcm) for block in blocks) == 2 * RATE


def test_a_crossfade_keeps_the_power() -> None:
    """Half way through, both tracks have sin(45°) of their level: 1.41 times one of them."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(deck(A, Constant(10 * RATE)))
    before = rendered(mixer, 1.0)
    mixer.play(deck(B, Constant(10 * RATE), fade_seconds=2.0))
    crossing = rendered(mixer, 2.1)
    late = RATE - len(before)
    assert before[-1] == LEVEL
    assert crossing[late + RATE] == pytest.approx(LEVEL * 2**0.5, rel=0.001)
    assert crossing[-1] == LEVEL
    assert np.abs(np.diff(crossing)).max() < 2


def test_what_is_not_decoded_leaves_what_plays_alone() -> None:
    """A track that is not ready waits; one that is broken is reported, and the music goes on."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(deck(A, Constant(10 * RATE)))
    rendered(mixer, 0.1)
    late = Constant(RATE, ready=False)
    mixer.play(deck(B, late))
    assert (rendered(mixer, 0.1) == LEVEL).all()
    late.ready, late.error = True, "no sound in it"
    block = mixer.render(441)
    assert [(h.what, h.why) for h in block.happenings] == [(What.FAILED, "no sound in it")]
    assert (block.pcm == LEVEL).all()
    assert late.closed


def test_pause_takes_no_more_sound_than_its_fade() -> None:
    """A pause fades 0.2 s, to the sample, and is silent then; the position stands."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(deck(A, Constant(10 * RATE)))
    before = rendered(mixer, 1.0)
    mixer.hold()
    fading = rendered(mixer, 0.3)
    assert len(before) + len(fading) == RATE + RATE // 5
    assert fading[-1] == 0
    assert mixer.silent
    assert mixer.position_seconds() == pytest.approx(1.2)
    mixer.resume()
    assert np.abs(np.diff(np.concatenate([fading, rendered(mixer, 0.3)]))).max() < 10


def test_stop_while_paused_and_play_start_afresh() -> None:
    """What is stopped while paused is gone; the next track is heard at once."""
    mixer = Mixer(ending_seconds=1.0)
    first = Constant(10 * RATE)
    mixer.play(deck(A, first))
    rendered(mixer, 0.1)
    mixer.hold()
    rendered(mixer, 0.3)
    mixer.stop()
    assert first.closed
    mixer.play(deck(B, Constant(RATE)))
    assert rendered(mixer, 0.1)[-1] == LEVEL


def test_volume_moves_without_a_step() -> None:
    """From full to half volume, a quarter of the level, in 50 ms of small steps."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(deck(A, Constant(10 * RATE)))
    rendered(mixer, 0.1)
    mixer.master.set_volume(0.5)
    moved = rendered(mixer, 0.1)
    assert moved[-1] == LEVEL // 4
    assert np.abs(np.diff(moved)).max() < 12


def test_two_loud_tracks_are_clipped_not_wrapped() -> None:
    """A sum above full scale stays at full scale."""
    mixer = Mixer(ending_seconds=1.0)
    mixer.play(Deck(A, Constant(RATE), Path(), gain_db=14.0))
    assert rendered(mixer, 0.1).max() == 32_767
