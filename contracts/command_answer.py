"""What came of a command, told to whoever listens on the bus."""

from __future__ import annotations

from typing import Annotated

import msgspec

from contracts.messages import Message


class CommandAnswer(Message, frozen=True, kw_only=True):
    """What came of a command that was given over MQTT, with that message's correlation data."""

    command: Annotated[str, msgspec.Meta(max_length=64)]
    """Its name, cut where it is too long for one."""
    refused: bool = False
    text: str = ""
    """What was done, or why it was not and what to do instead; empty when it tells of a guest."""
