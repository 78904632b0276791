"""Tells that something changed in a folder of music, or that a disk came or went.

The kernel tells of local folders (inotify, by watchfiles) and of mounts; a network share tells
nothing, so whoever listens here looks through it now and then all the same.
"""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import watch

from device.music.roots import MOUNTS, is_network

log = logging.getLogger(__name__)

SETTLE_MS = 3000
"""An album that is being copied is looked at when it pauses, not file by file."""
STEP_MS = 500
MOUNT_CHECK_SECONDS = 1.0


class FolderWatch:
    """Watches folders until it is closed; calls `changed` from a thread of its own."""

    def __init__(self, folders: Iterable[Path], changed: Callable[[], None]) -> None:
        self.folders = tuple(folder for folder in folders if folder.is_dir())
        self._changed, self._ended = changed, threading.Event()
        local = [folder for folder in self.folders if not is_network(folder)]
        self._thread = threading.Thread(target=self._run, args=[local], name="watch", daemon=True)
        if local:
            self._thread.start()

    def close(self) -> None:
        """Watch no more."""
        self._ended.set()

    def _run(self, folders: list[Path]) -> None:
        try:
            for _ in watch(
                *folders,
                watch_filter=_is_shown,
                debounce=SETTLE_MS,
                step=STEP_MS,
                stop_event=self._ended,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                self._changed()
        except (OSError, RuntimeError) as error:  # too many folders for the kernel, a disk gone
            log.info("folders are looked through now and then instead of watched: %s", error)


def _is_shown(_change: object, path: str) -> bool:
    """Whether a scan would look at it: a file that is being written has a hidden name."""
    return not Path(path).name.startswith(".")


def watch_mounts(changed: Callable[[], None], ended: threading.Event, file: Path = MOUNTS) -> None:
    """Call `changed` whenever something is mounted or unmounted, until `ended`; blocks."""
    try:
        with file.open("rb") as table:
            waiting = select.poll()
            waiting.register(table, select.POLLPRI | select.POLLERR)
            while not ended.is_set():
                if waiting.poll(MOUNT_CHECK_SECONDS * 1000):
                    table.seek(0)
                    table.read()
                    changed()
    except OSError as error:
        log.info("disks are looked for now and then: %s", error)
