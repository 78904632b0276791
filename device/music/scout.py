"""Knows what music there is, on a thread of its own: scans, watches, and listens to it.

Failure policy: a folder, a disk or a store that fails is said and looked at again; what was
known of it is kept. The music goes on with what is there.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from device.events import LibraryChanged
from device.music.catalogue import Catalogue
from device.music.library import LibraryError, scan
from device.music.listening import listen
from device.music.reach import Reach
from device.music.roots import Root, music_roots, trouble_with
from device.music.tag_reader import TagReader
from device.music.watching import FolderWatch, watch_mounts
from device.settings import LibrarySettings
from device.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Event
    from device.store import Store

log = logging.getLogger(__name__)


LEAP_SECONDS = 3600.0


class Scout:
    """Brings the store in line with the folders and disks of the settings, and keeps it so.

    Args:
        folder: the music folder.
        store: takes what is found.
        put: takes LibraryChanged, whose `tracks` may be empty: the store knows.
        clock: monotonic seconds.
        settings: what else there is, and how often to look.
        unix_clock: seconds, for how long a file has been missing.
        trouble: what is wrong with a folder, in words; may never come back from a hung share.

    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        put: Callable[[Event], None],
        clock: Callable[[], float],
        *,
        settings: LibrarySettings | None = None,
        unix_clock: Callable[[], float] = time.time,
        trouble: Callable[[Path], str] = trouble_with,
    ) -> None:
        self._folder, self._store, self._put, self._clock = folder, store, put, clock
        self._settings = settings or LibrarySettings()
        self._unix_clock = unix_clock
        self._catalogue = Catalogue(store)
        self._changed, self._ended = threading.Event(), threading.Event()
        self._trouble = trouble
        self._reaches: dict[str, Reach] = {}
        """One for each root: a share that hangs keeps no disk from being looked at."""
        self._watch: FolderWatch | None = None
        self._said: dict[str, str] = {}
        self._ahead: float | None = None
        """Wall clock less monotonic clock at the last scan."""
        self.scanned = (0, 0)
        """Files looked at, and all."""

    def start(self) -> None:
        """Begin, in the background."""
        threading.Thread(target=self._run, name="scout", daemon=True).start()
        threading.Thread(
            target=watch_mounts, args=[self._changed.set, self._ended], name="mounts", daemon=True
        ).start()

    def stop(self) -> None:
        """End soon."""
        self._ended.set()
        self._changed.set()
        if self._watch:
            self._watch.close()

    def look(self) -> None:
        """Scan soon: somebody added music where nothing may be watching."""
        self._changed.set()

    def scan(self) -> None:
        """Scan every root once; the library changes with the first batch and when all is read."""
        reader = TagReader()
        try:
            roots = music_roots(self._folder, self._settings.folders, self._settings.disks_beneath)
            differs = [self._scan_root(root, reader) for root in roots]
            differs.append(self._miss_absent(roots))
            self._mind_the_clock()
            differs.append(self._catalogue.forget(self._unix_clock()) > 0)
            self._watch_over(roots)
        except StoreError as error:
            log.warning("%s", error)
        else:
            if any(differs):
                self._tell()
        finally:
            reader.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._changed.clear()
            self.scan()
            self._listen()
            self._changed.wait(self._settings.look_again_minutes * 60)

    def _scan_root(self, root: Root, reader: TagReader) -> bool:
        """Whether anything changed."""
        trouble = self._trouble_with(root)
        if trouble != self._said.get(root.key, ""):
            self._said[root.key] = trouble
            log.warning("%s", trouble or f"{root.folder} is there again")
        if trouble:
            return self._catalogue.miss_root(root.key, self._unix_clock()) > 0
        try:
            done = scan(
                root.folder,
                self._store,
                reader,
                self._progress,
                root=root.key,
                unix_seconds=self._unix_clock(),
            )
        except LibraryError as error:
            log.warning("%s", error)
            return True
        return bool(done.read or done.removed or done.returned)

    def _trouble_with(self, root: Root) -> str:
        reach = self._reaches.setdefault(root.key, Reach(self._trouble))
        trouble = reach.ask(root.folder)
        if trouble is None:
            return f"{root.folder} does not answer: look at its share or disk; its music waits"
        return trouble

    def _miss_absent(self, roots: list[Root]) -> bool:
        """Disks that were pulled out, and folders that the settings no longer name."""
        absent = self._catalogue.roots() - {root.key for root in roots}
        gone = [self._catalogue.miss_root(key, self._unix_clock()) for key in absent]
        return any(gone)

    def _mind_the_clock(self) -> None:
        """A Pi learns the time from the network: what was just missed is not missing for years."""
        ahead = self._unix_clock() - self._clock()
        if self._ahead is not None and ahead - self._ahead > LEAP_SECONDS:
            self._catalogue.clock_leapt(ahead - self._ahead)
        self._ahead = ahead

    def _watch_over(self, roots: list[Root]) -> None:
        folders = tuple(root.folder for root in roots if not self._said.get(root.key))
        if self._watch and self._watch.folders == folders:
            return
        if self._watch:
            self._watch.close()
        self._watch = FolderWatch(folders, self._changed.set)

    def _listen(self) -> None:
        if not self._settings.listen or not self._catalogue.count_unheard():
            return
        reader = TagReader()
        try:
            listen(self._catalogue, reader, self._changed.is_set, self._tell)
        except StoreError as error:
            log.warning("%s", error)
        finally:
            reader.close()

    def _tell(self) -> None:
        self._put(LibraryChanged(at=self._clock(), tracks=()))

    def _progress(self, done: int, total: int) -> None:
        first, self.scanned = self.scanned[0] == 0 < done, (done, total)
        if first:  # play what was found so far, however much is still to come
            self._tell()
