"""Event streams: one look at the device for everybody, however many pages are open.

A status is encoded once for guests and once for staff, and the same bytes go to every stream. A
page that reads slowly gets the newest when it is ready and never what it missed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from device.frontends.web.view import Teller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from device.frontends.web.sessions import Guest
    from device.status import Status

LOOK_SECONDS = 0.25
KEEP_ALIVE_SECONDS = 15.0
MOST_A_GUEST = 6
"""Open tabs of one browser that are kept up to date."""
ALIVE = b": alive\n\n"


class TooManyStreamsError(RuntimeError):
    """No more streams are opened now."""


class Audience:
    """What one kind of page was told last."""

    def __init__(self, *, staff: bool) -> None:
        self._staff, self._teller = staff, Teller(staff=staff)
        self.state = self.pulse = b""
        self.states = self.pulses = 0
        self.streams = 0
        self._changed = asyncio.Event()

    def look(self, status: Status, at: float) -> None:
        """Wake the pages if there is anything new."""
        state, pulse = self._teller.state(status, at), self._teller.pulse(status)
        if state is not None:
            self.state, self.states = _event(b"state", state), self.states + 1
        if pulse is not None:
            self.pulse, self.pulses = _event(b"pulse", pulse), self.pulses + 1
        if state is not None or pulse is not None:
            self.wake()

    def wake(self) -> None:
        """Have every stream look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def fresh(self, status: Status, at: float) -> None:
        """Tell the state anew with its position, for a page that just came."""
        self._teller = Teller(staff=self._staff)
        self.look(status, at)

    async def changed(self) -> None:
        """Wait until there is something new."""
        await self._changed.wait()


class Streams:
    """All open streams of both audiences."""

    def __init__(self, status: Callable[[], Status], clock: Callable[[], float], most: int) -> None:
        self._status, self._clock, self._most = status, clock, most
        self._audiences = {staff: Audience(staff=staff) for staff in (False, True)}
        self._seen: Status | None = None
        self._ended = False

    @property
    def open(self) -> int:
        """How many there are."""
        return sum(audience.streams for audience in self._audiences.values())

    async def run(self) -> None:
        """Look at the device while anybody watches; never ends by itself."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.open:
                self.look()

    def end(self) -> None:
        """Close all of them."""
        self._ended = True
        for audience in self._audiences.values():
            audience.wake()

    def look(self) -> None:
        """Look once."""
        status = self._status()
        if status is self._seen:
            return
        self._seen, at = status, self._clock()
        for audience in self._audiences.values():
            if audience.streams:
                audience.look(status, at)

    def enter(self, guest: Guest, *, staff: bool) -> AsyncIterator[bytes]:
        """What to send to a page, for as long as it listens.

        Raises:
            TooManyStreamsError: there are too many already, or too many of this guest.

        """
        if self.open >= self._most or guest.streams >= MOST_A_GUEST:
            raise TooManyStreamsError
        audience = self._audiences[staff]
        audience.streams += 1
        guest.streams += 1
        audience.fresh(self._status(), self._clock())
        return self._told(audience)

    def leave(self, guest: Guest, *, staff: bool) -> None:
        """The page of an `enter` is gone."""
        self._audiences[staff].streams -= 1
        guest.streams -= 1

    async def _told(self, audience: Audience) -> AsyncIterator[bytes]:
        states = pulses = -1
        while not self._ended:
            news = audience.state if states != audience.states else b""
            news += audience.pulse if pulses != audience.pulses else b""
            states, pulses = audience.states, audience.pulses
            yield news or ALIVE
            try:
                await asyncio.wait_for(audience.changed(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                continue


def _event(name: bytes, content: bytes) -> bytes:
    return b"event: " + name + b"\ndata: " + content + b"\n\n"
