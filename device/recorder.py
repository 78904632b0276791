"""Records what happens as lines of JSON, for `./mlfym replay`: events, never a picture.

Off unless the settings name a file. Faces are recorded as vision tells them: boxes and
probabilities. Failure policy: a disk that takes nothing ends the recording, not the music.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contracts.track import Track
from device.dayparts import Daypart
from device.events import AnyEvent
from device.settings import (
    CameraSettings,
    DeviceSettings,
    MoodSettings,
    MusicSettings,
    PresenceSettings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device.events import Event

log = logging.getLogger(__name__)


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What a core was made with; no address, no password, no place of a file."""

    boot: str
    mood: MoodSettings = MoodSettings()
    music: MusicSettings = MusicSettings()
    presence: PresenceSettings = PresenceSettings()
    camera: CameraSettings = CameraSettings()
    dayparts: tuple[Daypart, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a recording: one of these."""

    beginning: Beginning | None = None
    library: tuple[Track, ...] | None = None
    """The library is this from now on."""
    event: AnyEvent | None = None


def beginning_of(settings: DeviceSettings, boot: str) -> Beginning:
    """What of the settings a replay needs."""
    music = msgspec.structs.replace(settings.music, lists_folder="", questions_file="")
    camera = CameraSettings(masks=settings.camera.masks)
    return Beginning(
        boot=boot,
        mood=settings.mood,
        music=music,
        presence=settings.presence,
        camera=camera,
        dayparts=settings.dayparts,
    )


class Recorder:
    """Appends to a file until it has so many bytes; without a file it does nothing."""

    def __init__(self, settings: DeviceSettings, boot: str) -> None:
        name = settings.record.events_file
        if name and settings.web.cafe:
            log.warning("no recording: in a café nothing is kept of single guests")
            name = ""
        self._left = int(settings.record.max_megabytes * 1e6) if name else 0
        self._path = Path(name).expanduser()
        if name:
            log.info("recording events to %s", self._path)
            self._write(Line(beginning=beginning_of(settings, boot)), "wb")

    def library(self, tracks: Iterable[Track]) -> None:
        """The library changed."""
        if self._left:
            self._write(Line(library=tuple(tracks)))

    def event(self, event: Event) -> None:
        """Something happened."""
        if self._left:
            self._write(Line(event=event))  # type: ignore[arg-type] # every event is one of the union

    def _write(self, line: Line, mode: str = "ab") -> None:
        packet = msgspec.json.encode(line) + b"\n"
        self._left = max(0, self._left - len(packet))
        try:
            with self._path.open(mode) as file:
                file.write(packet)
        except OSError as error:
            log.warning("the recording ends: %s: %s", self._path, error.strerror)
            self._left = 0
            return
        if not self._left:
            log.warning("the recording ends: %s is as large as it may be", self._path)
