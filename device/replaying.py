"""A recorded session once more, through the same core: nothing is heard, everything is decided.

The core is pure, so the decisions are those of the device, to the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from device.core import Core
from device.recorder import Line
from device.settings import DeviceSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from contracts.track import Track, TrackId
    from device.effects import Effect
    from device.events import Event
    from device.questions import Questions


class RecordingError(ValueError):
    """A line is none of a recording's; says which and what to do."""


class Step(NamedTuple):
    """One event and what came of it."""

    core: Core
    event: Event
    effects: list[Effect]


def replay(lines: Iterable[bytes], questions: Questions) -> Iterator[Step]:
    """Every event of a recording with what the core made of it.

    A last line that was cut off, as by a power cut, ends the replay.

    Raises:
        RecordingError: it does not begin as a recording, or a line in its middle is none.

    """
    library: dict[TrackId, Track] = {}
    core: Core | None = None
    for line in _decoded(lines):
        if line.beginning:
            kept = line.beginning
            settings = DeviceSettings(
                mood=kept.mood,
                music=kept.music,
                presence=kept.presence,
                camera=kept.camera,
                dayparts=kept.dayparts,
            )
            core = Core(settings, library, kept.boot, questions)
        elif core is None:
            msg = "line 1: no recording begins so; give a file that record.events_file named"
            raise RecordingError(msg)
        elif line.library is not None:
            library.clear()
            library.update((track.id, track) for track in line.library)
        elif line.event is not None:
            yield Step(core, line.event, core.handle(line.event))


def _decoded(lines: Iterable[bytes]) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(Line)
    broken = ""
    for number, line in enumerate(lines, start=1):
        if broken:  # only the end of a recording may be missing
            raise RecordingError(broken)
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            broken = f"line {number}: not of a recording: {error}"
            if number == 1:
                raise RecordingError(broken) from error
