"""The newest status, for whoever asks on any thread; taken on core's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import FacesSeen

EVERY_SECONDS = 0.1


class Snapshots:
    """Takes them, at most every 0.1 s unless one is wanted at once.

    `look` makes a status from the faces seen last, at a monotonic second.
    """

    def __init__(
        self, look: Callable[[FacesSeen | None, float], Status], clock: Callable[[], float]
    ) -> None:
        self._look, self._clock = look, clock
        self._taken_at = float("-inf")
        self.newest = Status()
        self.faces: FacesSeen | None = None
        """What the camera saw last."""

    def due(self) -> bool:
        """Whether the newest has grown old."""
        return self._clock() - self._taken_at >= EVERY_SECONDS

    def take(self) -> Status:
        """A new one, which is the newest from now on."""
        self._taken_at = self._clock()
        self.newest = self._look(self.faces, self._taken_at)
        return self.newest
