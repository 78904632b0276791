"""What a command is: what it takes, what it does, and what whoever gave it is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.track import Track, TrackId
    from device.core import Core
    from device.effects import Effect

_TRACK_ID = re.compile(r"[0-9a-f]{16}")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?([0-5]?\d):([0-5]\d)")
MOST_DIGITS = 6


class CommandError(ValueError):
    """The device knows no such command or argument, or cannot do it now; says what it can.

    Args:
        text: in English.
        code: a word for it that a page has in every language, where there is one.

    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class Done(NamedTuple):
    """What came of a command."""

    effects: list[Effect]
    text: str
    """For whoever gave it."""


@dataclass(frozen=True)
class Command:
    """One thing that a listener, a guest or staff can tell the device.

    `run` takes the core, the argument and the monotonic second; it raises a CommandError for
    what cannot be done now. `check` raises one for an argument that is never right.
    """

    run: Callable[[Core, str, float], Done]
    says: str
    """What it does, in words."""
    takes: str = ""
    """What its argument is, in words."""
    choices: tuple[str, ...] = ()
    """The only arguments, if they are few."""
    check: Callable[[str], object] | None = None


def number(text: str, what: str, low: float, high: float) -> int:
    """A whole number within these bounds.

    Raises:
        CommandError: it is none.

    """
    plain = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    if not plain or not low <= int(text) <= high:
        msg = f"{what} {text!r}: give a number from {low:g} to {high:g}"
        raise CommandError(msg)
    return int(text)


def step(text: str, what: str, high: int) -> tuple[int, int]:
    """Sign and amount of `40`, `+5` or `-5`; the sign of a plain number is 0.

    Raises:
        CommandError: it is none of these.

    """
    sign = {"+": 1, "-": -1}.get(text[:1], 0)
    return sign, number(text[1:] if sign else text, what, 0, high)


def position(text: str) -> tuple[int, int]:
    """Sign and seconds of `90`, `1:30`, `+10` or `-10`.

    Raises:
        CommandError: it is none of these.

    """
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return 0, hours * 3600 + minutes * 60 + seconds
    return step(text, "seek", 86_400)


def track_ids(text: str) -> tuple[TrackId, ...]:
    """Ids of tracks, with commas or spaces between them.

    Raises:
        CommandError: something among them is no id, or there is none.

    """
    words = text.replace(",", " ").split()
    wrong = next((word for word in words if not _TRACK_ID.fullmatch(word)), None)
    if wrong is not None or not words:
        msg = f"{wrong or ''!r} is no track: give the id that search or the queue shows"
        raise CommandError(msg)
    return tuple(dict.fromkeys(words))  # type: ignore[arg-type] # a NewType of str


def track_or_nothing(text: str) -> object:
    """Check that the argument is one track's id, or empty for the one that plays."""
    return track_ids(text)[0] if text else None


def known_track(core: Core, track: TrackId) -> Track:
    """A track of the library.

    Raises:
        CommandError: it is not in it.

    """
    known = core.library.get(track)
    if known is None:
        msg = f"the track {track} is not in the library (any more)"
        raise CommandError(msg)
    return known


def meant(core: Core, argument: str) -> Track:
    """The track that is named, else the one that is on.

    Raises:
        CommandError: it is not in the library, or none is on.

    """
    if argument:
        return known_track(core, track_ids(argument)[0])
    if core.deck.playing is None:
        msg = "nothing plays: name a track, or play something first"
        raise CommandError(msg, "nothing_plays")
    return known_track(core, core.deck.playing.track)


def titled(track: Track) -> str:
    """Title and artist."""
    return f"{track.title}, {track.artist}" if track.artist else track.title
