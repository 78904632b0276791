"""A thread that reads one camera and keeps its newest frame only.

Frames are grabbed as fast as the camera gives them, so that none grows old in a queue, but
decoded only when one was asked for.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from device.vision.camera import CameraError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from device.vision.camera import Camera, Clock


@dataclass(frozen=True)
class Frame:
    """A picture of the camera. It lives in this program's memory only, and briefly."""

    captured_seconds: float
    """CLOCK_MONOTONIC."""
    pixels: NDArray[np.uint8]
    """uint8 [height, width, 3] BGR."""


class Capture(Protocol):
    """What the shutter asks of a running camera. No call blocks but `stop`."""

    @property
    def alive(self) -> bool:
        """Whether the camera is still held, or being let go."""

    @property
    def error(self) -> str:
        """Why it ended by itself; empty while it did not."""

    def want(self) -> None:
        """Ask for one frame, the next that comes."""

    def take(self) -> Frame | None:
        """The frame asked for, once."""

    def stop(self, patience_seconds: float) -> bool:
        """Close the camera; False when it still hangs in a read after this long."""


class CameraThread:
    """Reads a camera in the background; `arrived` is called there at each frame or end."""

    def __init__(
        self, opened: Callable[[], Camera], clock: Clock, arrived: Callable[[], None]
    ) -> None:
        self._opened, self._clock, self._arrived = opened, clock, arrived
        self._wanted, self._stopped = threading.Event(), threading.Event()
        self._slot: Frame | None = None
        self._error = ""
        # A daemon, because a read that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the camera is still held, or being let go."""
        return self._thread.is_alive()

    @property
    def error(self) -> str:
        """Why it ended by itself; empty while it did not."""
        return self._error

    def want(self) -> None:
        """Ask for one frame, the next that comes."""
        self._wanted.set()

    def take(self) -> Frame | None:
        """The frame asked for, once."""
        frame, self._slot = self._slot, None
        return frame

    def stop(self, patience_seconds: float) -> bool:
        """Close the camera; False when it still hangs in a read after this long."""
        self._stopped.set()
        self._thread.join(patience_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            camera = self._opened()
            try:
                self._read(camera)
            finally:
                camera.close()
        except CameraError as error:
            self._error = str(error)
        finally:
            self._arrived()

    def _read(self, camera: Camera) -> None:
        while not self._stopped.is_set():
            camera.grab()
            at = self._clock.now()
            if self._wanted.is_set() and not self._stopped.is_set():
                self._wanted.clear()
                self._slot = Frame(at, camera.decode())
                self._arrived()


class Bell:
    """Wakes a `select` from another thread."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """What to select on."""
        return self._descriptor

    def ring(self) -> None:
        """Make the descriptor readable."""
        os.eventfd_write(self._descriptor, 1)

    def silence(self) -> None:
        """Make it unreadable until it rings again."""
        try:
            os.eventfd_read(self._descriptor)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Let go of the descriptor."""
        os.close(self._descriptor)
