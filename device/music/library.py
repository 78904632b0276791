"""A folder of music: what is in it, what of it can be played, and what changed.

Failure policy: a file that cannot be read costs that file, a folder that cannot be read costs
nothing (what was known of it stays). Only files whose time or size changed are read again. What
is gone is missing, not forgotten: when it is back as it was, it is offered again unread.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec

from contracts.track import Track, TrackId
from device.analysis.wire import FileTags
from device.music.catalogue import Catalogue, Known
from device.music.files import (
    EMBEDDED,
    UNPLAYABLE,
    UPLOADS,
    Found,
    LibraryError,
    find_music,
    shown,
    track_id,
)
from device.store import Entry, Store

__all__ = ["LibraryError", "Reader", "Scanned", "scan", "track_id"]

log = logging.getLogger(__name__)

BATCH = 200
"""Files a transaction: each waits for the disk once."""

LOCKED = frozenset({".m4p", ".aax"})
"""What sellers lock to a program of their own."""

Progress = Callable[[int, int], None]


class Reader(Protocol):
    """Reads tags: device.music.tag_reader.TagReader."""

    def read_all(self, paths: Iterable[Path]) -> Iterator[FileTags]:
        """Tags of each file in order, or its `error`; never raises for what is in a file."""


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan found out."""

    tracks: tuple[TrackId, ...]
    """What can be played now."""
    read: int
    """Files that were new or changed."""
    removed: int
    """Files that are missing since this scan."""
    returned: int = 0
    """Files that were missing, and are back as they were."""


def scan(
    folder: Path,
    store: Store,
    reader: Reader,
    progress: Progress | None = None,
    *,
    root: str = "",
    unix_seconds: float = 0.0,
) -> Scanned:
    """Bring the store in line with a folder of music.

    `progress(done, total)` is called first and after every batch of files read. `unix_seconds`
    is the time from which on files count as missing.

    Raises:
        LibraryError: there is no such folder, or it cannot be read; its files are missing then.
        StoreError: the store cannot be written.

    """
    catalogue = Catalogue(store)
    known = catalogue.known(root)
    unread: list[Path] = []
    try:
        found = {file.id: file for file in find_music(folder, unread, root)}
    except LibraryError:
        catalogue.miss_root(root, unix_seconds)
        raise
    changed = [file for file in found.values() if _differs(file, known.get(file.id))]
    _read(changed, store, progress, _entries(folder, changed, reader, root))
    fresh = {file.id for file in changed}
    same = {i: k for i, k in known.items() if i in found and i not in fresh}
    returned = [i for i, k in same.items() if k.missing]
    catalogue.found_again(returned)
    catalogue.show({i: found[i].artwork for i, k in same.items() if _picture_changed(found[i], k)})
    gone = [
        i
        for i, k in known.items()
        if i not in found and not k.missing and not _beneath(Path(os.fsdecode(k.path)), unread)
    ]
    catalogue.miss(gone, unix_seconds)
    return Scanned(
        tracks=tuple(store.tracks()),
        read=len(changed),
        removed=len(gone),
        returned=len(returned),
    )


def _read(
    files: list[Found], store: Store, progress: Progress | None, entries: Iterator[Entry]
) -> None:
    if progress:
        progress(0, len(files))
    for start in range(0, len(files), BATCH):
        store.upsert(islice(entries, BATCH))
        if progress:
            progress(min(start + BATCH, len(files)), len(files))


def _picture_changed(file: Found, known: Known) -> bool:
    """Whether the picture beside a file is another one; that in the file goes before it."""
    return known.artwork[:1] != EMBEDDED and known.artwork != file.artwork


def _differs(file: Found, known: Known | None) -> bool:
    return known is None or (file.mtime_ns, file.size, os.fsencode(file.path)) != (
        known.mtime_ns,
        known.size,
        known.path,
    )


def _beneath(path: Path, folders: list[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _entries(folder: Path, files: list[Found], reader: Reader, root: str) -> Iterator[Entry]:
    answers = reader.read_all(f.path for f in files if _suffix(f) not in UNPLAYABLE)
    for file in files:
        why = _unplayable_why(_suffix(file))
        tags = FileTags(path=str(file.path), error=why) if why else next(answers)
        if tags.error:
            log.warning("%s is left out: %s", shown(str(file.path)), shown(tags.error))
        yield Entry(
            track=_track(folder, file, tags),
            path=file.path,
            mtime_ns=file.mtime_ns,
            size=file.size,
            broken_why=shown(tags.error),
            root=root,
        )


def _suffix(file: Found) -> str:
    return file.path.suffix.lower()


def _unplayable_why(suffix: str) -> str:
    """Why nothing with this ending can be played, and what to do; empty when it may be."""
    if suffix in LOCKED:
        return f"{suffix[1:]} is locked by its seller: get it without copy protection (m4a, mp3)"
    if suffix in UNPLAYABLE:
        return f"{suffix[1:]} cannot be played: convert it to ogg, opus, flac or mp3"
    return ""


def _track(folder: Path, file: Found, tags: FileTags) -> Track:
    """Without tags, the names that people give files and folders: artist/album/title."""
    names = [shown(part) for part in file.path.relative_to(folder).parts]
    names = names[1:] if names[0] == UPLOADS else names
    return Track(
        id=file.id,
        title=tags.title or shown(file.path.stem),
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
        album_artist=tags.album_artist,
        compilation=tags.compilation,
        disc=tags.disc,
        number=tags.number,
        gain_db=tags.gain_db,
        album_gain_db=tags.album_gain_db,
        artwork=EMBEDDED + tags.artwork if tags.artwork else file.artwork,
    )
