"""Guests' wishes: one a guest in so many minutes, as staff want it.

What may be wished for is core's to say (`wish`): the daypart, explicit words, bans. Who wished
when is known here, since guests are known by their browser and its address alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from device.wish_rules import WishRules

MOST_REMEMBERED = 5000


class Wishes:
    """Who wished when, by any mark that they are known by; in memory alone."""

    def __init__(self, rules: Callable[[], WishRules], clock: Callable[[], float]) -> None:
        self._rules, self._clock = rules, clock
        self._at: OrderedDict[str, float] = OrderedDict()

    @property
    def rules(self) -> WishRules:
        """What staff want, as core has it."""
        return self._rules()

    def wait_seconds(self, marks: Sequence[str]) -> float:
        """How long until whoever has one of these marks may wish again; 0: now."""
        now = self._clock()
        latest = max((self._at.get(mark, float("-inf")) for mark in marks), default=float("-inf"))
        return max(0.0, latest + self.rules.minutes * 60 - now)

    def granted(self, marks: Sequence[str]) -> None:
        """Count a wish that came true."""
        for mark in marks:
            self._at[mark] = self._clock()
            self._at.move_to_end(mark)
        while len(self._at) > MOST_REMEMBERED:
            self._at.popitem(last=False)
