"""A day in sums, for staff: nothing in it is of a single guest."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from device.history import Hour, by_hour
from device.totals import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from device.history import Heard
    from device.totals import DayTotals

HOURS = 24


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day."""

    day: str
    """2026-01-31, by the clock on the wall."""
    plays: int
    skipped: int
    songs: int
    """Different ones."""
    minutes: int
    """Of music."""
    hours: list[Hour]
    """24; in a café without moods."""
    moods: dict[str, int]
    """A café's guests by the mood that they left with."""
    guests: int
    step: int
    """They are shown so many at a time."""


def day_view(
    heard: Sequence[Heard], totals: Iterable[DayTotals], first_unix_seconds: float, *, cafe: bool
) -> Day:
    """The day that begins at this second, out of what was heard since then or before."""
    end = first_unix_seconds + HOURS * 3600
    plays = [one for one in heard if first_unix_seconds <= one.began_unix_seconds < end]
    hours = by_hour(plays, first_unix_seconds, HOURS)
    named = datetime.fromtimestamp(first_unix_seconds).astimezone().date().isoformat()
    moods = next((one.moods for one in totals if one.day == named), {})
    return Day(
        day=named,
        plays=len(plays),
        skipped=sum(hour.skipped for hour in hours),
        songs=len({one.track.id for one in plays}),
        minutes=round(sum(one.seconds for one in plays) / 60),
        hours=[msgspec.structs.replace(h, valence=None) for h in hours] if cafe else hours,
        moods=moods if cafe else {},
        guests=sum(moods.values()) if cafe else 0,
        step=AT_ONCE,
    )
