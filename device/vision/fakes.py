"""The outside world's side of vision, for tests and for whoever builds the core.

They drive what vision meets: a core that speaks and hangs up, a camera that shows, fails and
hangs, a clock that is moved by hand.
"""

from __future__ import annotations

import fcntl
import os
import queue
import socket
from typing import TYPE_CHECKING

import numpy as np

from contracts.vision_wire import (
    MAX_PACKET_BYTES,
    FromVision,
    ToVision,
    decode_from_vision,
    encode,
)
from device.vision.camera import CameraError
from device.vision.photo import NEEDED_SEALS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from device.vision.capture import Frame

ANSWER_SECONDS = 20.0
"""How long a fake core waits for a packet before it calls vision dead."""


class HandClock:
    """Time that moves when told to, or when somebody waits."""

    def __init__(self, now: float = 100.0) -> None:
        self.seconds = now

    def now(self) -> float:
        """Seconds."""
        return self.seconds

    def wait(self, seconds: float) -> None:
        """Time goes by at once."""
        self.seconds += seconds


class FakeCamera:
    """A camera whose frames are shown to it one by one; it blocks until the next."""

    def __init__(self) -> None:
        self._shown: queue.SimpleQueue[NDArray[np.uint8] | CameraError] = queue.SimpleQueue()
        self._frame: NDArray[np.uint8] | None = None
        self.decoded = 0
        self.closed = False

    def show(self, frame: NDArray[np.uint8]) -> None:
        """The next frame comes."""
        self._shown.put(frame)

    def unplug(self) -> None:
        """The next read fails."""
        self._shown.put(CameraError("the fake camera was unplugged"))

    def grab(self) -> None:
        """Wait for what is shown."""
        shown = self._shown.get()
        if isinstance(shown, CameraError):
            raise shown
        self._frame = shown

    def decode(self) -> NDArray[np.uint8]:
        """The last grabbed frame."""
        if self._frame is None or self.closed:
            msg = "decode() without a grabbed frame"
            raise CameraError(msg)
        self.decoded += 1
        return self._frame

    def close(self) -> None:
        """No frames any more."""
        self.closed = True


class FakeCapture:
    """A capture without a thread: frames arrive, it dies and it hangs when told to."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.alive = True
        self.error = ""
        self.hanging = False
        self.wants = 0
        self._frame: Frame | None = None

    def arrive(self, frame: Frame) -> None:
        """The frame asked for is there."""
        self._frame = frame

    def die(self, why: str) -> None:
        """The camera ended by itself."""
        self.alive, self.error = False, why

    def want(self) -> None:
        """Count what is asked for."""
        self.wants += 1

    def take(self) -> Frame | None:
        """The frame that arrived, once."""
        frame, self._frame = self._frame, None
        return frame

    def stop(self, patience_seconds: float) -> bool:
        """Close, unless it hangs; then patience is of no use."""
        del patience_seconds
        self.alive = self.hanging
        return not self.hanging


class FakeCore:
    """Core's end of the socket at `path`."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.settimeout(ANSWER_SECONDS)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._connection: socket.socket | None = None

    def accept(self) -> None:
        """Wait for vision to connect.

        Raises:
            TimeoutError: it does not come.

        """
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(ANSWER_SECONDS)

    def send(self, packet: ToVision, photo: int | None = None) -> None:
        """Say something, with a photo's descriptor beside it."""
        self.send_raw(encode(packet), () if photo is None else (photo,))

    def send_raw(self, payload: bytes, descriptors: tuple[int, ...] = ()) -> None:
        """Send any bytes, well formed or not."""
        socket.send_fds(self._there(), [payload], list(descriptors))

    def receive(self) -> FromVision:
        """The next packet from vision.

        Raises:
            TimeoutError: there is none.
            ConnectionError: vision hung up.

        """
        payload = self._there().recv(MAX_PACKET_BYTES)
        if not payload:
            msg = "vision hung up"
            raise ConnectionError(msg)
        return decode_from_vision(payload)

    def hang_up(self) -> None:
        """End the connection; vision may come again."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """End the connection and the socket."""
        self.hang_up()
        self._listener.close()

    def _there(self) -> socket.socket:
        if self._connection is None:
            msg = "accept() first: vision is not connected"
            raise ConnectionError(msg)
        return self._connection


def photo_memfd(content: bytes, seals: int = NEEDED_SEALS | fcntl.F_SEAL_GROW) -> int:
    """A memfd with a photo in it; whoever gets it closes it."""
    descriptor = os.memfd_create("photo", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(descriptor, content)
    if seals:
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor
