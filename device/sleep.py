"""The sleep timer: the music fades out after some minutes, or with the track that plays."""

from __future__ import annotations

FADE_SECONDS = 20.0
"""Long, so that the end wakes nobody."""


class SleepTimer:
    """At a time, or at a track's end; not both."""

    def __init__(self) -> None:
        self.until: float | None = None
        """Monotonic seconds."""
        self.at_track_end = False

    def set(self, until: float) -> None:
        """Sleep then."""
        self.until, self.at_track_end = until, False

    def set_at_track_end(self) -> None:
        """Sleep when the track that plays is over."""
        self.until, self.at_track_end = None, True

    def clear(self) -> None:
        """Play on."""
        self.until, self.at_track_end = None, False

    @property
    def is_set(self) -> bool:
        """Whether it will end the music."""
        return self.at_track_end or self.until is not None

    def due(self, at: float) -> bool:
        """Whether the fade has to begin."""
        return self.until is not None and at >= self.until
