"""The page on a stage: the real server and the real core, with a world that answers at once."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec

from contracts.track import Track, TrackId
from contracts.vision_wire import CameraState, PhotoAnalysed, PhotoRefused
from device import effects, events
from device.answers import Answers
from device.browse import Shelves
from device.frontends.web.house import House
from device.frontends.web.server import WebServer
from device.journal import Journal
from device.look import look
from device.music.fakes import FakePlayer
from device.music.uploads import Uploads
from device.recommend.remote import RemoteRecommender
from device.settings import DeviceSettings
from device.status import Status
from tests.stage import Stage, make_face

TITLES = (
    ("Paper Boats", "Mina Sol", "First Light"),
    ("여름밤의 산책", "한강", "밤의 온도"),
    ("Neon Staircase", "The Quiet Cars", "Elevators"),
    ("비가 그치면", "서린", "창가"),
    ("Long Way Down to the Harbour Lights", "Ada Vale", "Harbour"),
    ("고양이의 하루", "달무리", "골목"),
)
PHOTO_FACE = make_face("happiness", 0.87, 0.4)


def page_library(size: int = 48) -> dict[TrackId, Track]:
    """Tracks with names of two languages, over all four quadrants."""
    places = [(0.7, 0.6), (-0.6, 0.7), (0.5, -0.6), (-0.7, -0.5)]
    genres = ("pop", "indie", "jazz", "ballad")
    tracks = []
    for n in range(size):
        title, artist, album = TITLES[n % len(TITLES)]
        lap = n // len(TITLES)
        tracks.append(
            Track(
                id=TrackId(f"{n:016x}"),
                title=f"{title} {lap}" if lap else title,
                artist=artist,
                album=album,
                genres=(genres[n % 4],),
                year=1990 + n % 30,
                duration_seconds=200.0,
                valence=places[n % 4][0],
                arousal=places[n % 4][1],
            )
        )
    return {track.id: track for track in tracks}


@dataclass
class PageStage:
    """A device's page on a port of its own. `with` starts and ends it."""

    folder: Path
    settings: DeviceSettings = field(default_factory=DeviceSettings)
    library: dict[TrackId, Track] = field(default_factory=page_library)
    photo_answer: PhotoAnalysed | PhotoRefused | None = None
    covers: dict[str, bytes] = field(default_factory=dict)
    most_upload_bytes: int = 500_000
    upload_patience_seconds: float = 30.0
    free_bytes: int = 1 << 40
    """On the disk of the music."""
    full_after: int | None = None
    """The disk takes only so many more bytes."""

    def __post_init__(self) -> None:
        self.stage = Stage(self.settings, self.library)
        self.lock = threading.RLock()
        self.now = 1000.0
        """The page's clock: sessions, limits, back-off."""
        self.commands: list[tuple[str, str]] = []
        self.photos: list[bytes] = []
        self.restarted = self.looked_for_music = 0
        self.uploads = Uploads(
            self.folder / "music",
            most_bytes=self.most_upload_bytes,
            spare_bytes=1_000_000,
            patience_seconds=self.upload_patience_seconds,
            free=lambda _folder: self.free_bytes,
            write=self._write,
        )
        self.faces: events.FacesSeen | None = None
        self.answers = Answers(self.take, lambda: self.stage.at)
        self.shelves = Shelves(self._judged)
        self.shelves.put(self.library.values())
        self._remote = RemoteRecommender(
            "stage",
            lambda _: False,
            None,  # type: ignore[arg-type] # nothing is sent, so nothing is read
            put=lambda _: None,
            take_pack=lambda _library, _content: None,
            clock=lambda: self.stage.at,
        )
        self._player, self._journal = FakePlayer(self.take, durations={}), Journal()
        self._snapshot = Status()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        house = House(
            settings=self.settings,
            folder=self.folder,
            status=lambda: self._snapshot,
            answers=self.answers,
            shelves=self.shelves,
            cover=self.covers.get,
            photo=self._photo,
            uploads=self.uploads,
            look_for_music=self._look_for_music,
            restart=self._restart,
            clock=lambda: self.now,
            unix_clock=time.time,
        )
        self.server = WebServer(house, self.listener)

    def take(self, event: events.Event) -> None:
        """An event to core, and what it answers to whoever asked."""
        with self.lock:
            if isinstance(event, events.CommandGiven):
                self.commands.append((event.name, event.argument))
            if isinstance(event, events.FacesSeen):
                self.faces = event
            done = self.stage.happen(event)  # type: ignore[arg-type] # every event is one
            self.refresh()
            for effect in done:
                if isinstance(effect, effects.SetCamera):
                    self.camera(on=effect.on)
            for effect in done:
                if isinstance(effect, effects.Answered):
                    self.answers.give(effect)

    def camera(self, *, on: bool) -> None:
        """What vision would report."""
        state = "on" if on else "off"
        self.take(events.CameraChanged(at=self.stage.at, state=CameraState(state)))

    def refresh(self) -> None:
        """A new snapshot."""
        self._snapshot = look(
            self.stage.core,
            library=self.library,
            faces=self.faces,
            remote=self._remote,
            player=self._player,
            sound_driver="none",
            journal=self._journal,
            scanned=(len(self.library), len(self.library)),
            now=self.stage.at,
        )

    def see(self, emotion: str, seconds: float = 30.0, certainty: float = 0.9) -> None:
        """Somebody stands before the camera for so long."""
        with self.lock:
            face = make_face(emotion, certainty)
            self.faces = events.FacesSeen(at=self.stage.at, faces=(face,))
            self.stage.wait(seconds, (face,))
            self.refresh()

    def wait(self, seconds: float) -> None:
        """Time goes by for core."""
        with self.lock:
            self.stage.wait(seconds)
            self.refresh()

    def replace(self, **changes: object) -> None:
        """A status with these parts changed, for as long as core does nothing."""
        self._snapshot = msgspec.structs.replace(self._snapshot, **changes)

    def _photo(self, content: bytes) -> PhotoAnalysed | PhotoRefused:
        self.photos.append(content)
        seen = PhotoAnalysed(photo="p", width=640, height=480, faces=(PHOTO_FACE,))
        return self.photo_answer or seen

    def _write(self, file: int, content: memoryview) -> int:
        if self.full_after is not None:
            if self.full_after < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.full_after -= len(content)
        return os.write(file, content)

    def _look_for_music(self) -> None:
        self.looked_for_music += 1

    def _restart(self) -> None:
        self.restarted += 1

    def _judged(self, verdict: str) -> list[TrackId]:
        core = self.stage.core
        return sorted(core.liked if verdict == "liked" else core.banned)

    def __enter__(self) -> Self:
        self.stage.begin()
        self.refresh()
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
