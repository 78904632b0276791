"""Brings commands to core from any thread, and core's answer back to whoever gave one."""

from __future__ import annotations

import itertools
import queue
import threading
from typing import TYPE_CHECKING

from device.commands import checked
from device.effects import Answered
from device.events import CommandGiven

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Event

PATIENCE_SECONDS = 1.5
"""Core answers within milliseconds, unless its disk stands still."""


class Answers:
    """Gives a command and waits for what came of it."""

    def __init__(self, put: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self._put, self._clock = put, clock
        self._waiting: dict[str, queue.SimpleQueue[Answered]] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def command(
        self, name: str, argument: str = "", *, patience_seconds: float = PATIENCE_SECONDS
    ) -> Answered:
        """Core's answer; one that says so when core takes longer: the command is not lost.

        Raises:
            CommandError: there is no such command, or its argument can never be right.

        """
        checked(name, argument)
        box: queue.SimpleQueue[Answered] = queue.SimpleQueue()
        with self._lock:
            ticket = f"t{next(self._numbers)}"
            self._waiting[ticket] = box
        self._put(CommandGiven(at=self._clock(), name=name, argument=argument, ticket=ticket))
        try:
            return box.get(timeout=patience_seconds)
        except queue.Empty:
            return Answered(name=name, text=f"{name} was taken, and will be done", ticket=ticket)
        finally:
            with self._lock:
                self._waiting.pop(ticket, None)

    def give(self, answer: Answered) -> None:
        """Core has answered."""
        with self._lock:
            box = self._waiting.get(answer.ticket)
        if box:
            box.put(answer)
