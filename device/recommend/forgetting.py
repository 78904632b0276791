"""The listeners' wish that the recommender server forgets them: kept until the server has done it.

The server may be away for weeks, and a message may come twice or late. So each try has an id of
its own and is worth nothing after a few seconds, and what is done meanwhile waits in the outbox,
lest the server erase that too.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Protocol

from contracts import topics
from contracts.forgetting import Forget, ForgetAck
from contracts.messages import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

KEY = "forget"
HISTORY, OPINIONS = "history", "opinions"
AGAIN_SECONDS = 5.0
"""Between two tries; also how long nothing is sent before the first, so that nothing of before is
still on its way."""
OUTBOX_WAITS_TRIES = 6
"""A server that does not know the message, or a broker that lets nobody send it, must not keep the
outbox for ever."""
RARELY_SECONDS = 300.0


class Shelf(Protocol):
    """Keeps values over restarts."""

    def get(self, key: str) -> str | None:
        """A value that was put."""

    def put(self, key: str, value: str) -> None:
        """Keep a value."""


class MemoryShelf:
    """A shelf that is empty after every start."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        """As `Shelf` says."""
        return self._values.get(key)

    def put(self, key: str, value: str) -> None:
        """As `Shelf` says."""
        self._values[key] = value


def wish(shelf: Shelf, *, opinions: bool) -> None:
    """Want the server to forget what was heard; with `opinions` likes and bans too.

    Raises:
        StoreError: it cannot be kept.

    """
    shelf.put(KEY, OPINIONS if opinions or shelf.get(KEY) == OPINIONS else HISTORY)


class Forgetting:
    """Asks the server until it has forgotten; `send` takes a topic's leaf and a payload."""

    def __init__(
        self, shelf: Shelf, send: Callable[[str, bytes], None], clock: Callable[[], float]
    ) -> None:
        self._shelf, self._send, self._clock = shelf, send, clock
        self._tried_at, self._tries, self._try = float("-inf"), 0, Forget(id="none")

    @property
    def holds_outbox(self) -> bool:
        """Whether what was done since has to wait."""
        return self._wanted != "" and self._tries <= OUTBOX_WAITS_TRIES

    def tick(self, quiet_since: float) -> None:
        """Ask if it is wanted and due; nothing was sent since monotonic second `quiet_since`."""
        wanted, now = self._wanted, self._clock()
        patience = AGAIN_SECONDS if self._tries < OUTBOX_WAITS_TRIES else RARELY_SECONDS
        if not wanted or now - max(quiet_since, self._tried_at) < patience:
            return
        self._tries, self._tried_at = self._tries + 1, now
        if self._tries == OUTBOX_WAITS_TRIES + 1:
            log.warning(
                "the recommender server does not answer the wish to be forgotten: update it,"
                " and the broker's access list; it is asked again every %.0f s",
                RARELY_SECONDS,
            )
        self._try = Forget(id=secrets.token_hex(8), opinions=wanted == OPINIONS)
        self._send(topics.FORGET, encode(self._try))

    def take(self, payload: bytes) -> bool:
        """Whether this says that all that is wanted was done; then nothing is wanted any more.

        Raises:
            MessageError: it is no acknowledgement.

        """
        done = decode(payload, ForgetAck).id == self._try.id
        if not done or self._wanted != (OPINIONS if self._try.opinions else HISTORY):
            return False  # an older try, or more is wanted since
        self._shelf.put(KEY, "")
        self._tries = 0
        log.info("the recommender server has forgotten what was heard here")
        return True

    @property
    def _wanted(self) -> str:
        return self._shelf.get(KEY) or ""
