"""Gives memory back that starting up needed and running does not.

Of the libraries' code most runs once, while they are imported. Unmapped, it stays in the kernel's
page cache while that has room, and what is needed after all is mapped again page by page.
"""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SMAPS = Path("/proc/self/smaps")
MADV_DONTNEED = 4
"""<sys/mman.h>: for pages that nobody wrote to, `read them from the file when touched again`."""
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)")


def give_back() -> None:
    """Return to the kernel what can be had again: freed memory, and the files' own pages."""
    gc.collect()
    libc = ctypes.CDLL(None)
    # Another libc than glibc has no such call, and frees what it can by itself.
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, end in untouched_files(SMAPS.read_text("utf-8")):
        libc.madvise(start, end - start, MADV_DONTNEED)


def untouched_files(smaps: str) -> Iterator[tuple[int, int]]:
    """Start and end of the mappings that hold nothing but what stands in their files.

    These are not writable and have no page of their own: one that was written to before it was
    protected, as a linker does, would be lost.

    Args:
        smaps: text of /proc/<pid>/smaps.

    """
    mapping = None
    for line in smaps.splitlines():
        if found := _MAPPING.match(line):
            mapping = found
        elif line.startswith("Anonymous:") and mapping:
            start, end, rights, inode = mapping.groups()
            if int(inode) and "w" not in rights and not int(line.split()[1]):
                yield int(start, 16), int(end, 16)
