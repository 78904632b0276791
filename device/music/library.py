"""The music folder: what is in it, what of it can be played, and what changed.

Failure policy: a file that cannot be read costs that file, a folder that cannot be read costs
nothing (what was known of it stays). Only files whose time or size changed are read again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from contracts.library import path_id
from contracts.track import Track, TrackId
from device.analysis.wire import FileTags
from device.music.sound import PLAYABLE
from device.store import Entry, Store

log = logging.getLogger(__name__)

UNPLAYABLE = frozenset({".m4p", ".aax", ".ra", ".mid", ".midi"})
BATCH = 200
"""Files a transaction: each waits for the disk once."""

Progress = Callable[[int, int], None]


class LibraryError(RuntimeError):
    """The music folder itself cannot be read."""


class Reader(Protocol):
    """Reads tags: device.music.tag_reader.TagReader."""

    def read(self, path: Path) -> FileTags:
        """Tags of a file, or its `error`; never raises for what is in the file."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A file that looks like music."""

    id: TrackId
    path: Path
    mtime_ns: int
    size: int


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan found out."""

    tracks: tuple[TrackId, ...]
    """What can be played now."""
    read: int
    """Files that were new or changed."""
    removed: int


def track_id(folder: Path, path: Path) -> TrackId:
    """16 hex digits of the path within the music folder, so that the folder may move."""
    relative = os.fsencode(path.relative_to(folder))
    return path_id(relative)


def scan(folder: Path, store: Store, reader: Reader, progress: Progress | None = None) -> Scanned:
    """Bring the store in line with the music folder.

    `progress(done, total)` is called first and after every batch of files read.

    Raises:
        LibraryError: there is no such folder, or it cannot be read.
        StoreError: the store cannot be written.

    """
    known = store.entries()
    unread: list[Path] = []
    found = {file.id: file for file in find_music(folder, unread)}
    changed = [file for file in found.values() if _differs(file, known.get(file.id))]
    if progress:
        progress(0, len(changed))
    for start in range(0, len(changed), BATCH):
        batch = changed[start : start + BATCH]
        store.upsert(_entry(folder, file, reader) for file in batch)
        if progress:
            progress(start + len(batch), len(changed))
    gone = [i for i, e in known.items() if i not in found and not _beneath(e.path, unread)]
    store.remove(gone)
    return Scanned(tracks=tuple(store.tracks()), read=len(changed), removed=len(gone))


def find_music(folder: Path, unread: list[Path]) -> Iterator[Found]:
    """Files by their names' endings, through links too; each real folder once.

    Folders that cannot be read are added to `unread`.

    Raises:
        LibraryError: the music folder itself is one of those.

    """
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            status = current.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(current) as listing:
                children = sorted(listing, key=lambda child: child.name)
        except OSError as error:
            if current == folder:
                msg = f"{folder}: {error.strerror}: plug in or mount it, or set music_folder"
                raise LibraryError(msg) from error
            log.warning("%s cannot be read: %s", _shown(str(current)), error.strerror)
            unread.append(current)
            continue
        for child in children:
            if child.name.startswith("."):
                continue
            if _is_folder(child):
                waiting.append(Path(child.path))
            elif Path(child.name).suffix.lower() in PLAYABLE | UNPLAYABLE:
                yield from _found(folder, child)


def _is_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _found(folder: Path, child: os.DirEntry[str]) -> Iterator[Found]:
    try:
        status = child.stat()
    except OSError:  # a dangling link, or deleted since it was listed
        return
    path = Path(child.path)
    yield Found(
        id=track_id(folder, path), path=path, mtime_ns=status.st_mtime_ns, size=status.st_size
    )


def _differs(file: Found, known: Entry | None) -> bool:
    return known is None or (file.mtime_ns, file.size, file.path) != (
        known.mtime_ns,
        known.size,
        known.path,
    )


def _beneath(path: Path, folders: list[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _entry(folder: Path, file: Found, reader: Reader) -> Entry:
    suffix = file.path.suffix.lower()
    if suffix in UNPLAYABLE:
        why = f"{suffix[1:]} cannot be played: convert it to ogg, opus, flac or mp3"
        tags = FileTags(path=str(file.path), error=why)
    else:
        tags = reader.read(file.path)
    if tags.error:
        log.warning("%s is left out: %s", _shown(str(file.path)), _shown(tags.error))
    return Entry(
        track=_track(folder, file, tags),
        path=file.path,
        mtime_ns=file.mtime_ns,
        size=file.size,
        broken_why=_shown(tags.error),
    )


def _track(folder: Path, file: Found, tags: FileTags) -> Track:
    """Without tags, the names that people give files and folders: artist/album/title."""
    names = [_shown(part) for part in file.path.relative_to(folder).parts]
    return Track(
        id=file.id,
        title=tags.title or _shown(file.path.stem),
        artist=tags.artist or (names[0] if len(names) > 1 else ""),
        album=tags.album or (names[1] if len(names) > 2 else ""),  # noqa: PLR2004
        genres=tags.genres,
        tags=tags.tags,
        year=tags.year,
        duration_seconds=tags.duration_seconds,
        bpm=tags.bpm,
        explicit=tags.explicit,
        valence=tags.valence,
        arousal=tags.arousal,
        musicbrainz_id=tags.musicbrainz_id,
        isrc=tags.isrc,
    )


def _shown(name: str) -> str:
    """A name as text that may go into JSON: bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")
