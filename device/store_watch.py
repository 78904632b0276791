"""Watches whether what is kept reaches the disk: says so once when lost, and once when back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.events import StoreChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.store import Store

FIRST_TRY_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0
"""Each try is a write that a worn-out card may take seconds to refuse."""


class StoreWatch:
    """Tries the disk again after 5 s, 10 s, 20 s and so on; on core's thread alone."""

    def __init__(self, store: Store, put: Callable[[StoreChanged], None]) -> None:
        self._store, self._put = store, put
        self._told = ""
        self._wait = FIRST_TRY_SECONDS
        self._try_at = float("inf")

    def tick(self, at: float) -> None:
        """Look at the store at monotonic second `at`."""
        if at >= self._try_at and not self._store.go_back():
            self._wait = min(2 * self._wait, LONGEST_WAIT_SECONDS)
            self._try_at = at + self._wait
        why = self._store.why_in_memory
        if why == self._told:
            return
        if why and not self._told:
            self._wait = FIRST_TRY_SECONDS
            self._try_at = at + self._wait
        elif not why:
            self._try_at = float("inf")
        self._told = why
        self._put(StoreChanged(at=at, why=why))
