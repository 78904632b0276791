"""The listener's own lists: M3U files in a folder for each mood.

    Moods/happy/*.m3u8    Moods/negative/90s.m3u

A line names a file from the list's own folder or in full; lines that name nothing in the
library are left out. Failure policy: a list that cannot be read is said and left out.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.mood import MoodClass
from contracts.track import TrackId
from device.policy import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from device.store import Store

log = logging.getLogger(__name__)

DEFAULT_FOLDER = "Moods"
SUFFIXES = {".m3u8": ("utf-8-sig",), ".m3u": ("utf-8-sig", "latin-1")}
"""How each kind is written: M3U says nothing, and older ones are Latin-1."""
MOST_BYTES = 4 * 1024 * 1024
MOODS = frozenset({*BY_HAND, *(str(mood) for mood in MoodClass)})


def read_lists(
    folder: Path, library: Callable[[], Mapping[Path, TrackId]]
) -> dict[str, tuple[TrackId, ...]]:
    """Tracks of every list by `mood/name`; `library` gives the tracks by their files."""
    known = library()
    found: dict[str, tuple[TrackId, ...]] = {}
    for file in sorted(_files(folder)):
        name = f"{file.parent.name.lower()}/{_text(file.stem).lower()}"
        try:
            lines = _lines(file)
        except (OSError, ValueError) as error:
            log.warning("the list %s is left out: %s", _text(str(file)), error)
            continue
        named = [known.get(_real(file.parent, line)) for line in lines]
        tracks = tuple(dict.fromkeys(track for track in named if track))
        log.info("list %s: %d of %d lines are in the library", name, len(tracks), len(named))
        if tracks:
            found[name] = tracks
    return found


def ids_by_path(store: Store) -> dict[Path, TrackId]:
    """Every track of the library by its file."""
    rows = store.rows("SELECT path, id FROM tracks")
    return {Path(os.fsdecode(path)): TrackId(str(track)) for path, track in rows}


def _files(folder: Path) -> Iterator[Path]:
    try:
        moods = [child for child in folder.iterdir() if child.name.lower() in MOODS]
        for mood in moods:
            yield from (f for f in mood.iterdir() if f.suffix.lower() in SUFFIXES and f.is_file())
    except OSError:
        return  # no such folder: nobody keeps lists


def _lines(file: Path) -> list[str]:
    """Lines that name files.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, or in no known writing.

    """
    if file.stat().st_size > MOST_BYTES:
        msg = f"larger than {MOST_BYTES // 2**20} MiB"
        raise ValueError(msg)
    content = file.read_bytes()
    *tried, last = SUFFIXES[file.suffix.lower()]
    for encoding in tried:
        try:
            return _named(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _named(content.decode(last))


def _named(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#") and "\0" not in line]


def _real(folder: Path, line: str) -> Path:
    return Path(os.path.normpath(folder / line.replace("\\", "/")))


def _text(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")
