"""Names of files that people send: one name that every file system takes, whatever they called it.

Pure: what comes out never holds a path, is never hidden, and ends like music that can be played.
"""

from __future__ import annotations

import itertools
import unicodedata
from typing import TYPE_CHECKING

from device.music.sound import PLAYABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_STEM_BYTES = 180
"""Of UTF-8: a name may have 255, and some room is for a number and for the hidden name."""
NOT_ON_EVERY_DISK = frozenset('<>:"/\\|?*')
"""FAT, NTFS and network shares refuse these."""
JOINERS = frozenset("\u200c\u200d\ufe0f")
"""Emoji and some scripts are held together by these, though they print nothing."""
DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)
"""Names of devices where the disk is read by Windows."""
NAMELESS = "Music"


def clean_name(said: str) -> str | None:
    """A name for a file that a client calls so; None when it is no music we can play.

    Korean is composed (NFC), as people type it when they search.
    """
    last = unicodedata.normalize("NFC", said).replace("\\", "/").rpartition("/")[2]
    stem, dot, ending = last.rpartition(".")
    ending = f"{dot}{ending.strip().lower()}"
    if ending not in PLAYABLE:
        return None
    return f"{_stem(stem)}{ending}"


def numbered(name: str) -> Iterator[str]:
    """The name, then the same with (2), (3) and so on."""
    stem, dot, ending = name.rpartition(".")
    yield name
    for number in itertools.count(2):
        yield f"{stem} ({number}){dot}{ending}"


def _stem(said: str) -> str:
    letters = (c if _prints(c) else " " for c in said)
    one_line = " ".join("".join(letters).split()).strip(". ")
    short = one_line.encode("utf-8", "ignore")[:MAX_STEM_BYTES].decode("utf-8", "ignore")
    stem = short.strip(". ") or NAMELESS
    return f"_{stem}" if stem.partition(".")[0].strip().lower() in DEVICES else stem


def _prints(letter: str) -> bool:
    return (letter.isprintable() or letter in JOINERS) and letter not in NOT_ON_EVERY_DISK
