"""How much of the memory that a program has freed glibc keeps: little, for one that runs long."""

from __future__ import annotations

import ctypes

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""<malloc.h>"""
ARENAS = 2
LARGE_BYTES = 128 * 1024
"""glibc's own beginning, which it else raises to 32 MiB with the first large block that is freed:
from then on such blocks lie among small ones, and what is freed between them stays ours."""


def keep_little() -> bool:
    """Share two heaps among all threads, and give large blocks back at once; before any thread.

    Without this each thread of a new connection may get a heap of its own. False, and nothing
    done, with another libc than glibc.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):
        return False
    asked = ((M_ARENA_MAX, ARENAS), (M_MMAP_THRESHOLD, LARGE_BYTES))
    return all(libc.mallopt(option, value) for option, value in asked)
