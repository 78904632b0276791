"""Cameras by name: an OpenCV index, `picamera2`, or a video, GIF or picture file.

A camera is read in two steps, because most frames are thrown away: `grab` takes the next one
off the device, `decode` turns the last grabbed one into pixels.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from device.vision.photo import decode_picture
from device.vision.picture_header import PictureRefusedError, read_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_SIZE = (640, 480)
"""Width and height asked of a camera; it may give others."""

PICTURE_FRAMES_PER_SECOND = 10.0
"""How often a still picture is shown to the detector at most."""

HEADER_BYTES = 1024 * 1024
"""As much of a file as is read to tell a picture from a video: a JPEG may begin with a preview."""

FILE_RATES = (1.0, 60.0)
"""Files that claim other frame rates are paced at the nearest of these."""


class CameraError(OSError):
    """The camera cannot be opened or gave no frame; says what to look at."""


class Clock(Protocol):
    """Time, as cameras and the shutter see it."""

    def now(self) -> float:
        """Seconds on CLOCK_MONOTONIC."""

    def wait(self, seconds: float) -> None:
        """Let `seconds` go by."""


class MonotonicClock:
    """The real one."""

    def now(self) -> float:
        """Seconds on CLOCK_MONOTONIC."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        threading.Event().wait(seconds)


class Camera(Protocol):
    """An open camera. Used by one thread at a time; both reads may block for seconds."""

    def grab(self) -> None:
        """Take the next frame off the device.

        Raises:
            CameraError: there is none.

        """

    def decode(self) -> NDArray[np.uint8]:
        """The last grabbed frame, uint8 [height, width, 3] BGR.

        Raises:
            CameraError: it cannot be decoded.

        """

    def close(self) -> None:
        """Let go of the device; harmless when repeated."""


class IndexedCamera:
    """A camera that the kernel lists as /dev/video<index>."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._capture = cv2.VideoCapture(index, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            msg = f"no camera at /dev/video{index}: is it plugged in and free of other programs?"
            raise CameraError(msg)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, FRAME_SIZE[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, FRAME_SIZE[1])
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def grab(self) -> None:
        """Dequeue the next buffer; not decoded yet."""
        if not self._capture.grab():
            msg = f"/dev/video{self._index} gives no frames: was it unplugged?"
            raise CameraError(msg)

    def decode(self) -> NDArray[np.uint8]:
        """The last grabbed frame."""
        return _retrieved(self._capture, f"/dev/video{self._index}")

    def close(self) -> None:
        """Close the device."""
        self._capture.release()


class FileCamera:
    """A video or GIF, looped at its own frame rate."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._capture = self._opened()
        rate = self._capture.get(cv2.CAP_PROP_FPS) or PICTURE_FRAMES_PER_SECOND
        self._pace = 1.0 / min(max(rate, FILE_RATES[0]), FILE_RATES[1])
        self._next = clock.now()

    def grab(self) -> None:
        """Wait until the next frame is due; after the last comes the first."""
        self._clock.wait(max(0.0, self._next - self._clock.now()))
        now = self._clock.now()
        # A little late is caught up with; a long pause is not run after.
        self._next = (now if now - self._next > self._pace else self._next) + self._pace
        if not self._capture.grab():
            self._capture.release()
            self._capture = self._opened()
            if not self._capture.grab():
                msg = f"{self._path} holds no frames"
                raise CameraError(msg)

    def decode(self) -> NDArray[np.uint8]:
        """The last grabbed frame."""
        return _retrieved(self._capture, str(self._path))

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _opened(self) -> cv2.VideoCapture:
        # Other backends would read face1.jpg as the start of face1.jpg, face2.jpg, …
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            msg = f"{self._path} is no video, GIF or picture that can be read"
            raise CameraError(msg)
        return capture


class PictureCamera:
    """A still picture, shown again and again."""

    def __init__(self, content: bytes, clock: Clock) -> None:
        self._clock = clock
        try:
            self._picture = decode_picture(content)
        except PictureRefusedError as error:
            raise CameraError(str(error)) from error

    def grab(self) -> None:
        """Wait, so that a picture does not take a whole processor."""
        self._clock.wait(1.0 / PICTURE_FRAMES_PER_SECOND)

    def decode(self) -> NDArray[np.uint8]:
        """The picture."""
        return self._picture

    def close(self) -> None:
        """Nothing is held open."""


def open_camera(name: str, clock: Clock) -> Camera:
    """The camera of a name: digits, `picamera2`, or the path of a file.

    Raises:
        CameraError: it cannot be opened; says what to look at.

    """
    if name.isdecimal():
        return IndexedCamera(int(name))
    if name == "picamera2":
        # Its libraries exist on a Raspberry Pi only.
        from device.vision.picamera import PiCamera  # noqa: PLC0415

        return PiCamera(FRAME_SIZE)
    return _file_camera(Path(name), clock)


def _file_camera(path: Path, clock: Clock) -> Camera:
    try:
        with path.open("rb") as file:
            start = file.read(HEADER_BYTES)
        if _is_still(start):
            return PictureCamera(path.read_bytes(), clock)
    except CameraError:
        raise
    except OSError as error:
        msg = (
            f"cannot read {path}: {error.strerror}; a camera is `picamera2`, a number as in "
            "/dev/video0, or the path of a video, GIF or picture"
        )
        raise CameraError(msg) from error
    return FileCamera(path, clock)


def _is_still(start: bytes) -> bool:
    try:
        return read_header(start).kind != "gif"
    except PictureRefusedError:
        return False


def _retrieved(capture: cv2.VideoCapture, name: str) -> NDArray[np.uint8]:
    good, frame = capture.retrieve()
    if not good or frame is None:
        msg = f"{name} gave a damaged frame"
        raise CameraError(msg)
    return np.asarray(frame, np.uint8)
