"""Many devices in one process: MQTT 5 over asyncio, as little of it as asking takes.

A client library costs a thread or a select() a device; a thousand of these cost a tenth of a core
at a hundred questions a second. Packets are those of the MQTT 5.0 standard, chapters 2 and 3.
"""

from __future__ import annotations

import asyncio
import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ = 1, 2, 3, 4, 8, 9, 12
CLEAN_START = 0x02
QOS_1 = 0x02
KEEPALIVE_SECONDS = 600
"""Longer than any measurement: pings are none of it."""
RESPONSE_TOPIC, CORRELATION = 0x08, 0x09
SIZES = {0x01: 1, 0x02: 4, 0x23: 2}
"""Bytes of the properties that a broker may add, by their identifier."""


class SwarmError(ConnectionError):
    """The broker does not do what a device needs."""


def varint(number: int) -> bytes:
    """A variable byte integer (1.5.5)."""
    out = bytearray()
    while True:
        number, part = number >> 7, number & 0x7F
        out.append(part | (0x80 if number else 0))
        if not number:
            return bytes(out)


def text(words: str) -> bytes:
    """A UTF-8 string with its length (1.5.4)."""
    raw = words.encode()
    return struct.pack(">H", len(raw)) + raw


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    """A control packet (2.1)."""
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def connect(client: str) -> bytes:
    """CONNECT with a clean start and no properties (3.1)."""
    head = text("MQTT") + bytes([5, CLEAN_START]) + struct.pack(">H", KEEPALIVE_SECONDS)
    return packet(CONNECT, head + b"\0" + text(client))


def subscribe(topic: str) -> bytes:
    """SUBSCRIBE to one topic with QoS 1 (3.8)."""
    return packet(SUBSCRIBE, b"\0\1\0" + text(topic) + b"\1", flags=2)


def question(topic: str, number: int, reply: str, payload: bytes) -> bytes:
    """PUBLISH with QoS 1, a response topic and the number as correlation data (3.3)."""
    mark = struct.pack(">I", number)
    properties = bytes([RESPONSE_TOPIC]) + text(reply)
    properties += bytes([CORRELATION]) + struct.pack(">H", len(mark)) + mark
    identifier = struct.pack(">H", number % 65_000 + 1)
    body = text(topic) + identifier + varint(len(properties)) + properties + payload
    return packet(PUBLISH, body, flags=QOS_1)


def correlation_of(properties: bytes) -> int | None:
    """The number of a question out of its answer's properties; None without one."""
    at = 0
    while at < len(properties):
        identifier, at = properties[at], at + 1
        if identifier in SIZES:
            at += SIZES[identifier]
            continue
        (length,) = struct.unpack_from(">H", properties, at)
        if identifier == CORRELATION:
            return int.from_bytes(properties[at + 2 : at + 2 + length], "big")
        at += 2 + length
    return None


class Mote:
    """One device: a connection, and what it asked and was not answered yet."""

    def __init__(self, name: str, answered: Callable[[float, bytes], None]) -> None:
        self.name, self._answered = name, answered
        self._asked: dict[int, float] = {}
        self._number = 0

    @property
    def unanswered(self) -> int:
        """Questions without an answer."""
        return len(self._asked)

    async def join(self, host: str, port: int, reply: str) -> None:
        """Connect and subscribe.

        Raises:
            SwarmError: the broker refuses.

        """
        self._reply = reply
        self._reader, self._writer = await asyncio.open_connection(host, port)
        self._writer.write(connect(f"swarm-{self.name}") + subscribe(reply))
        for wanted in (CONNACK, SUBACK):
            kind, body = await self._packet()
            if kind >> 4 != wanted or (wanted == CONNACK and body[1]):
                msg = f"the broker answered {self.name} with {kind:#x}: {body[:20].hex()}"
                raise SwarmError(msg)
        self._listening = asyncio.ensure_future(self._listen())

    def leave(self) -> None:
        """Hang up."""
        self._listening.cancel()
        self._writer.close()

    def ask(self, topic: str, payload: bytes) -> None:
        """Ask; the answer is told with the seconds that it took."""
        self._number += 1
        self._asked[self._number] = time.perf_counter()
        self._writer.write(question(topic, self._number, self._reply, payload))

    async def _packet(self) -> tuple[int, bytes]:
        (kind,) = await self._reader.readexactly(1)
        length = shift = 0
        while True:
            (part,) = await self._reader.readexactly(1)
            length |= (part & 0x7F) << shift
            shift += 7
            if part < 0x80:  # noqa: PLR2004 - the last byte of a variable byte integer
                return kind, await self._reader.readexactly(length)

    async def _listen(self) -> None:
        while True:
            kind, body = await self._packet()
            if kind >> 4 == PUBLISH:
                self._take(kind, body)

    def _take(self, kind: int, body: bytes) -> None:
        (length,) = struct.unpack_from(">H", body, 0)
        at = 2 + length
        if kind & QOS_1:
            self._writer.write(packet(PUBACK, body[at : at + 2]))
            at += 2
        size = shift = 0
        while True:
            part, at = body[at], at + 1
            size |= (part & 0x7F) << shift
            shift += 7
            if part < 0x80:  # noqa: PLR2004 - as above
                break
        asked_at = self._asked.pop(correlation_of(body[at : at + size]) or -1, None)
        if asked_at is not None:
            self._answered(time.perf_counter() - asked_at, body[at + size :])


async def paced(count: int, a_second: float, step: Callable[[int], None]) -> float:
    """`step` with 0, 1, … at this rate, whatever comes of it; seconds that the latest was late."""
    began, latest = time.perf_counter(), 0.0
    for number in range(count):
        wait = began + number / a_second - time.perf_counter()
        latest = max(latest, -wait)
        await asyncio.sleep(max(0.0, wait))
        step(number)
    return latest


async def until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether it comes to that within so long."""
    deadline = time.perf_counter() + seconds
    while not done():
        if time.perf_counter() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def in_groups(work: list[Awaitable[None]], at_once: int) -> None:
    """All of it, so many at a time."""
    for start in range(0, len(work), at_once):
        await asyncio.gather(*work[start : start + at_once])
