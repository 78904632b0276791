"""The day's schedule of a café or a household: pure, by the wall clock that a Tick brings."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contracts.messages import Level, Policy, Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Tags = Annotated[tuple[Tag, ...], msgspec.Meta(max_length=16)]

DAY_SECONDS = 86_400
HOUR_SECONDS = 3600
THURSDAY = 3
"""1970-01-01 was one."""


class Daypart(msgspec.Struct, frozen=True, kw_only=True):
    """What holds between two times of day, over midnight when `until` is before `start`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    start: ClockTime
    """Local time, `07:30`."""
    until: ClockTime
    """When it ends; the same as `start` is a whole day."""
    days: tuple[Day, ...] = DAYS  # type: ignore[assignment] # mypy takes them for any words
    """On which it starts."""
    policy: Policy | None = None
    """None leaves these as they are set without dayparts."""
    volume: Level | None = None
    """Set once, when the daypart begins."""
    volume_ceiling: Level | None = None
    prefer_tags: Tags = ()
    avoid_tags: Tags = ()
    allow_explicit: bool = True
    quiet: bool = False
    """No music, unless a listener starts it by hand."""


class LocalTime(msgspec.Struct, frozen=True):
    """A moment of a week."""

    day: int
    """0 is Monday."""
    seconds: int
    """Since midnight."""

    @property
    def hour(self) -> float:
        """0 to 24, with its fraction."""
        return self.seconds / HOUR_SECONDS


def local_time(unix_seconds: float, utc_offset_seconds: int) -> LocalTime:
    """Day of the week and time of day by the clock on the wall."""
    days, seconds = divmod(int(unix_seconds) + utc_offset_seconds, DAY_SECONDS)
    return LocalTime((days + THURSDAY) % len(DAYS), seconds)


def daypart_at(schedule: Sequence[Daypart], now: LocalTime) -> Daypart | None:
    """The daypart that holds; where several do, the first of the schedule."""
    return next((part for part in schedule if _holds(part, now)), None)


def _holds(part: Daypart, now: LocalTime) -> bool:
    start, until = clock_seconds(part.start), clock_seconds(part.until)
    if start < until:
        return DAYS[now.day] in part.days and start <= now.seconds < until
    yesterday = DAYS[now.day - 1]
    return (DAYS[now.day] in part.days and now.seconds >= start) or (
        yesterday in part.days and now.seconds < until
    )


@cache
def clock_seconds(clock: str) -> int:
    """Seconds from midnight until a clock shows this."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * HOUR_SECONDS + int(minutes) * 60
