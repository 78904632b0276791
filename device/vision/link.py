"""Core's socket, as vision sees it.

Failure policy: a core that is not there is tried again for ever, said once when lost and once
when back. A packet that is none of core's is counted, said at most once a minute, and ignored.
"""

from __future__ import annotations

import array
import logging
import os
import select
import socket
from collections import deque
from typing import TYPE_CHECKING

from contracts.vision_wire import (
    MAX_PACKET_BYTES,
    FacesSeen,
    VisionMessageError,
    decode_to_vision,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from contracts.vision_wire import FromVision, ToVision
    from device.vision.camera import Clock
    from device.vision.capture import Bell
    from device.vision.service import Vision

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
MALFORMED_SAID_SECONDS = 60.0
PACKETS_A_TURN = 64
"""A core that floods may not keep vision from noticing anything else."""
MAX_DESCRIPTORS = 4
"""One is expected; what comes beyond that is closed."""


class LinkLostError(ConnectionError):
    """Core is gone."""


class Link:
    """One connection to core. Sending never blocks."""

    def __init__(self, connection: socket.socket, clock: Clock) -> None:
        self._connection, self._clock = connection, clock
        connection.setblocking(False)  # noqa: FBT003 - the socket's own call
        self._unsent: deque[bytes] = deque(maxlen=PACKETS_A_TURN)
        self._malformed = Tally(clock)

    def fileno(self) -> int:
        """What to select on."""
        return self._connection.fileno()

    def send(self, packets: Iterable[FromVision]) -> None:
        """Tell core. While it does not read, faces are dropped and the rest waits.

        Raises:
            LinkLostError: core is gone.

        """
        for packet in packets:
            self._flush()
            if not self._unsent and self._sent(encode(packet)):
                continue
            if not isinstance(packet, FacesSeen):
                self._unsent.append(encode(packet))
        self._flush()

    def received(self) -> Iterator[tuple[ToVision, int | None]]:
        """Packets that are there, with the descriptor beside each, closed after the step.

        Raises:
            LinkLostError: core is gone.

        """
        for _ in range(PACKETS_A_TURN):
            try:
                payload, descriptors, whole = self._packet()
            except BlockingIOError:
                return
            try:
                if not payload:
                    raise LinkLostError
                yield self._decoded(payload, whole=whole), next(iter(descriptors), None)
            except VisionMessageError as error:
                self._malformed.count(str(error))
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _packet(self) -> tuple[bytes, list[int], bool]:
        """Payload, descriptors, and whether all of the payload fitted."""
        descriptors = array.array("i")
        space = socket.CMSG_SPACE(MAX_DESCRIPTORS * descriptors.itemsize)
        try:
            payload, ancillary, flags, _ = self._connection.recvmsg(
                MAX_PACKET_BYTES, space, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionError as error:
            raise LinkLostError from error
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                usable = len(content) - len(content) % descriptors.itemsize
                descriptors.frombytes(content[:usable])
        return payload, list(descriptors), not flags & socket.MSG_TRUNC

    def _decoded(self, payload: bytes, *, whole: bool) -> ToVision:
        if not whole:
            msg = f"a packet is longer than {MAX_PACKET_BYTES} bytes"
            raise VisionMessageError(msg)
        return decode_to_vision(payload)

    def _flush(self) -> None:
        while self._unsent and self._sent(self._unsent[0]):
            self._unsent.popleft()

    def _sent(self, payload: bytes) -> bool:
        try:
            self._connection.send(payload)
        except BlockingIOError:
            return False
        except ConnectionError as error:
            raise LinkLostError from error
        return True


class Tally:
    """Counts bad packets and says so at most once a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said_at: float | None = None
        self._count = 0

    def count(self, why: str) -> None:
        """One more, for this reason."""
        self._count += 1
        now = self._clock.now()
        if self._said_at is None or now - self._said_at >= MALFORMED_SAID_SECONDS:
            self._said_at = now
            log.warning("%d packet(s) from core ignored; the last: %s", self._count, why)
            self._count = 0


def serve(
    vision: Vision,
    path: Path,
    *,
    clock: Clock,
    bell: Bell,
    stopping: Callable[[], bool],
    alive: Callable[[float], None] = lambda _now: None,
) -> None:
    """Talk to the core at a socket until `stopping`; ring the bell to have that noticed.

    `alive` is told the monotonic seconds of every turn.

    Raises:
        CameraStuckError: the camera hangs and shall be closed; end the process.

    """
    there = True
    while not stopping():
        alive(clock.now())
        connection = _connected(path)
        if connection is None:
            if there:
                log.warning("core is not at %s; trying again until it is", path)
            there = False
            _until_bell(bell, RETRY_SECONDS)
            continue
        there = True
        log.info("core is there")
        link = Link(connection, clock)
        try:
            converse(vision, link, clock=clock, bell=bell, stopping=stopping, alive=alive)
        except LinkLostError:
            log.warning("core is gone; the camera is closed")
        finally:
            link.close()
            vision.core_lost()


def converse(
    vision: Vision,
    link: Link,
    *,
    clock: Clock,
    bell: Bell,
    stopping: Callable[[], bool],
    alive: Callable[[float], None] = lambda _now: None,
) -> None:
    """Talk to one core until it is gone or `stopping`.

    Raises:
        LinkLostError: core is gone.
        CameraStuckError: the camera hangs and shall be closed.

    """
    link.send(vision.greet(clock.now()))
    while not stopping():
        select.select([link.fileno(), bell.fileno()], [], [], vision.wait_seconds(clock.now()))
        bell.silence()
        alive(clock.now())
        for packet, descriptor in link.received():
            link.send(vision.heard(packet, descriptor, clock.now()))
        link.send(vision.turn(clock.now()))


def _connected(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        return None
    return connection


def _until_bell(bell: Bell, seconds: float) -> None:
    select.select([bell.fileno()], [], [], seconds)
    bell.silence()
