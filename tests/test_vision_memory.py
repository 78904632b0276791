from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

from bench.timing import memory_mb
from device.vision.memory import give_back, untouched_files
from tests.vision_scene import drawn_face, real_sight

SMAPS = """\
7f00-7f10 r-xp 00000000 fe:00 12 /usr/lib/libx.so
Rss:                  64 kB
Anonymous:             0 kB
7f10-7f20 r--p 00000000 fe:00 12 /usr/lib/libx.so
Anonymous:             4 kB
7f20-7f30 rw-p 00000000 fe:00 12 /usr/lib/libx.so
Anonymous:             0 kB
7f30-7f40 r--p 00000000 00:00 0 [vvar]
Anonymous:             0 kB
7f40-7f50 r--p 00000000 fe:00 13 /usr/lib/liby.so
Anonymous:             0 kB
"""


def test_only_what_stands_in_a_file_is_given_back() -> None:
    """Not what may be written, nor what was, nor what is no file's."""
    assert list(untouched_files(SMAPS)) == [(0x7F00, 0x7F10), (0x7F40, 0x7F50)]


def test_the_program_sees_as_before() -> None:
    """Code and constants are read from their files again when they are needed."""
    sight = real_sight()
    before = sight.faces(drawn_face(), thorough=True)
    give_back()
    assert sight.faces(drawn_face(), thorough=True) == before


def test_pages_of_files_leave_the_memory(tmp_path: Path) -> None:
    """A file that was mapped and read is no longer resident, and reads the same."""
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * 65536)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    total = int(np.frombuffer(mapped, np.uint8).sum())
    full = memory_mb()["rss"]
    give_back()
    assert memory_mb()["rss"] < full - 15
    assert int(np.frombuffer(mapped, np.uint8).sum()) == total
