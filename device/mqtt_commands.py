"""Commands over MQTT: `command/<name>` with the argument as payload; a retained one is ignored."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING

from contracts import topics
from contracts.bus import Publication
from contracts.command_answer import CommandAnswer
from contracts.messages import encode
from contracts.tally import Tally
from device.commands import CommandError, checked
from device.events import CommandGiven

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.effects import Answered
    from device.events import Event

log = logging.getLogger(__name__)

MAX_ARGUMENT_BYTES = 4096
LONGEST_NAME = 64
AT_THE_DEVICE = frozenset({"guest_begin", "mounting", "pin_reset"})
"""Only who stands before it can say that a notice was read, that the camera hangs right, or that
the staff's PIN was forgotten."""


class MqttCommands:
    """Turns messages into events, and tells what came of each; a retained one is only counted."""

    def __init__(
        self,
        device_id: str,
        put: Callable[[Event], None],
        clock: Callable[[], float],
        publish: Callable[[Publication], bool] = lambda _: False,
    ) -> None:
        self._prefix = topics.of_device(device_id, f"{topics.COMMAND}/")
        self._answer = topics.of_device(device_id, topics.ANSWER)
        self._put, self._publish, self._clock = put, publish, clock
        self._refused = Tally(log, "commands over MQTT refused", clock)
        self._asked: dict[str, bytes] = {}
        """Correlation data of commands that core has not answered, by ticket."""
        self._numbers = itertools.count(1)

    @property
    def subscription(self) -> str:
        """Topics that `receive` wants."""
        return f"{self._prefix}+"

    def receive(self, publication: Publication) -> bool:
        """Take a message; False when it is not on a command topic."""
        if not publication.topic.startswith(self._prefix):
            return False
        name = publication.topic.removeprefix(self._prefix)
        if publication.retain:  # whoever gave it is long gone
            self._refused.count(f"{name} was retained: publish commands without retain")
            return True
        try:
            argument = _argument(name, publication.payload)
        except CommandError as error:
            self._refused.count(str(error))
            self._tell(name, str(error), publication.correlation, refused=True)
            return True
        ticket = f"m{next(self._numbers)}"
        self._asked[ticket] = publication.correlation
        self._put(CommandGiven(at=self._clock(), name=name, argument=argument, ticket=ticket))
        return True

    def answered(self, answer: Answered) -> None:
        """Core has answered a command; what was not given over MQTT is nothing to tell here."""
        correlation = self._asked.pop(answer.ticket, None)
        if correlation is not None:
            text = "" if answer.personal else answer.text
            self._tell(answer.name, text, correlation, refused=answer.refused)

    def _tell(self, name: str, text: str, correlation: bytes, *, refused: bool) -> None:
        answer = CommandAnswer(command=name[:LONGEST_NAME], text=text, refused=refused)
        self._publish(
            Publication(topic=self._answer, payload=encode(answer), correlation=correlation)
        )


def _argument(name: str, payload: bytes) -> str:
    """A command's argument out of its payload.

    Raises:
        CommandError: it cannot be given so; says what can be done instead.

    """
    if len(payload) > MAX_ARGUMENT_BYTES:
        msg = f"{name} has more than {MAX_ARGUMENT_BYTES} bytes"
        raise CommandError(msg)
    if name in AT_THE_DEVICE:
        msg = f"{name} is given at the device itself"
        raise CommandError(msg)
    argument = payload.decode("utf-8", "replace")
    checked(name, argument)
    return argument
