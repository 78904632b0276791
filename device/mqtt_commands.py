"""Commands over MQTT: `command/<name>` with the argument as payload; a retained one is ignored."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from contracts import topics
from contracts.tally import Tally
from device.commands import CommandError, checked
from device.events import CommandGiven

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.bus import Publication
    from device.events import Event

log = logging.getLogger(__name__)

MAX_ARGUMENT_BYTES = 4096
AT_THE_DEVICE = frozenset({"guest_begin", "mounting", "pin_reset"})
"""Only who stands before it can say that a notice was read, that the camera hangs right, or that
the staff's PIN was forgotten."""


class MqttCommands:
    """Turns messages into events; what is no command is counted and dropped."""

    def __init__(
        self, device_id: str, put: Callable[[Event], None], clock: Callable[[], float]
    ) -> None:
        self._prefix = topics.of_device(device_id, f"{topics.COMMAND}/")
        self._put, self._clock = put, clock
        self._refused = Tally(log, "commands over MQTT refused", clock)

    @property
    def subscription(self) -> str:
        """Topics that `receive` wants."""
        return f"{self._prefix}+"

    def receive(self, publication: Publication) -> bool:
        """Take a message; False when it is not on a command topic."""
        if not publication.topic.startswith(self._prefix):
            return False
        name = publication.topic.removeprefix(self._prefix)
        if publication.retain:
            self._refused.count(f"{name} was retained: publish commands without retain")
            return True
        if len(publication.payload) > MAX_ARGUMENT_BYTES:
            self._refused.count(f"{name} has more than {MAX_ARGUMENT_BYTES} bytes")
            return True
        argument = publication.payload.decode("utf-8", "replace")
        if name in AT_THE_DEVICE:
            self._refused.count(f"{name} is given at the device itself")
            return True
        try:
            checked(name, argument)
        except CommandError as error:
            self._refused.count(str(error))
        else:
            self._put(CommandGiven(at=self._clock(), name=name, argument=argument))
        return True
