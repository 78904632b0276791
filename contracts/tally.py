"""Counts what a stranger can cause at any rate, and says so at most once a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger

SAY_EVERY_SECONDS = 60.0


class Tally:
    """A counter that logs the first and then once a minute, with the latest example."""

    def __init__(self, log: Logger, what: str, clock: Callable[[], float]) -> None:
        self._log, self._what, self._clock = log, what, clock
        self.total = 0
        self._unsaid = 0
        self._said_at = float("-inf")

    def count(self, example: str) -> None:
        """Count one."""
        self.total += 1
        self._unsaid += 1
        now = self._clock()
        if now - self._said_at >= SAY_EVERY_SECONDS:
            self._log.warning("%d %s, the last: %.200s", self._unsaid, self._what, example)
            self._said_at, self._unsaid = now, 0
