"""Whether the camera is open: the state between core's wish and what the device does.

A camera that fails is reported and tried again after 1, 2, 4 … 30 seconds. One that hangs is
let go; if even that hangs, only a new process can free it, and `CameraStuckError` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.vision_wire import CameraReport, CameraState

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.vision.capture import Capture, Frame

RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
STALL_SECONDS = 5.0
"""A camera that is silent this long has failed; cameras need about two to start."""
CLOSE_SECONDS = 1.0
"""Patience with a camera that is being closed."""


class CameraStuckError(RuntimeError):
    """The camera hangs in a read and cannot be closed from within this process."""

    def __init__(self) -> None:
        super().__init__("the camera hangs in a read; vision ends, which closes it")


class Shutter:
    """Opens, watches and closes one camera at a time.

    Args:
        start: starts a capture of the camera of this name.

    """

    def __init__(self, start: Callable[[str], Capture]) -> None:
        self._start = start
        self._name = ""
        self._capture: Capture | None = None
        self._state, self._detail = CameraState.OFF, ""
        self._asked_at: float | None = None
        self._retry_at: float | None = None
        self._failures = 0
        self._reported = CameraReport(state=CameraState.OFF)

    @property
    def wanted(self) -> bool:
        """Whether the camera shall be open."""
        return bool(self._name)

    def open(self, name: str, now: float) -> None:
        """Open the camera of this name; another one is closed first.

        Raises:
            CameraStuckError: the other one hangs.

        """
        if name == self._name:
            return
        self.close()
        self._name, self._failures = name, 0
        self._state, self._detail = CameraState.OPENING, ""
        self._begin(now)

    def close(self, detail: str = "") -> None:
        """Close the camera, and say why.

        Raises:
            CameraStuckError: it hangs; this process must end for it to be closed.

        """
        self._name, self._state, self._detail = "", CameraState.OFF, detail
        self._asked_at = self._retry_at = None
        if self._capture and not self._capture.stop(CLOSE_SECONDS):
            raise CameraStuckError
        self._capture = None

    def want(self, now: float) -> None:
        """Ask the open camera for a frame, unless it was asked already."""
        if self._capture and self._retry_at is None and self._asked_at is None:
            self._capture.want()
            self._asked_at = now

    def take(self) -> Frame | None:
        """The frame asked for, once it is there."""
        if not self._capture or self._retry_at is not None:
            return None
        frame = self._capture.take()
        if frame:
            self._asked_at, self._failures = None, 0
            self._state, self._detail = CameraState.ON, ""
        return frame

    def tick(self, now: float) -> None:
        """Notice a camera that failed; try again when it is time.

        Raises:
            CameraStuckError: it hung through all retries.

        """
        if self._retry_at is not None:
            if now >= self._retry_at:
                self._again(now)
        elif self._capture and not self._capture.alive:
            self._failed(self._capture.error or "the camera ended", now)
        elif self._asked_at is not None and now - self._asked_at >= STALL_SECONDS:
            self._failed(f"the camera gave no picture for {STALL_SECONDS:.0f} s", now)

    def news(self) -> CameraReport | None:
        """The camera's state, when it is another than was last told."""
        before = self._reported
        return None if self.report() == before else self._reported

    def report(self) -> CameraReport:
        """The camera's state. One that fails again and again stays failed meanwhile."""
        self._reported = CameraReport(state=self._state, detail=self._detail)
        return self._reported

    def _begin(self, now: float) -> None:
        self._capture = self._start(self._name)
        self._retry_at = self._asked_at = None
        self.want(now)

    def _failed(self, why: str, now: float) -> None:
        if self._capture:
            self._capture.stop(0.0)
        self._retry_at = now + RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        self._state, self._detail = CameraState.FAILED, why

    def _again(self, now: float) -> None:
        if not self._capture or self._capture.stop(0.0):
            self._begin(now)
        elif self._failures < len(RETRY_SECONDS):
            self._failed(self._detail, now)
        else:
            raise CameraStuckError
