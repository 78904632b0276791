"""picamera2 for libcamera's virtual camera, which lacks two things that every Pi's camera has."""

from __future__ import annotations

from typing import Any

from picamera2 import Picamera2
from picamera2.allocators import LibcameraAllocator

RAW_MODE = {"format": "SBGGR10", "size": (640, 480)}


class VirtualPicamera2(Picamera2):  # type: ignore[misc] # it ships no types
    """The real picamera2, but for what it asks a sensor and where its buffers are from."""

    def __init__(self) -> None:
        super().__init__()
        # The virtual camera fills two planes; picamera2's own buffers have one, and libcamera ends.
        self.allocator = LibcameraAllocator(self.camera)

    def _get_raw_modes(self) -> list[dict[str, Any]]:
        """The virtual camera has no raw mode, and picamera2 wants one to name."""
        return [RAW_MODE]
