"""The Raspberry Pi's own camera through picamera2; imported only when it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from device.vision.camera import CameraError

try:
    from picamera2 import Picamera2
except ImportError as missing:
    msg = f"picamera2 is not there ({missing}): `sudo apt install python3-picamera2`"
    raise CameraError(msg) from missing

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PiCamera:
    """The first camera on the Pi's ribbon connector.

    Raises:
        CameraError: there is none, or another program has it.

    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._request: Any = None
        try:
            self._camera = Picamera2()
            # picamera2's RGB888 lies in memory as B, G, R: what OpenCV expects.
            self._camera.configure(
                self._camera.create_video_configuration(main={"size": size, "format": "RGB888"})
            )
            self._camera.start()
        except (RuntimeError, IndexError) as error:
            msg = f"the Pi camera cannot be opened ({error}): is its cable seated, is it free?"
            raise CameraError(msg) from error

    def grab(self) -> None:
        """Take the next frame from libcamera; the one before goes back to it."""
        self._give_back()
        self._request = self._camera.capture_request()

    def decode(self) -> NDArray[np.uint8]:
        """The last grabbed frame."""
        return np.asarray(self._request.make_array("main"), np.uint8)

    def close(self) -> None:
        """Stop the sensor and let go of it."""
        self._give_back()
        self._camera.close()

    def _give_back(self) -> None:
        if self._request is not None:
            self._request.release()
            self._request = None
