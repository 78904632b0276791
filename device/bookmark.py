"""How far the track that is on has come, for when the program or the power goes.

Every 2 s into memory, where it outlives the program, and every 60 s onto the disk, where it
outlives the power: each write there costs a card some 20 KiB with the file system's journal
(docs/reliability.md). A line of its own in a small file, written in place and left to the kernel;
one that a power cut has spoilt is no bookmark, and the track begins anew.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.track import TrackId

EVERY_SECONDS = 2.0
DISK_EVERY_SECONDS = 60.0
NAME = "position"
LINE = "{track} {seconds:010.2f}\n"
MEMORY_FOLDER = "RUNTIME_DIRECTORY"
"""Where systemd says it (systemd.exec(5))."""


class Bookmark:
    """One position of one track.

    A disk that takes nothing costs the position, not the music.

    Args:
        path: the file on the disk.
        memory: a folder that lives as long as the machine is on; None: the disk is written
            every 2 s, on a machine without systemd and, likely, without a card.

    """

    def __init__(self, path: Path, memory: Path | None = None) -> None:
        self._disk = _Line(path, DISK_EVERY_SECONDS if memory else EVERY_SECONDS)
        self._memory = _Line(memory / NAME, EVERY_SECONDS) if memory else None
        self._last: tuple[TrackId, float] | None = None

    def write(self, track: TrackId | None, seconds: float, at: float) -> None:
        """Keep the position at monotonic second `at`, where it is time to and it is another."""
        if track is None:
            return
        self._last = (track, seconds)
        if self._memory:
            self._memory.write(self._last, at)
        self._disk.write(self._last, at)

    def close(self) -> None:
        """The program ends: bring the last position to the disk."""
        if self._last:
            self._disk.write(self._last, float("inf"))

    def read(self, track: TrackId) -> float:
        """Seconds into this track; 0 when nothing is known of it."""
        near = self._memory.read(track) if self._memory else None
        return (self._disk.read(track) if near is None else near) or 0.0


def memory_folder() -> Path | None:
    """The folder in memory that this program was given, if any."""
    folder = os.environ.get(MEMORY_FOLDER, "").partition(":")[0]
    return Path(folder) if folder else None


class _Line:
    """A line in a file, written in place now and then."""

    def __init__(self, path: Path, every_seconds: float) -> None:
        self._path, self._every = path, every_seconds
        self._written_at = float("-inf")
        self._written: tuple[TrackId, float] | None = None

    def write(self, told: tuple[TrackId, float], at: float) -> None:
        if at - self._written_at < self._every or told == self._written:
            return
        self._written_at, self._written = at, told
        line = LINE.format(track=told[0], seconds=told[1]).encode("ascii")
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(descriptor, line, 0)
            finally:
                os.close(descriptor)

    def read(self, track: TrackId) -> float | None:
        try:
            words = self._path.read_text("ascii").split()
            if len(words) == 2 and words[0] == track:  # noqa: PLR2004 - track and seconds
                return max(0.0, float(words[1]))
        except (OSError, ValueError):
            pass
        return None
