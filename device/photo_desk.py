"""A guest's photo on its way to vision and back: bytes that nothing in core ever decodes."""

from __future__ import annotations

import fcntl
import itertools
import os
import queue
import threading
from typing import TYPE_CHECKING

from contracts.vision_wire import AnalysePhoto, PhotoAnalysed, PhotoRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.vision_wire import ToVision

    Answer = PhotoAnalysed | PhotoRefused

PATIENCE_SECONDS = 20.0
"""A small computer decodes and searches 12 megapixels within a few seconds."""
AWAY = "the part that sees is not running: try again in a minute"
LATE = "it took too long: try again, or send a smaller picture"
SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def sealed(content: bytes) -> int:
    """Descriptor of a memfd that holds these bytes and can be changed by nobody."""
    descriptor = os.memfd_create("photo", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, SEALS)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class PhotoDesk:
    """Hands photos to vision, one answer for each; `send` tells whether vision is there."""

    def __init__(self, send: Callable[[ToVision, int], bool]) -> None:
        self._send = send
        self._waiting: dict[str, queue.SimpleQueue[Answer]] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def analyse(self, content: bytes, *, patience_seconds: float = PATIENCE_SECONDS) -> Answer:
        """The faces of a picture file, or why it was refused; waits for vision."""
        box: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        with self._lock:
            photo = f"p{next(self._numbers)}"
            self._waiting[photo] = box
        descriptor = sealed(content)
        try:
            if not self._send(AnalysePhoto(photo=photo), descriptor):
                return PhotoRefused(photo=photo, why=AWAY)
            return box.get(timeout=patience_seconds)
        except queue.Empty:
            return PhotoRefused(photo=photo, why=LATE)
        finally:
            os.close(descriptor)
            with self._lock:
                self._waiting.pop(photo, None)

    def answered(self, answer: Answer) -> None:
        """Vision has looked at one."""
        with self._lock:
            box = self._waiting.get(answer.photo)
        if box:
            box.put(answer)

    def vision_lost(self) -> None:
        """No answer comes any more to what waits."""
        with self._lock:
            waiting = list(self._waiting.items())
        for photo, box in waiting:
            box.put(PhotoRefused(photo=photo, why=AWAY))
