"""Who is who: cookies of guests and of staff, two kinds that never become one another.

Kept in memory alone: a restart forgets everybody, and nothing of a guest is written anywhere.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GUEST_COOKIE, STAFF_COOKIE = "mlfym_guest", "mlfym_staff"
MOST_GUESTS = 2000
MOST_STAFF = 16
STAFF_IDLE_SECONDS = 1800.0
TOKEN_BYTES = 24


@dataclass
class Guest:
    """Somebody with a browser; no name, no address, nothing that outlives the program."""

    token: str
    streams: int = 0
    """Event streams that are open."""
    commands: list[float] = field(default_factory=list)
    """Monotonic seconds of the latest commands, for the limit on them."""


class Guests:
    """The latest MOST_GUESTS guests by the token in their cookie."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Guest] = OrderedDict()

    def find(self, token: str) -> Guest | None:
        """The guest with this token, if it is remembered."""
        guest = self._known.get(token)
        if guest:
            self._known.move_to_end(token)
        return guest

    def welcome(self) -> Guest:
        """A new guest; the one not seen for longest is forgotten for it."""
        guest = Guest(secrets.token_urlsafe(TOKEN_BYTES))
        self._known[guest.token] = guest
        if len(self._known) > MOST_GUESTS:
            idle = next((t for t, g in self._known.items() if not g.streams), None)
            del self._known[idle or next(iter(self._known))]
        return guest


class Paces:
    """When what was done last, by any mark that somebody is known by; the latest marks alone."""

    def __init__(self) -> None:
        self._done: OrderedDict[str, list[float]] = OrderedDict()

    def of(self, mark: str) -> list[float]:
        """Monotonic seconds, to be added to."""
        done = self._done.setdefault(mark, [])
        self._done.move_to_end(mark)
        while len(self._done) > MOST_GUESTS:
            self._done.popitem(last=False)
        return done


class Staff:
    """Staff that gave the PIN; each is forgotten after half an hour without a hand on the page."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen_at: OrderedDict[str, float] = OrderedDict()

    def enter(self) -> str:
        """A new token."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._seen_at[token] = self._clock()
        while len(self._seen_at) > MOST_STAFF:
            self._seen_at.popitem(last=False)
        return token

    def knows(self, token: str, *, active: bool) -> bool:
        """Whether the token is staff's; `active` counts as a hand on the page."""
        seen_at = self._seen_at.get(token)
        if seen_at is None:
            return False
        if self._clock() - seen_at > STAFF_IDLE_SECONDS:
            del self._seen_at[token]
            return False
        if active:
            self._seen_at[token] = self._clock()
        return True

    def leave(self, token: str) -> None:
        """Forget it."""
        self._seen_at.pop(token, None)

    def leave_all(self) -> None:
        """Forget all of them: the PIN is another."""
        self._seen_at.clear()
