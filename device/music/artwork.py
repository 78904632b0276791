"""Pictures of the music, made small by the reader of files and kept on the disk, so many."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from contracts.whole_file import write_whole
from device.analysis.wire import FileArtwork
from device.music.files import BESIDE, cover_beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.track import TrackId
    from device.music.catalogue import Catalogue

log = logging.getLogger(__name__)

MAX_BYTES = 100_000_000
"""About 2,000 covers; those not looked at for longest go."""


class ArtworkReader(Protocol):
    """Reads pictures: device.music.tag_reader.TagReader."""

    def artwork(self, path: Path) -> FileArtwork:
        """The picture in a file; `error` when it cannot be had."""

    def close(self) -> None:
        """End the program."""


class Artwork:
    """Small JPEGs by track; any thread may ask, and waits while one is made."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        reader: Callable[[], ArtworkReader],
        *,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._folder, self._catalogue, self._reader = folder, catalogue, reader
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._without: set[str] = set()

    def artwork(self, track: TrackId) -> bytes | None:
        """JPEG of at most 512 pixels each way; None when the track has no usable picture.

        Raises:
            StoreError: the store cannot be read.

        """
        found = self._catalogue.artwork_of(track)
        if found is None:
            return None
        name, path = found
        with self._lock:
            kept = self._kept(name)
            return kept if kept is not None or name in self._without else self._made(name, path)

    def _kept(self, name: str) -> bytes | None:
        file = self._folder / f"{name}.jpg"
        try:
            content = file.read_bytes()
            os.utime(file)  # it was looked at
        except OSError:
            return None
        return content

    def _made(self, name: str, path: Path) -> bytes | None:
        source = cover_beside(path) if name.startswith(BESIDE) else path
        if source is None:
            return None
        reader = self._reader()
        try:
            answer = reader.artwork(source)
        finally:
            reader.close()
        if not answer.jpeg:
            self._without.add(name)
            log.info("no picture of %s: %s", path.name, answer.error or "there is none")
            return None
        with contextlib.suppress(OSError):  # a full disk costs the keeping, not the picture
            self._keep(name, answer.jpeg)
        return answer.jpeg

    def _keep(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / f"{name}.jpg", content)
        files = sorted(
            (status.st_mtime_ns, status.st_size, file)
            for file in self._folder.glob("*.jpg")
            for status in [file.stat()]
        )
        size = sum(bytes_ for _, bytes_, _ in files)
        for _, bytes_, file in files[:-1]:
            if size <= self._max_bytes:
                break
            file.unlink(missing_ok=True)
            size -= bytes_
