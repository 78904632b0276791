"""Listens to every file once with each estimate, when nothing else is to be done.

What was heard is kept by content: a file that was renamed, moved or tagged anew within its
padding is not listened to again. What an older estimate heard stands until it was heard anew,
after all that was never heard.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from device.analysis.wire import FileSound
from device.music.catalogue import Catalogue
from device.music.files import shown

log = logging.getLogger(__name__)

SAMPLE_BYTES = 65_536
AT_A_TIME = 50


class Listener(Protocol):
    """Listens to files: device.music.tag_reader.TagReader."""

    def listen(self, path: Path) -> FileSound:
        """What the sound of a file tells; `error` when it cannot be decoded."""


def fingerprint(path: Path) -> str:
    """32 hex digits of a file's size, and of 64 KiB each of its middle and its end.

    Raises:
        OSError: it cannot be read.

    """
    size = path.stat().st_size
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    with path.open("rb") as file:
        for start in (size // 2, max(0, size - SAMPLE_BYTES)):
            file.seek(start)
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def listen(
    catalogue: Catalogue,
    listener: Listener,
    interrupted: Callable[[], bool],
    learned: Callable[[], None],
) -> int:
    """Listen to what was not heard yet, until all is or `interrupted`; how many files were.

    `learned` is called after every AT_A_TIME files and at the end, if there were any.

    Raises:
        StoreError: the store cannot be read or written.

    """
    count, away = 0, set[Path]()
    while not interrupted():
        waiting = [w for w in catalogue.unheard(AT_A_TIME + len(away)) if w[1] not in away]
        if not waiting:
            break
        for track, path in waiting:
            if interrupted():
                break
            try:
                mark = fingerprint(path)
            except OSError:  # its disk went away: it is listened to when it is back
                away.add(path)
                continue
            sound = catalogue.sound(mark) or listener.listen(path)
            if sound.error:
                log.info("%s was not listened to: %s", shown(str(path)), sound.error)
            catalogue.keep_sound(track, mark, sound)
            count += 1
        learned()
    return count
