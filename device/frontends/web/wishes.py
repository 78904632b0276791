"""Guests' wishes: so many a guest and quarter of an hour, and staff may close them.

What may be wished for is core's to say (`wish`): the daypart, explicit words, bans. How often, is
said here, since guests are known by their browser and its address alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_REMEMBERED = 5000


class Wishes:
    """Who wished when, by any mark that they are known by; in memory alone."""

    def __init__(self, minutes: float, clock: Callable[[], float]) -> None:
        self._seconds, self._clock = minutes * 60, clock
        self._at: OrderedDict[str, float] = OrderedDict()
        self.open = True
        """Staff may close them; open again after a restart."""

    def wait_seconds(self, marks: Sequence[str]) -> float:
        """How long until whoever has one of these marks may wish again; 0: now."""
        now = self._clock()
        latest = max((self._at.get(mark, float("-inf")) for mark in marks), default=float("-inf"))
        return max(0.0, latest + self._seconds - now)

    def granted(self, marks: Sequence[str]) -> None:
        """Count a wish that came true."""
        for mark in marks:
            self._at[mark] = self._clock()
            self._at.move_to_end(mark)
        while len(self._at) > MOST_REMEMBERED:
            self._at.popitem(last=False)
