"""What guests may wish for, and how often: the staff's word, else that of the settings."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import msgspec

from device.dayparts import (
    DAY_SECONDS,
    DAYS,
    ClockTime,
    LocalTime,
    clock_seconds,
    daypart_at,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.dayparts import Daypart

OPEN, CLOSED = "open", "closed"


class Closed(StrEnum):
    """Why no wishes are taken from anybody."""

    OFF = "off"
    """Staff take none."""
    QUIET = "quiet"
    """It is a quiet time of the schedule."""
    FULL = "full"
    """As many wait as may."""


class Taking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether wishes are taken now; said before anybody searches for a song."""

    closed: Closed | None = None
    """None: they are."""
    until: ClockTime | None = None
    """When a quiet time ends, by the clock on the wall; None where nobody knows."""


class WishRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How guests' wishes are limited; staff themselves are not."""

    open: bool = True
    """Whether guests may wish at all."""
    minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] = 15.0
    """A guest may wish for one song in so many minutes."""
    explicit: bool = True
    """Songs with explicit words too, where settings and daypart allow them."""
    most_waiting: Annotated[int, msgspec.Meta(ge=1, le=100)] = 30
    """So many may wait at a time: nobody waits two hours for a song."""


class WishRulesError(ValueError):
    """The words describe no rules; says how they are written."""


def changed(rules: WishRules, argument: str) -> WishRules:
    """Rules with what the argument says: `open`, `closed`, or JSON of some of their fields.

    Raises:
        WishRulesError: it is none of these, or out of range.

    """
    if argument in {OPEN, CLOSED}:
        return msgspec.structs.replace(rules, open=argument == OPEN)
    try:
        said = msgspec.json.decode(argument, type=dict[str, object])
        return msgspec.convert({**msgspec.to_builtins(rules), **said}, WishRules)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        msg = f'wishes: {error}; write {OPEN}, {CLOSED}, or {{"minutes": 15, "explicit": false}}'
        raise WishRulesError(msg) from error


def quiet_until(schedule: Sequence[Daypart], now: LocalTime) -> ClockTime | None:
    """When the quiet that holds now ends; None when a day from now it is quiet still.

    One quiet daypart may begin as another ends, so only the schedule as a whole can tell.
    """
    edges = {clock for part in schedule for clock in (part.start, part.until)}
    ahead = sorted((_seconds_to(clock, now), clock) for clock in edges)
    return next((clock for wait, clock in ahead if not _quiet(schedule, _later(now, wait))), None)


def _seconds_to(clock: ClockTime, now: LocalTime) -> int:
    """From now on until the clock shows this the next time: 1 to a whole day."""
    return (clock_seconds(clock) - now.seconds - 1) % DAY_SECONDS + 1


def _later(now: LocalTime, seconds: int) -> LocalTime:
    days, rest = divmod(now.seconds + seconds, DAY_SECONDS)
    return LocalTime((now.day + days) % len(DAYS), rest)


def _quiet(schedule: Sequence[Daypart], at: LocalTime) -> bool:
    part = daypart_at(schedule, at)
    return part is not None and part.quiet
