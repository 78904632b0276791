"""Listens to what the sound driver is given: when music was heard, and how long it was not.

SDL's `disk` driver writes its PCM into a named pipe. The pipe paces nothing by itself; the driver
does, at the speed of a card. Who stops reading it is a card that takes no more sound.
"""

from __future__ import annotations

import os
import select
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

AUDIBLE = 33
"""Of 32,768: -60 dB of full scale. Quieter is silence."""
STOPPED_SECONDS = 0.5
"""A shorter gap is the driver's buffers and a busy machine, no pause that somebody hears as one."""
BLOCK_BYTES = 65_536
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Gap:
    """Monotonic seconds from the last audible sound to the next."""

    began: float
    ended: float


class Ear:
    """Hears a pipe at `path`, made here, until it is closed."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        # Open for both, so that the pipe outlives every program that writes into it.
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._listening, self._ended = threading.Event(), threading.Event()
        self._listening.set()
        self.heard_at = float("-inf")
        """Monotonic seconds of the last audible sound."""
        self.heard_bytes = 0
        self.gaps: list[Gap] = []
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hear no more."""
        self._ended.set()
        self._listening.set()
        self._thread.join()
        os.close(self._pipe)

    def cover(self) -> None:
        """Take no more sound, like a card that hangs."""
        self._listening.clear()

    def uncover(self) -> None:
        """Take it again."""
        self._listening.set()

    def silent_since(self, at: float) -> float:
        """Seconds of the longest silence that ended after monotonic second `at`, or goes on.

        What of it lies before `at` does not count; 0 when none was worth the name.
        """
        now = time.monotonic()
        gaps = [*self.gaps, Gap(self.heard_at, now)]
        longest = max((gap.ended - max(gap.began, at) for gap in gaps if gap.ended > at), default=0)
        return longest if longest >= STOPPED_SECONDS else 0.0

    def _listen(self) -> None:
        while self._listening.wait() and not self._ended.is_set():
            if select.select([self._pipe], [], [], LOOK_SECONDS)[0]:
                self._take(os.read(self._pipe, BLOCK_BYTES), time.monotonic())

    def _take(self, raw: bytes, now: float) -> None:
        samples = np.frombuffer(raw[: len(raw) // 2 * 2], np.int16)
        if not len(samples) or int(np.abs(samples.astype(np.int32)).max()) < AUDIBLE:
            return
        if now - self.heard_at >= STOPPED_SECONDS and self.heard_bytes:
            self.gaps.append(Gap(self.heard_at, now))
        self.heard_at = now
        self.heard_bytes += len(raw)
