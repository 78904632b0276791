"""How far the track that is on has come, for when the power goes.

A line of its own in a small file, written in place and left to the kernel to bring to the
disk: the store waits for the disk with every commit, and a card bears only so many of those.
A file that a power cut has spoilt is no bookmark, and the track begins anew.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.track import TrackId

EVERY_SECONDS = 2.0
LINE = "{track} {seconds:010.2f}\n"


class Bookmark:
    """One position of one track, written at most every 2 s.

    A disk that takes nothing costs the position, not the music.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written_at = float("-inf")
        self._written: tuple[TrackId, float] | None = None

    def write(self, track: TrackId | None, seconds: float, at: float) -> None:
        """Keep the position at monotonic second `at`, if it is time to and it is another."""
        if track is None or at - self._written_at < EVERY_SECONDS:
            return
        if self._written == (track, seconds):
            return
        self._written_at, self._written = at, (track, seconds)
        line = LINE.format(track=track, seconds=seconds).encode("ascii")
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(descriptor, line, 0)
            finally:
                os.close(descriptor)

    def read(self, track: TrackId) -> float:
        """Seconds into this track; 0 when nothing is known of it."""
        try:
            words = self._path.read_text("ascii").split()
            if len(words) == 2 and words[0] == track:  # noqa: PLR2004 - track and seconds
                return max(0.0, float(words[1]))
        except (OSError, ValueError):
            pass
        return 0.0
