"""Carries out what device.setup.policy decides: one loop, one queue, every doing in turn.

Failure policy: what NetworkManager refuses is said once a kind and tried again by the policy; a
hotspot whose page cannot be served is closed again, since it would lead nowhere.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from device.setup.choices import Wish
from device.setup.desk import Desk
from device.setup.hotspot_key import HotspotKey
from device.setup.nmcli import HOTSPOT, Device, Nmcli, NmcliError
from device.setup.policy import Action, Event, Joined, Looked, Opened, State, step

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0

Events = queue.SimpleQueue[Event | None]
"""Any thread puts in; None is the end."""


class Page(Protocol):
    """What serves the page while the hotspot is up."""

    def open(self) -> None:
        """Serve; raises OSError where the address or port cannot be had."""

    def close(self) -> None:
        """Stop; nothing to do where it is not served."""


@dataclass(frozen=True)
class World:
    """All that is outside of the loop."""

    network: Nmcli
    page: Page
    key: HotspotKey
    keep: Callable[[Wish], None]
    """Lays down what was chosen, and has core take it; raises OSError."""
    clock: Callable[[], float] = time.monotonic


class Setup:
    """The loop."""

    def __init__(self, world: World, desk: Desk, events: Events) -> None:
        self._world, self._desk, self._events = world, desk, events
        self._said = ""
        self.state = State(since=world.clock())

    def end(self) -> None:
        """From any thread: end after the present turn."""
        self._events.put(None)

    def run(self) -> None:
        """Until it is ended; the hotspot is closed then."""
        try:
            while self.turn(LOOK_SECONDS):
                pass
        finally:
            self._world.page.close()
            self._tried(self._world.network.close_hotspot)

    def turn(self, patience_seconds: float) -> bool:
        """One event, or a look when none comes for so long; False at the end."""
        try:
            event = self._events.get(timeout=patience_seconds)
        except queue.Empty:
            self.handle(self._look())
            return True
        if event is not None:
            self.handle(event)
        return event is not None

    def look(self) -> None:
        """How the devices are, and what follows."""
        self.handle(self._look())

    def handle(self, event: Event) -> None:
        """What follows from an event, and from what that leads to."""
        pending = [event]
        while pending:
            before = self.state.phase
            now = self._world.clock()
            self.state, actions = step(self.state, pending.pop(0), now, self._desk.settings)
            self._desk.show_outcome(self.state.trouble, self.state.wish)
            if self.state.phase is not before:
                log.info("%s", self.state.phase)
            for action in actions:
                came = self._do(action)
                pending += [came] if came else []

    def _look(self) -> Looked:
        devices = self._devices()
        up = [d for d in devices if d.is_up]
        own = any(d.kind == "wifi" and d.profile == HOTSPOT for d in up)
        return Looked(
            cable=any(d.kind == "ethernet" for d in up),
            joined=any(d.kind == "wifi" and d.profile != HOTSPOT for d in up),
            radio=_radio(devices) is not None,
            hotspot=own,
        )

    def _devices(self) -> tuple[Device, ...]:
        try:
            return self._world.network.devices()
        except NmcliError as error:
            self._say(f"NetworkManager cannot be asked: {error}")
            return ()

    def _do(self, action: Action) -> Event | None:
        radio = _radio(self._devices())
        name, network = radio.name if radio else "", self._world.network
        match action:
            case Action.SCAN:
                self._tried(network.radio_on)
                self._tried(lambda: self._desk.show_networks(network.networks(name)))
            case Action.OPEN:
                return Opened(self._opened(name))
            case Action.CLOSE:
                self._world.page.close()
                self._tried(network.close_hotspot)
            case Action.JOIN if wish := self.state.wish:
                word = wish.password
                joins = lambda: network.join(name, wish.ssid, word, hidden=wish.hidden)  # noqa: E731
                return Joined(self._tried(joins))
            case Action.KEEP if wish := self.state.wish:
                self._tried(lambda: self._world.keep(wish))
        return None

    def _opened(self, device: str) -> bool:
        network, key, address = self._world.network, self._world.key, self._desk.settings.address
        if self._tried(lambda: network.open_hotspot(device, key.ssid, key.password, address)):
            return False
        if self._tried(self._world.page.open):
            self._tried(network.close_hotspot)
            return False
        return True

    def _tried(self, do: Callable[[], None]) -> str:
        """What went wrong, in a word; empty when nothing did."""
        try:
            do()
        except NmcliError as error:
            self._say(str(error))
            return error.trouble
        except OSError as error:
            self._say(str(error))
            return "other"
        return ""

    def _say(self, text: str) -> None:
        """A line, unless it is the same again."""
        if text != self._said:
            log.warning("%s", text)
        self._said = text


def _radio(devices: tuple[Device, ...]) -> Device | None:
    """The first Wi-Fi device that NetworkManager may use."""
    usable = (d for d in devices if d.kind == "wifi" and d.state != "unmanaged")
    return next(usable, None)
