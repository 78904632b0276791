"""The Raspberry Pi's own camera through picamera2; imported only when it is chosen.

What picamera2 does that its manual does not say was seen on the real one (docs/arm64.md): a camera
that stops giving frames raises nothing, `capture_request` waits; and a wait that ended by its time
stays in picamera2's queue, where it takes the next frame and keeps its buffer. So a wait that was
in vain is the end of this camera: who wants another opens it anew.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from device.vision.camera import CameraError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

GRAB_SECONDS = 4.0
"""A camera without a frame for so long is gone; less than device.vision.shutter.STALL_SECONDS, so
that it is closed in order."""

WANTED_FORMAT = "RGB888"
"""picamera2 names formats by a word's bits: this one lies in memory as B, G, R, as OpenCV's do."""

TO_BGR = {
    WANTED_FORMAT: None,
    "BGR888": cv2.COLOR_RGB2BGR,
    "XRGB8888": cv2.COLOR_BGRA2BGR,
    "XBGR8888": cv2.COLOR_RGBA2BGR,
    "YUV420": cv2.COLOR_YUV2BGR_I420,
    "NV12": cv2.COLOR_YUV2BGR_NV12,
    "YUYV": cv2.COLOR_YUV2BGR_YUYV,
    "MJPEG": cv2.COLOR_RGB2BGR,
}
"""How what a camera gives becomes BGR: one that has not what it is asked for gives another."""


def system_picamera2() -> Any:  # noqa: ANN401 - its type comes with the system's package
    """The first camera of the system's picamera2.

    Raises:
        CameraError: picamera2 is not there, or built for another numpy.

    """
    try:
        from picamera2 import Picamera2  # noqa: PLC0415 - exists on a Raspberry Pi only
    except (ImportError, ValueError) as missing:
        msg = f"picamera2 cannot be used ({missing}): `sudo apt install python3-picamera2`"
        raise CameraError(msg) from missing
    return Picamera2()


class PiCamera:
    """The first camera on the Pi's ribbon connector.

    Args:
        size: width and height in pixels that it is asked for; it may give others.
        opened: gives an acquired picamera2.Picamera2.
        patience_seconds: how long `grab` waits for a frame.

    Raises:
        CameraError: there is none, another program has it, or its format cannot be read.

    """

    def __init__(
        self,
        size: tuple[int, int],
        opened: Callable[[], Any] = system_picamera2,
        patience_seconds: float = GRAB_SECONDS,
    ) -> None:
        self._patience = patience_seconds
        self._request: Any = None
        self._camera: Any = None
        try:
            self._camera = opened()
            wanted = {"size": size, "format": WANTED_FORMAT}
            self._camera.configure(self._camera.create_video_configuration(main=wanted))
            given = self._camera.camera_configuration()["main"]
            self._format, self._size = str(given["format"]), tuple(given["size"])
            self._camera.start()
        except (RuntimeError, IndexError) as error:
            self.close()
            msg = f"the Pi camera cannot be opened ({error}): is its cable seated, is it free?"
            raise CameraError(msg) from error
        if self._format not in TO_BGR:
            self.close()
            msg = f"the Pi camera gives {self._format}, none of {', '.join(TO_BGR)}"
            raise CameraError(msg)

    def grab(self) -> None:
        """Take the next frame from libcamera; the one before goes back to it."""
        try:
            self._give_back()
            self._request = self._there().capture_request(wait=self._patience)
        except (RuntimeError, TimeoutError) as error:
            msg = f"the Pi camera gives no frames ({error!r}): did its cable come loose?"
            raise CameraError(msg) from error

    def decode(self) -> NDArray[np.uint8]:
        """The last grabbed frame."""
        if self._request is None:
            msg = "decode() without a grabbed frame"
            raise CameraError(msg)
        try:
            return as_bgr(self._request.make_array("main"), self._format, self._size)
        except (RuntimeError, ValueError, cv2.error) as error:
            msg = f"the Pi camera gave a damaged frame ({error})"
            raise CameraError(msg) from error

    def close(self) -> None:
        """Stop the sensor and let go of it."""
        camera, self._camera = self._camera, None
        # What libcamera refuses now it has lost already: nothing is left to let go of.
        with contextlib.suppress(RuntimeError):
            self._give_back()
        if camera is not None:
            with contextlib.suppress(RuntimeError):
                camera.close()

    def _there(self) -> Any:  # noqa: ANN401 - as above
        if self._camera is None:
            msg = "it was closed"
            raise RuntimeError(msg)
        return self._camera

    def _give_back(self) -> None:
        request, self._request = self._request, None
        if request is not None:
            request.release()


def as_bgr(array: NDArray[np.uint8], form: str, size: tuple[int, ...]) -> NDArray[np.uint8]:
    """A frame as picamera2's make_array gives it, as uint8 [height, width, 3] BGR.

    Args:
        array: planes of YUV420 may be wider than the picture: rows end with padding.
        form: picamera2's name of the format, one of TO_BGR.
        size: width and height of the picture in pixels.

    """
    code = TO_BGR[form]
    width, height = size
    bgr = array if code is None else cv2.cvtColor(np.ascontiguousarray(array), code)
    return np.ascontiguousarray(bgr[:height, :width], np.uint8)
