"""How many guests there were in a day and in which moods: sums that no guest can be found in.

A guest's mood is added in memory. Only when AT_ONCE guests have come together are they added to
the day's sums, which are kept and shown: whoever looks after each guest sees nothing change, or
five at a time. What is not yet five is forgotten with the next start.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from contracts.mood import MoodClass

AT_ONCE = 5
DAYS_KEPT = 31
EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


class DayTotals(msgspec.Struct, frozen=True, kw_only=True):
    """One day's sums."""

    day: str
    """2026-01-31, by the clock on the wall."""
    moods: dict[str, Annotated[int, msgspec.Meta(ge=0)]]
    """Guests by the mood that they left with, `unknown` too; their sum is a multiple of five."""


class Tally:
    """Counts guests; tells sums alone."""

    def __init__(self) -> None:
        self._waiting: list[MoodClass] = []
        self.days: tuple[DayTotals, ...] = ()
        """Newest last."""

    def add(self, mood: MoodClass, day_number: int) -> None:
        """A guest has left with this mood, so many days after 1970-01-01."""
        self._waiting.append(mood)
        if len(self._waiting) < AT_ONCE:
            return
        day = dt.date.fromordinal(EPOCH_ORDINAL + day_number).isoformat()
        today = next((one for one in self.days if one.day == day), DayTotals(day=day, moods={}))
        sums = Counter(today.moods) + Counter(str(mood) for mood in self._waiting)
        self._waiting.clear()
        others = [one for one in self.days if one.day != day]
        self.days = (*others, DayTotals(day=day, moods=dict(sorted(sums.items()))))[-DAYS_KEPT:]

    def forget(self) -> None:
        """As if nobody had been there."""
        self._waiting.clear()
        self.days = ()
