"""What a device answers is done: whatever ends it at that moment, it is found again."""

from __future__ import annotations

import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from contracts.messages import InteractionKind, Playback, Policy
from contracts.track import TrackId
from device import opinions
from device.app import App
from device.effects import Answered
from device.music.fakes import FakePlayer
from device.music.library import track_id
from device.performing import CAMERA_KEY, DISCOVERY_KEY, SESSION_KEY
from device.session import Repeat, Session
from device.settings import DeviceSettings, WebSettings
from device.store import Entry, Store
from device.vision.fakes import HandClock
from tests.stage import make_track

PATIENCE_SECONDS = 60.0
FILES = ("device.sqlite", "device.sqlite-wal")


class Device:
    """Core with a real store; at each answer it keeps what a kill would leave on the disk."""

    def __init__(self, folder: Path) -> None:
        self.state, self.left = folder / "state", folder / "left"
        self.left.mkdir()
        self.track = self._with_music(folder / "music")
        settings = DeviceSettings(
            music_folder=str(folder / "music"),
            state_folder=str(self.state),
            vision_socket=str(folder / "vision.sock"),
            web=WebSettings(port=0),
        )
        clock = HandClock()
        self.app = App(
            settings,
            lambda put: (FakePlayer(put, durations={self.track: 60.0}), "fake"),
            clock=clock.now,
            unix_clock=lambda: 1e9 + clock.now(),
        )
        self._answers: queue.SimpleQueue[Answered] = queue.SimpleQueue()
        self._running = threading.Thread(target=self.app.run)
        self._running.start()

    def _with_music(self, music: Path) -> TrackId:
        song = music / "song.wav"
        music.mkdir()
        song.write_bytes(b"RIFF")
        found, track = song.stat(), msgspec.structs.replace(make_track(1), id=track_id(music, song))
        store = Store(self.state / "device.sqlite")
        store.upsert(
            [Entry(track=track, path=song, mtime_ns=found.st_mtime_ns, size=found.st_size)]
        )
        store.close()
        return track.id

    def _given(self, answer: Answered) -> None:
        for name in FILES:  # on core's thread: nothing else writes meanwhile
            shutil.copy(self.state / name, self.left / name)
        self._answers.put(answer)

    def say(self, name: str, argument: str = "") -> Answered:
        self.app.answers.ask(name, argument, self._given)
        return self._answers.get(timeout=PATIENCE_SECONDS)

    def found_again(self) -> Store:
        """The store as it is after a kill at the moment of the last answer."""
        return Store(self.left / "device.sqlite")

    def end(self) -> None:
        self.app.end()
        self._running.join(PATIENCE_SECONDS)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path)
    yield device
    device.end()


def session(store: Store) -> Session:
    return msgspec.json.decode(store.get(SESSION_KEY) or "", type=Session)


def likes(store: Store) -> bool:
    (track,) = opinions.judged(store, opinions.LIKED)
    return [d.track for d in store.unsent() if d.kind is InteractionKind.LIKED] == [track]


def bans(store: Store) -> bool:
    return bool(opinions.judged(store, opinions.BANNED))


KEPT: dict[str, Callable[[Store], bool]] = {
    "like": likes,
    "unlike": lambda store: not opinions.judged(store, opinions.LIKED),
    "volume 33": lambda store: session(store).volume == pytest.approx(0.33),
    "mute on": lambda store: session(store).muted,
    "mood happy": lambda store: session(store).mood_word == "happy",
    "policy calm": lambda store: session(store).policy is Policy.CALM,
    "repeat track": lambda store: session(store).repeat is Repeat.TRACK,
    "sleep 5": lambda store: session(store).sleep_until is not None,
    "auto_play off": lambda store: not session(store).auto_play,
    "pause": lambda store: session(store).playback is Playback.PAUSED,
    "camera off": lambda store: store.get(CAMERA_KEY) == "off",
    "home_assistant off": lambda store: store.get(DISCOVERY_KEY) == "off",
    "ban": bans,
    "erase_history": lambda store: not store.history(),
}


def test_what_was_answered_is_on_the_disk(device: Device) -> None:
    """A kill at the moment of the answer loses nothing of what was answered."""
    assert not device.say("play_track", device.track).refused
    for said, kept in KEPT.items():
        name, _, argument = said.partition(" ")
        answer = device.say(name, argument)
        assert not answer.refused, answer
        with closing(device.found_again()) as store:
            assert kept(store), said


def test_what_could_not_be_kept_is_refused(device: Device) -> None:
    """A store that fails, and that memory is no remedy for, is told to whoever said it."""
    assert not device.say("play_track", device.track).refused
    with closing(sqlite3.connect(device.state / "device.sqlite")) as database:
        database.execute("DROP TABLE opinions")
    answer = device.say("like")
    assert answer.refused
    assert "could not be kept" in answer.text
    assert not device.say("volume", "20").refused
