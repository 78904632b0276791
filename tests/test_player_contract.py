"""One contract over the player of the product, on SDL's dummy and disk drivers, and the fake."""

from __future__ import annotations

import os
import queue
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.encoded import sweep, write
from contracts.track import TrackId
from device.events import (
    Event,
    SoundBack,
    SoundLost,
    TrackEnded,
    TrackEnding,
    TrackFailed,
    TrackStarted,
)
from device.music.fakes import FakePlayer
from device.music.player import PygamePlayer, SoundUnavailableError
from device.music.ports import Join
from device.music.sound import RATE

A, B, BROKEN = TrackId("a" * 16), TrackId("b" * 16), TrackId("c" * 16)
PATIENCE_SECONDS = 300
"""So long an event may take on a machine that others keep busy."""
FIRST, SECOND = 6.0, 2.0


def write_tone(path: Path, hertz: float, seconds: float) -> Path:
    """A sine at about a third of full scale, stereo."""
    at = np.arange(round(seconds * RATE)) / RATE
    sine = (np.sin(2 * np.pi * hertz * at) * 12_000).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.stack([sine, sine], 1).tobytes())
    return path


class Stage:
    """A player with its events; `answer` is called with each, on the player's thread."""

    def __init__(self) -> None:
        self.player: Any = None
        self.answer: Callable[[Event], None] = lambda _event: None
        self.events: queue.Queue[Event] = queue.Queue()

    def put(self, event: Event) -> None:
        self.answer(event)
        self.events.put(event)

    def until(self, kind: type[Event]) -> list[Event]:
        """Every event up to the first of this kind."""
        seen: list[Event] = []
        while not seen or not isinstance(seen[-1], kind):
            if isinstance(self.player, FakePlayer) and self.events.empty():
                self.player.advance(0.5)
                continue
            seen.append(self.events.get(timeout=PATIENCE_SECONDS))
        return seen


@pytest.fixture
def files(tmp_path: Path) -> dict[TrackId, Path]:
    broken = tmp_path / "broken.ogg"
    broken.write_bytes(b"OggS nonsense" * 100)
    return {
        A: write_tone(tmp_path / "노래 🎵.wav", 220, FIRST),
        B: write_tone(tmp_path / "b.wav", 330, SECOND),
        BROKEN: broken,
    }


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stage, Path]]:
    """The real player; what the driver wrote is in the file."""
    heard = tmp_path / "heard.raw"
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(heard))
    monkeypatch.setenv("SDL_DISKAUDIODELAY", "4")
    stage = Stage()
    stage.player = PygamePlayer(
        stage.put, driver="disk", crossfade_seconds=1.0, stuck_seconds=PATIENCE_SECONDS
    )
    yield stage, heard
    stage.player.close()


@pytest.fixture(params=["pygame", "fake"])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "pygame":
        real: tuple[Stage, Path] = request.getfixturevalue("disk")
        return real[0]
    fake = Stage()
    fake.player = FakePlayer(fake.put, durations={A: FIRST, B: SECOND}, ending_seconds=3.0)
    return fake


