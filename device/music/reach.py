"""Asks whether a file or folder is there, without waiting for a share that never answers.

A hung network mount holds whoever looks at it in the kernel, where no signal reaches. So a
thread of its own looks, and at most one: while it hangs, everything it is asked for is away.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

PATIENCE_SECONDS = 2.0
"""A disk that sleeps takes longer to wake, and is asked again at the next look."""


class Reach:
    """Tells what a look at a path brings, or None when it brings nothing in time.

    Args:
        look: blocks for as long as it takes; must not raise anything but OSError.
        patience_seconds: of waiting for it.

    """

    def __init__(
        self,
        look: Callable[[Path], str] = lambda path: "there" if path.exists() else "",
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._look, self._patience = look, patience_seconds
        self._free = threading.Semaphore()

    def ask(self, path: Path) -> str | None:
        """What `look` says of a path; None while it, or an earlier look, does not come back."""
        if not self._free.acquire(blocking=False):
            return None
        answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._go, args=(path, answers), name="reach", daemon=True).start()
        try:
            return answers.get(timeout=self._patience)
        except queue.Empty:
            return None

    def _go(self, path: Path, answers: queue.SimpleQueue[str]) -> None:
        try:
            said = self._look(path)
        except OSError:
            said = ""
        self._free.release()
        answers.put(said)
