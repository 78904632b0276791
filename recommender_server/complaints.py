"""Bad messages: counted always, said at most once a minute, so that no client fills the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0


class Complaints:
    """Counts what was refused."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said_at: float | None = None
        self._unsaid = 0
        self.total = 0

    def about(self, problem: object) -> bool:
        """Count a problem; True when it was also logged."""
        self.total += 1
        self._unsaid += 1
        now = self._clock()
        if self._said_at is not None and now - self._said_at < EVERY_SECONDS:
            return False
        log.warning("%d message(s) refused, the last: %.300s", self._unsaid, problem)
        self._said_at, self._unsaid = now, 0
        return True
