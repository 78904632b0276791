"""Core's clocks: the machine's own, or faster and leaping ones for tests of years.

With `MLFYM_CLOCK_SPEED` in the environment (a number from 1 on) core lives through so many
seconds while one goes by. `MLFYM_CLOCK_LEAP` names a file of seconds that the wall clock is ahead,
looked at whenever core looks at the clock. No settings: a speaker has no use for them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from device.events import Event

SPEED, LEAP = "MLFYM_CLOCK_SPEED", "MLFYM_CLOCK_LEAP"


class Pace:
    """Two clocks that go at the same speed.

    Args:
        environment: where the speed may stand, and the file of leaps; what is no number from 1
            on counts as 1.
        monotonic: seconds of the machine since some start.
        unix: its seconds since 1970.

    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        monotonic: Callable[[], float] = time.monotonic,
        unix: Callable[[], float] = time.time,
    ) -> None:
        asked = environment.get(SPEED, "")
        self._speed = max(1.0, float(asked)) if asked.replace(".", "", 1).isdecimal() else 1.0
        self._leap = Path(environment[LEAP]) if environment.get(LEAP) else None
        self._monotonic, self._unix = monotonic, unix
        self._began, self._unix_began = monotonic(), unix()

    def monotonic(self) -> float:
        """Seconds; the machine's own at speed 1."""
        now = self._monotonic()
        return now + (self._speed - 1.0) * (now - self._began)

    def unix(self) -> float:
        """Seconds since 1970; the machine's own at speed 1, whose leaps are its own too."""
        ahead = (self._speed - 1.0) * (self._monotonic() - self._began)
        return self._unix() + ahead + self._leapt()

    def _leapt(self) -> float:
        if self._leap is None:
            return 0.0
        try:
            return float(self._leap.read_text("ascii"))
        except (OSError, ValueError):
            return 0.0

    def stamped(self, put: Callable[[Event], None]) -> Callable[[Event], None]:
        """`put` for who knows the machine's clock alone: what it says happened now, happened now.

        Decoders and sound cards take as long as they take, whatever core's clock says.
        """
        if self._speed == 1.0:
            return put
        return lambda event: put(msgspec.structs.replace(event, at=self.monotonic()))
