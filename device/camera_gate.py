"""What stands before the camera: a switch at the device, and a light that tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class CameraGate(Protocol):
    """Asked before the camera is ever opened, from any thread."""

    @property
    def locked(self) -> bool:
        """Whether the switch keeps the camera off."""

    def start(self, moved: Callable[[], None]) -> None:
        """Call `moved`, on any thread, whenever the switch was moved."""

    def refuses(self) -> str:
        """Why the camera stays closed, else empty: then the light is on."""

    def closed(self) -> None:
        """The camera is closed: the light may go out."""

    def close(self) -> None:
        """Let go of the pins."""


class OpenGate:
    """A device without switch and light."""

    locked = False

    def start(self, moved: Callable[[], None]) -> None:
        """Nothing ever moves."""

    def refuses(self) -> str:
        """Nothing."""
        return ""

    def closed(self) -> None:
        """There is no light."""

    def close(self) -> None:
        """There are no pins."""
