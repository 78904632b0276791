"""Memory that a program freed goes back to the kernel."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHILD = """
import sys, threading
from contracts.allocator import keep_little
if sys.argv[1] == "little":
    assert keep_little()
small, large = [], []
def work():
    large.append(bytearray(4 << 20))
    large.clear()  # glibc learns that such blocks come and go
    for _ in range(100):
        large.append(bytearray(1 << 20))
        small.append(bytes(4000))
    large.clear()
def own_kib():
    status = open("/proc/self/status").read().splitlines()
    return int(next(line for line in status if line.startswith("RssAnon")).split()[1])
before = own_kib()
for _ in range(4):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
print(own_kib() - before)
"""


def kept_kib(how: str) -> int:
    command = [sys.executable, "-c", CHILD, how]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this libc is not glibc")
def test_large_blocks_among_small_ones_are_given_back() -> None:
    """Of 100 MiB that came and went between small blocks little stays; else most would."""
    assert kept_kib("little") < 8 * 1024
    assert kept_kib("as it is") > 50 * 1024
