"""Whether somebody is there: a face before the camera, or a hand on the controls.

Without a camera that is on, nobody is ever taken to be away.
"""

from __future__ import annotations

LEFT_SECONDS = 20.0
"""A listener whose face was not seen for so long has left."""


class Presence:
    """Tells arrivals, departures and long absences.

    `pause_after_seconds` is how long an absence holds the music for; 0 is never.
    """

    def __init__(self, pause_after_seconds: float) -> None:
        self._pause_after = pause_after_seconds
        self._watching = False
        self._sign_at = 0.0
        self._seen_at: float | None = None

    @property
    def seen(self) -> bool:
        """Whether a face was seen lately."""
        return self._seen_at is not None

    def camera(self, at: float, *, on: bool) -> None:
        """The camera opened or closed; what it did not watch is no absence."""
        if on and not self._watching:
            self._sign_at = at
        self._watching = on

    def touched(self, at: float) -> None:
        """Somebody used the controls: they need not be before the camera."""
        self._sign_at = at

    def face(self, at: float) -> bool:
        """A face was seen; whether its owner arrived with it."""
        arrived = self._seen_at is None
        self._seen_at = self._sign_at = at
        return arrived

    def left(self, at: float) -> bool:
        """Whether the listener has just left."""
        if self._seen_at is None or at - self._seen_at <= LEFT_SECONDS:
            return False
        self._seen_at = None
        return True

    def absent(self, at: float) -> bool:
        """Whether nobody was there for so long that the music is not heard."""
        return bool(self._pause_after) and self._watching and at - self._sign_at > self._pause_after
