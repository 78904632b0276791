"""Scans the music folder on a thread of its own, and tells when there is something to play."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from device.events import LibraryChanged
from device.music.library import LibraryError, scan
from device.music.tag_reader import TagReader
from device.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Event
    from device.store import Store

log = logging.getLogger(__name__)


class Scout:
    """Brings the store in line with the folder; a folder or store that fails is only said."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        put: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._folder, self._store, self._put, self._clock = folder, store, put, clock
        self.scanned = (0, 0)
        """Files looked at, and all."""

    def start(self) -> None:
        """Scan once, in the background."""
        threading.Thread(target=self.scan, name="scan", daemon=True).start()

    def scan(self) -> None:
        """Scan; the library changes with the first batch and when all is read."""
        reader = TagReader()
        try:
            scanned = scan(self._folder, self._store, reader, self._progress)
        except (LibraryError, StoreError) as error:
            log.warning("%s", error)
        else:
            self._put(LibraryChanged(at=self._clock(), tracks=scanned.tracks))
        finally:
            reader.close()

    def _progress(self, done: int, total: int) -> None:
        first, self.scanned = self.scanned[0] == 0 < done, (done, total)
        if first:  # play what was found so far, however much is still to come
            self._put(LibraryChanged(at=self._clock(), tracks=()))
