"""Questions that a server was asked, and how long its answers took."""

from __future__ import annotations

import statistics
from collections import deque

ROUND_TRIPS_KEPT = 200
QUESTIONS_KEPT = 16
"""Asked and not answered: what a server took so long for still counts among its round trips."""


class RoundTrips:
    """What is still to be answered, and the latest answers' times."""

    def __init__(self) -> None:
        self._asked: dict[str, tuple[float, str]] = {}
        self.latest = ""
        """The question asked last."""
        self.sent = 0
        self.answered = 0
        self.milliseconds: deque[float] = deque(maxlen=ROUND_TRIPS_KEPT)
        """Of the latest answers, oldest first."""

    @property
    def open(self) -> tuple[str, ...]:
        """Questions that may still be answered, oldest first."""
        return tuple(self._asked)

    @property
    def median_ms(self) -> float | None:
        """Median over the latest answers."""
        return statistics.median(self.milliseconds) if self.milliseconds else None

    def ask(self, request: str, library: str, at: float) -> None:
        """Count a question about a library at monotonic second `at`."""
        self._asked[request] = (at, library)
        self.latest = request
        for older in list(self._asked)[:-QUESTIONS_KEPT]:
            del self._asked[older]
        self.sent += 1

    def answer(self, request: str, at: float) -> str | None:
        """The library that a question was about; None when it was answered before, or not ours."""
        asked_at, library = self._asked.pop(request, (None, ""))
        if asked_at is None:
            return None
        self.answered += 1
        self.milliseconds.append((at - asked_at) * 1000)
        return library
