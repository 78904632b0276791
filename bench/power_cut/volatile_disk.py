"""A disk with a cache that the power takes: what was written but not flushed may be lost.

It is what SATA, NVMe and SD 4.x caches promise and no more: after a flush everything before it
stays; without one, any sector of any write may have arrived or not, in any order.
"""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

SECTOR = 512
"""What a disk writes whole or not at all."""


class VolatileDisk:
    """Blocks in memory, as a file system sees them and as they would be after a power cut.

    Args:
        content: what is on it at first; its length is the disk's size in bytes.
        random: chooses what of the cache a power cut leaves.

    """

    def __init__(self, content: bytes, random: Random) -> None:
        self._seen, self._durable = bytearray(content), bytearray(content)
        self._cache: list[tuple[int, bytes]] = []
        self._random, self._lock = random, threading.Lock()
        self._cut_after: int | None = None
        self._left: bytes | None = None
        self.cut = threading.Event()
        """Set when the power has gone."""
        self.failing = False
        """Every write and flush fails from now on, as on a card that has worn out."""
        self.size = len(content)
        self.writes = self.flushes = self.bytes_written = 0

    def read(self, offset: int, count: int) -> bytes:
        """Bytes as the file system last wrote them."""
        with self._lock:
            return bytes(self._seen[offset : offset + count])

    def write(self, offset: int, content: bytes) -> None:
        """Take a write into the cache.

        Raises:
            OSError: the disk fails.

        """
        with self._lock:
            self._must_work()
            self._seen[offset : offset + len(content)] = content
            self._cache.append((offset, bytes(content)))
            self.writes += 1
            self.bytes_written += len(content)
            self._count_down()

    def flush(self) -> None:
        """Bring the cache to what stays.

        Raises:
            OSError: the disk fails.

        """
        with self._lock:
            self._must_work()
            for offset, content in self._cache:
                self._durable[offset : offset + len(content)] = content
            self._cache.clear()
            self.flushes += 1
            self._count_down()

    def cut_power(self, after: int = 0) -> None:
        """Let the power go after so many more writes and flushes; what follows is never kept."""
        with self._lock:
            self._cut_after = after
            if after <= 0:
                self._go_dark()

    def left(self) -> bytes:
        """The disk's content after the power cut that has happened."""
        if self._left is None:
            msg = "the power is still on"
            raise ValueError(msg)
        return self._left

    def _must_work(self) -> None:
        if self.failing:
            raise OSError(errno.EIO, "the disk fails")

    def _count_down(self) -> None:
        if self._cut_after is not None and self._left is None:
            self._cut_after -= 1
            if self._cut_after <= 0:
                self._go_dark()

    def _go_dark(self) -> None:
        if self._left is not None:
            return
        left = bytearray(self._durable)
        # From a cache that had written nothing back to one that had written nearly all of it.
        share = self._random.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        for offset, content in self._cache:
            for start, piece in self._pieces(content):
                if self._random.random() < share:
                    left[offset + start : offset + start + len(piece)] = piece
        self._left = bytes(left)
        self.cut.set()

    def _pieces(self, content: bytes) -> Iterator[tuple[int, bytes]]:
        """A write whole, or torn into sectors."""
        step = self._random.choice((SECTOR, 8 * SECTOR, len(content)))
        for start in range(0, len(content), step):
            yield start, content[start : start + step]
