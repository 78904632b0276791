"""A stand-in for picamera2 and the camera behind it, for tests.

`Ribbon` is the outside world: what the camera sees, whether its cable is seated, which format it
gives. `FakePicamera2` keeps what was seen of the real one: tests/test_picamera.py asks the same of
both (`./mlfym bench pi-camera` runs it against the real picamera2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BUFFERS = 4
"""Frames that may be held at once; the camera waits for one of them to come back."""


class Ribbon:
    """A camera on its cable.

    Args:
        form: the format that it gives, whatever it is asked for.

    """

    def __init__(self, form: str = "RGB888") -> None:
        self.form, self.plugged, self.taken = form, True, False
        self.scene: NDArray[np.uint8] = np.zeros((480, 640, 3), np.uint8)

    def show(self, scene: NDArray[np.uint8]) -> None:
        """What it sees from now on: uint8 [height, width, 3] BGR, even sides."""
        self.scene = scene

    def unplug(self) -> None:
        """The cable comes loose: no frame comes, and nobody says so."""
        self.plugged = False

    def plug(self) -> None:
        """It is seated again."""
        self.plugged = True

    def open(self) -> FakePicamera2:
        """As `Picamera2()`.

        Raises:
            RuntimeError: there is no camera, or somebody has it.

        """
        return FakePicamera2(self)


class FakePicamera2:
    """What device.vision.picamera uses of picamera2.Picamera2."""

    def __init__(self, ribbon: Ribbon) -> None:
        if not ribbon.plugged:
            msg = "No camera number 0 found"
            raise RuntimeError(msg)
        if ribbon.taken:
            msg = "Camera __init__ sequence did not complete."
            raise RuntimeError(msg)
        ribbon.taken = True
        self._ribbon, self._main = ribbon, dict[str, Any]()
        self._open, self.started, self._stuck, self._held = True, False, False, 0

    def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
        """What would be asked for."""
        return {"main": dict(main)}

    def configure(self, config: dict[str, Any]) -> None:
        """Agree on size and format; what is given may be another format."""
        if self.started:
            msg = "Camera must be stopped before configuring"
            raise RuntimeError(msg)
        height, width = self._ribbon.scene.shape[:2]
        self._main = {**config["main"], "format": self._ribbon.form, "size": (width, height)}

    def camera_configuration(self) -> dict[str, Any]:
        """What was agreed on."""
        return {"main": dict(self._main)}

    def start(self) -> None:
        """Frames come from now on."""
        if not self._main:
            msg = "Camera has not been configured"
            raise RuntimeError(msg)
        self.started = True

    def stop(self) -> None:
        """No frames any more."""
        self.started = False

    def capture_request(self, wait: float) -> FakeRequest:
        """The next frame.

        Raises:
            TimeoutError: none came within `wait` seconds, which go by at once here. After that
                none will: of the real one some are lost, and nobody shall rely on the others.

        """
        comes = self.started and self._ribbon.plugged and self._held < BUFFERS
        if self._stuck or not comes:
            self._stuck = True
            raise TimeoutError
        del wait
        self._held += 1
        return FakeRequest(encoded(self._ribbon.scene, self._ribbon.form), self._returned)

    def close(self) -> None:
        """Let go of the camera; harmless when repeated."""
        if self._open:
            self._open = self.started = self._ribbon.taken = False

    def _returned(self) -> None:
        self._held -= 1


class FakeRequest:
    """What device.vision.picamera uses of picamera2.CompletedRequest."""

    def __init__(self, array: NDArray[np.uint8], returned: Callable[[], None]) -> None:
        self._array: NDArray[np.uint8] | None = array
        self._returned = returned

    def make_array(self, name: str) -> NDArray[np.uint8]:
        """A copy of the frame in the format of the stream.

        Raises:
            RuntimeError: there is no such stream, or the request was released.

        """
        if self._array is None or name != "main":
            msg = f"Stream {name!r} is not defined"
            raise RuntimeError(msg)
        return self._array.copy()

    def release(self) -> None:
        """Give the buffer back.

        Raises:
            RuntimeError: it was given back before.

        """
        if self._array is None:
            msg = "CompletedRequest: lock now has negative ref_count"
            raise RuntimeError(msg)
        self._array = None
        self._returned()


def encoded(scene: NDArray[np.uint8], form: str) -> NDArray[np.uint8]:
    """A BGR picture in one of picamera2's formats, shaped as its make_array does."""
    if form == "RGB888":
        return scene
    channels = {
        "BGR888": cv2.COLOR_BGR2RGB,
        "MJPEG": cv2.COLOR_BGR2RGB,
        "XRGB8888": cv2.COLOR_BGR2BGRA,
        "XBGR8888": cv2.COLOR_BGR2RGBA,
        "YUYV": cv2.COLOR_BGR2YUV_YUYV,
    }
    if form in channels:
        return np.asarray(cv2.cvtColor(scene, channels[form]), np.uint8)
    planar = np.asarray(cv2.cvtColor(scene, cv2.COLOR_BGR2YUV_I420), np.uint8)
    return planar if form == "YUV420" else _interleaved(planar)


def _interleaved(planar: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """NV12 of YUV420: one plane of colours, U and V in turn."""
    rows, width = planar.shape
    height = rows * 2 // 3
    both = planar[height:].reshape(2, -1)
    colours = np.stack([both[0], both[1]], axis=-1).reshape(height // 2, width)
    return np.vstack([planar[:height], colours])
