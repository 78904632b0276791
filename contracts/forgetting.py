"""How a device's listeners have themselves forgotten by the recommender server."""

from __future__ import annotations

from typing import Annotated

import msgspec

from contracts.messages import Identifier, Message


class Forget(Message, frozen=True, kw_only=True):
    """A device's listeners want the server to erase what they did there."""

    id: Identifier
    """Of this try; the next has another."""
    opinions: bool = False
    """Likes and bans too, else they stay without the moods beside them."""
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)] = 5000
    """A server that reads this later leaves it to the next try: what was done since is wanted."""


class ForgetAck(Message, frozen=True, kw_only=True):
    """What was kept of the device's listeners is no longer on the server's disk."""

    id: Identifier
    """Of the try."""