def heard_samples(path: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Left channel of what was heard, without the silence before and after."""
    left = np.fromfile(path, np.int16).reshape(-1, 2)[:, 0].astype(np.int64)
    sounding = np.flatnonzero(left)
    return left[sounding[0] : sounding[-1] + 1]


def test_a_track_starts_announces_its_end_and_ends(
    stage: Stage, files: dict[TrackId, Path]
) -> None:
    """Started, ending, ended: in this order, each once."""
    stage.player.play(A, files[A])
    events = stage.until(TrackEnded)
    assert [type(e) for e in events] == [TrackStarted, TrackEnding, TrackEnded]
    ending = events[1]
    assert isinstance(ending, TrackEnding)
    assert 0 < ending.seconds_left <= 3.1  # the disk driver may outrun the decoder
    assert stage.player.position_seconds() == 0


def test_a_broken_file_fails_and_the_next_plays(stage: Stage, files: dict[TrackId, Path]) -> None:
    """A file that cannot be decoded is a TrackFailed with a reason; the player goes on."""
    stage.player.play(BROKEN, files[BROKEN])
    failed = stage.until(TrackFailed)[-1]
    assert isinstance(failed, TrackFailed)
    assert failed.track == BROKEN
    assert failed.why
    stage.player.play(B, files[B])
    assert isinstance(stage.until(TrackEnded)[-1], TrackEnded)


def test_start_seconds_skips_the_beginning(stage: Stage, files: dict[TrackId, Path]) -> None:
    """A track of 6 s that starts at 5 s ends after 1 s of music."""
    stage.player.play(A, files[A], start_seconds=5.0)
    stage.until(TrackEnded)
    stage.player.close()
    assert stage.player.measured().seconds == pytest.approx(1.0, abs=0.05)


def test_nothing_plays_after_stop(stage: Stage, files: dict[TrackId, Path]) -> None:
    """A stopped track sends no TrackEnded, and another can be played."""
    stage.answer = lambda e: stage.player.stop() if e == started(A, e.at) else None
    stage.player.play(A, files[A])
    stage.until(TrackStarted)
    stage.player.play(B, files[B])
    assert A not in {e.track for e in stage.until(TrackEnded) if isinstance(e, TrackEnded)}


def test_an_album_goes_on_by_itself(stage: Stage, files: dict[TrackId, Path]) -> None:
    """Prepared without a gap, a track starts as the one before it ends; `play` only confirms."""

    def follow(event: Event) -> None:
        if isinstance(event, TrackEnding) and event.track == A:
            stage.player.prepare(B, files[B], join=Join.GAPLESS, gain_db=-3.0)
        if isinstance(event, TrackEnded) and event.track == A:
            stage.player.play(B, files[B])

    stage.answer = follow
    stage.player.play(A, files[A])
    first = stage.until(TrackEnded)
    second = stage.until(TrackEnded)
    assert [(type(e), e.track) for e in (*first, *second) if not isinstance(e, TrackEnding)] == [
        (TrackStarted, A),
        (TrackEnded, A),
        (TrackStarted, B),
        (TrackEnded, B),
    ]
    stage.player.close()
    assert stage.player.measured().seconds == pytest.approx(FIRST + SECOND, abs=0.01)


def test_what_is_no_longer_prepared_does_not_follow(
    stage: Stage, files: dict[TrackId, Path]
) -> None:
    """After `unprepare`, and after `stop`, nothing goes on by itself."""

    def change_mind(event: Event) -> None:
        if isinstance(event, TrackEnding):
            stage.player.prepare(B, files[B], join=Join.GAPLESS)
            stage.player.unprepare()

    stage.answer = change_mind
    stage.player.play(A, files[A])
    stage.until(TrackEnded)
    stage.player.close()
    assert stage.events.empty()


def test_seek_goes_forth_and_back(stage: Stage, files: dict[TrackId, Path]) -> None:
    """A seek near the end lets the end come soon, one beyond it at once; none starts anew."""
    stage.answer = lambda e: stage.player.pause() if isinstance(e, TrackStarted) else None
    stage.player.play(A, files[A])
    stage.until(TrackStarted)
    stage.answer = lambda _event: None
    stage.player.seek(1.0)
    assert stage.player.position_seconds() == pytest.approx(1.0, abs=0.3)
    stage.player.seek(FIRST - 0.5)
    stage.player.resume()
    kinds = [type(e) for e in stage.until(TrackEnded)]
    assert set(kinds[:-1]) == {TrackEnding}
    stage.player.play(A, files[A])
    stage.until(TrackStarted)
    stage.player.seek(FIRST + 10)
    assert isinstance(stage.until(TrackEnded)[-1], TrackEnded)
    stage.player.seek(1.0)
    assert stage.player.position_seconds() == 0


def test_a_slow_fade_ends_in_a_pause_that_can_be_taken_back(
    stage: Stage, files: dict[TrackId, Path]
) -> None:
    """`fade_out` lets the music go on while it fades and then holds it; `resume` undoes both."""

    def fade(event: Event) -> None:
        if isinstance(event, TrackStarted):
            stage.player.fade_out(2.0)
        if isinstance(event, TrackEnding) and not resumed:
            resumed.append(True)
            stage.player.resume()

    resumed: list[bool] = []
    stage.player.set_crossfade(3.0)  # the ending is told 5 s ahead: 1 s into the fade
    stage.answer = fade
    stage.player.play(A, files[A])
    stage.until(TrackEnded)
    assert resumed


def test_an_announcement_leaves_the_track_as_it_is(
    stage: Stage, files: dict[TrackId, Path]
) -> None:
    """It is no track: no event tells of it, and what plays goes on to its end."""

    def announce(event: Event) -> None:
        if isinstance(event, TrackStarted):
            stage.player.announce(np.full((RATE // 2, 2), 1000, np.int16))

    stage.answer = announce
    stage.player.play(B, files[B])
    kinds = [type(e) for e in stage.until(TrackEnded)]
    assert [k for k in kinds if k is not TrackEnding] == [TrackStarted, TrackEnded]
    assert stage.player.position_seconds() == 0
    stage.player.close()
    assert stage.events.empty()
    assert stage.player.measured().seconds >= SECOND - 0.05


def test_seconds_of_music_are_measured(
    disk: tuple[Stage, Path], files: dict[TrackId, Path]
) -> None:
    """The speaker program counts what SDL got: 6 s of a sine at 12,000 of 32,768."""
    stage, _ = disk
    stage.player.play(A, files[A])
    stage.until(TrackEnded)
    stage.player.close()
    measured = stage.player.measured()
    assert measured.seconds == pytest.approx(FIRST, abs=0.05)
    assert measured.rms == pytest.approx(12_000 / 32_768 / 2**0.5, rel=0.02)
    assert measured.first_at is not None


@pytest.mark.parametrize(("suffix", "furthest"), [(".flac", 0), (".mp3", 1500)])
def test_an_album_cut_into_files_sounds_as_if_it_were_one(
    disk: tuple[Stage, Path], tmp_path: Path, suffix: str, furthest: int
) -> None:
    """Music that goes through from file to file: what is heard is that music, to the sample."""
    stage, path = disk
    whole = sweep(3.0)
    cut = round(1.7 * RATE) + 123
    one = write(tmp_path / f"one{suffix}", whole[:cut])
    two = write(tmp_path / f"two{suffix}", whole[cut:])
    stage.answer = lambda e: stage.player.pause() if e == started(A, e.at) else None
    stage.player.play(A, one)
    stage.until(TrackStarted)
    stage.player.prepare(B, two, join=Join.GAPLESS)
    wait_until_prepared(stage.player)
    stage.player.resume()
    assert B in {e.track for e in stage.until(TrackEnded) + stage.until(TrackEnded)}  # type: ignore[attr-defined]
    stage.player.close()
    heard, music = heard_samples(path), np.trim_zeros(whole[:, 0].astype(np.int64))
    join = len(whole) - cut  # frames before the end
    around = slice(-join - RATE // 10, -join + RATE // 10)
    assert np.abs(heard[around] - music[around]).max() <= furthest


def test_a_crossfade_has_neither_gap_nor_click(
    disk: tuple[Stage, Path], files: dict[TrackId, Path]
) -> None:
    """Two tones cross over within 1 s: no silence, and no step that the tones do not have."""
    stage, path = disk
    stage.answer = lambda e: (
        stage.player.play(B, files[B], crossfade_seconds=1.0)
        if isinstance(e, TrackEnding) and e.track == A
        else None
    )
    stage.player.prepare(B, files[B])
    stage.player.play(A, files[A])
    stage.until(TrackEnded)
    stage.player.close()
    heard = heard_samples(path)
    loudest = np.abs(heard[: len(heard) // 441 * 441].reshape(-1, 441)).max(axis=1)
    steepest = 12_000 * 2 * np.pi * 330 / RATE
    assert loudest[2:-2].min() > 11_000
    assert np.abs(np.diff(heard)).max() <= steepest * 2**0.5 + 2


def test_pause_holds_the_music_without_a_click(
    disk: tuple[Stage, Path], files: dict[TrackId, Path]
) -> None:
    """Paused and resumed, a track has as many seconds as before and no step from the fades."""
    stage, path = disk

    def pause_at_start(event: Event) -> None:
        if isinstance(event, TrackStarted):
            stage.player.pause()

    stage.answer = pause_at_start
    stage.player.play(A, files[A])
    stage.until(TrackStarted)
    stage.player.resume()
    stage.until(TrackEnded)
    stage.player.close()
    steepest = 12_000 * 2 * np.pi * 220 / RATE
    assert np.abs(np.diff(heard_samples(path))).max() <= steepest + 2
    assert stage.player.measured().seconds == pytest.approx(FIRST, abs=0.05)


def test_a_lost_card_is_reported_and_opened_again(
    disk: tuple[Stage, Path], files: dict[TrackId, Path]
) -> None:
    """A speaker program that dies is a SoundLost, then a SoundBack, and the music goes on."""
    stage, _ = disk

    def pull_out(event: Event) -> None:
        if isinstance(event, TrackStarted):
            os.kill(stage.player.sound_process_id, 9)

    stage.answer = pull_out
    stage.player.play(A, files[A])
    kinds = [type(e) for e in stage.until(TrackEnded)]
    assert [k for k in kinds if k in {SoundLost, SoundBack}] == [SoundLost, SoundBack]


def test_no_card_is_an_error_in_words(tmp_path: Path) -> None:
    """A driver that does not exist is refused with its name; nothing falls back to a fake."""
    with pytest.raises(SoundUnavailableError, match=r"no sound card \(nosuchdriver\)"):
        PygamePlayer(lambda _event: None, driver="nosuchdriver")
    assert not list(tmp_path.iterdir())


def wait_until_prepared(player: PygamePlayer) -> None:
    """Wait for a decoder, which a busy machine may start late."""
    deck = player._mixer._prepared
    assert deck is not None
    assert deck.source.wait(RATE // 2, PATIENCE_SECONDS)


def started(track: TrackId, at: float) -> TrackStarted:
    return TrackStarted(at=at, track=track)
