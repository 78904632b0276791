"""What happens around a device: a home that asks and commands, another device, a page."""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
from typing import TYPE_CHECKING

from contracts import topics
from contracts.bus import Bus, Publication
from contracts.messages import LibraryChunk, RecommendRequest, encode
from contracts.track import Track, TrackId
from device.commands import CommandError
from device.control import DeviceAwayError, ask_device

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contracts.settings import BrokerSettings

NEIGHBOUR = "neighbour"
NEIGHBOURS_TRACKS = 200
LINK_SECONDS = 30.0
PAGE_SECONDS = 10.0
WORDS = (
    ("like", ""),
    ("mood", "happy"),
    ("next", ""),
    ("mood", "calm"),
    ("seek", "1"),
    ("mood", "auto"),
)
"""What the listener says, in turn, a few times a simulated day."""


class Home:
    """Home automation on the broker: it hears all, counts it, and turns the volume."""

    def __init__(self, at: BrokerSettings, device: str) -> None:
        self.messages = 0
        self._device, self._turn = device, 0
        self._chance = random.Random(device)
        self._linked = threading.Event()
        self._bus = Bus(
            at,
            "soak-home",
            subscriptions=[f"{topics.ROOT}/#"],
            received=self._received,
            link_changed=lambda _up: self._linked.set(),
        )

    def start(self) -> None:
        """Connect, and bring the neighbour's library."""
        self._bus.start()
        if not self._linked.wait(LINK_SECONDS):
            msg = "the broker lets nobody in"
            raise DeviceAwayError(msg)
        tracks = tuple(
            Track(id=TrackId(f"{n:016x}"), title=f"Title {n}", artist=f"Artist {n % 20}")
            for n in range(NEIGHBOURS_TRACKS)
        )
        chunk = LibraryChunk(library=NEIGHBOUR, index=0, total=1, tracks=tracks)
        self._say(NEIGHBOUR, topics.LIBRARY, encode(chunk))

    def stop(self) -> None:
        """Disconnect."""
        self._bus.stop()

    def turn_volume(self) -> None:
        """Another volume each time, so that each time the state changes."""
        self._turn += 1
        name = f"{topics.COMMAND}/volume"
        self._say(self._device, name, str(30 + self._turn % 40).encode())

    def ask_as_neighbour(self) -> None:
        """A question of the other device, which the server answers."""
        valence, arousal = self._chance.uniform(-1, 1), self._chance.uniform(-1, 1)
        asked = RecommendRequest(library=NEIGHBOUR, valence=valence, arousal=arousal)
        reply = topics.of_device(NEIGHBOUR, topics.RECOMMEND_REPLY)
        self._say(NEIGHBOUR, topics.RECOMMEND_REQUEST, encode(asked), reply)

    def _say(self, device: str, leaf: str, payload: bytes, reply: str = "") -> None:
        topic = topics.of_device(device, leaf)
        self._bus.publish(Publication(topic=topic, payload=payload, response_topic=reply))

    def _received(self, _publication: Publication) -> None:
        self.messages += 1


def look_at_page(port: int) -> bool:
    """Load the page and its state as a phone does; whether it was there."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PAGE_SECONDS)
        for path in ("/", "/api/state"):
            connection.request("GET", path)
            connection.getresponse().read()
        connection.close()
        return True
    return False


class Listener:
    """Says something now and then, through the control socket."""

    def __init__(self, control_socket: Path) -> None:
        self._socket, self._turn = control_socket, 0
        self.refused = 0

    def speak(self) -> None:
        """The next of WORDS; what is refused is counted."""
        name, argument = WORDS[self._turn % len(WORDS)]
        self._turn += 1
        try:
            ask_device(self._socket, name, argument)
        except (DeviceAwayError, CommandError):
            self.refused += 1


def every(seconds: float, now: float, step: Callable[[], object]) -> Callable[[float], None]:
    """`step` once per `seconds` of the clock that the result is called with; late ones are left."""
    due = now

    def tick(at: float) -> None:
        nonlocal due
        if at >= due:
            due = max(due + seconds, at)
            step()

    return tick
