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
        self._waiting: dict[str, Callable[[Answered], object]] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def command(
        self, name: str, argument: str = "", *, patience_seconds: float = PATIENCE_SECONDS
    ) -> Answered:
        """Core's answer; one that says so when core takes longer: the command is not lost.

        Raises:
            CommandError: there is no such command, or its argument can never be right.

        """
        box: queue.SimpleQueue[Answered] = queue.SimpleQueue()
        ticket = self.ask(name, argument, box.put)
        try:
            return box.get(timeout=patience_seconds)
        except queue.Empty:
            return Answered(name=name, text=f"{name} was taken, and will be done", ticket=ticket)
        finally:
            with self._lock:
                self._waiting.pop(ticket, None)

    def ask(self, name: str, argument: str, told: Callable[[Answered], object]) -> str:
        """Give a command; its ticket. Core's thread will call `told` once, with the answer.

        Raises:
            CommandError: there is no such command, or its argument can never be right.

        """
        checked(name, argument)
        with self._lock:
            ticket = f"t{next(self._numbers)}"
            self._waiting[ticket] = told
        self._put(CommandGiven(at=self._clock(), name=name, argument=argument, ticket=ticket))
        return ticket

    def give(self, answer: Answered) -> None:
        """Core has answered."""
        with self._lock:
            told = self._waiting.pop(answer.ticket, None)
        if told:
            told(answer)
