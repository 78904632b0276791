"""Music that people send: it goes into one folder, under names that are made here.

What a client calls a file is cleaned to a single name; no path of anybody's reaches the file
system. A file is written under a hidden name that a scan passes over, brought to the disk, looked
at by the sandboxed reader of files, and only then gets its own name. Whatever is cut short, too
large or no music leaves nothing behind, and nothing that is there is ever overwritten.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import logging
import os
import secrets
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from device.music.files import UPLOADS, track_id
from device.music.tag_reader import TagReader
from device.music.upload_name import clean_name, numbered
from device.music.upload_refusal import (
    UploadRefusedError,
    broken,
    cut_short,
    disk_refusals,
    full,
    too_large,
    unplayable,
    unwritable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contracts.track import TrackId
    from device.analysis.wire import FileTags

log = logging.getLogger(__name__)

PART = ".upload-"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A file that is in the folder now."""

    id: TrackId
    name: str
    """What it is called there."""
    title: str
    artist: str
    again: bool = False
    """The very same file was there before."""


def free_bytes(folder: Path) -> int:
    """What an ordinary user may still write there.

    Raises:
        OSError: there is no such folder.

    """
    return shutil.disk_usage(folder).free


class Uploads:
    """The folder `Uploads` in the music; any thread may use it.

    Args:
        music: the music folder; it is made when it is missing.
        most_bytes: of one file; 0 takes none.
        spare_bytes: so much of the disk stays free.
        patience_seconds: a client that sends nothing for so long has gone.
        reader: looks at each file before it is taken.
        free: tells what is free on a folder's disk.
        write: os.write, or what behaves like it.

    """

    def __init__(
        self,
        music: Path,
        *,
        most_bytes: int,
        spare_bytes: int,
        patience_seconds: float = 60.0,
        reader: Callable[[], TagReader] = TagReader,
        free: Callable[[Path], int] = free_bytes,
        write: Callable[[int, memoryview], int] = os.write,
    ) -> None:
        self._music, self.folder = music, music / UPLOADS
        self.most_bytes, self._spare = most_bytes, spare_bytes
        self.patience_seconds = patience_seconds
        self._reader, self._free, self.write = reader, free, write
        self._looking = threading.Lock()
        self._open_reader: TagReader | None = None

    def check(self, name: str, size: int) -> str:
        """The cleaned name of a file of so many bytes that may come.

        Raises:
            UploadRefusedError: it may not, and why.

        """
        cleaned = clean_name(name)
        if cleaned is None:
            raise unplayable()
        if size > self.most_bytes:
            raise too_large(self.most_bytes)
        self._made()
        self.check_space(size)
        return cleaned

    def check_space(self, more_bytes: int) -> None:
        """Raise an UploadRefusedError unless so much more leaves enough of the disk free."""
        try:
            free = self._free(self.folder)
        except OSError as error:
            raise unwritable(error) from error
        if free - more_bytes < self._spare:
            raise full()

    def begin(self, name: str, size: int) -> Incoming:
        """A file that is about to come; `size` is 0 where nobody said it.

        Raises:
            UploadRefusedError: it may not come.

        """
        return Incoming(self, self.check(name, size))

    def look(self, path: Path) -> FileTags:
        """What the sandboxed reader says of a file; one at a time."""
        with self._looking:
            self._open_reader = self._open_reader or self._reader()
            return self._open_reader.read(path)

    def identity(self, path: Path) -> TrackId:
        """The id that a scan gives a file of this folder."""
        return track_id(self._music, path)

    def rest(self) -> None:
        """Nothing comes for now: end the reader."""
        with self._looking:
            reader, self._open_reader = self._open_reader, None
        if reader:
            reader.close()

    def clear(self) -> None:
        """Take away what a power cut left half written; to be called before the first `begin`."""
        with contextlib.suppress(OSError):
            for left in list(self.folder.glob(f"{PART}*")):
                left.unlink()
                log.info("%s was never completed, and is gone", left.name)

    def _made(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(error) from error
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise unwritable(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


class Incoming:
    """One file on its way: ends with `finish`, a refusal or, at any moment, with `discard`."""

    def __init__(self, uploads: Uploads, name: str) -> None:
        self._uploads, self._name, self.size = uploads, name, 0
        # A write may still be at the disk in another thread when the page has gone.
        self._lock = threading.Lock()
        ending = Path(name).suffix
        self._part = uploads.folder / f"{PART}{secrets.token_hex(8)}{ending}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._file: int | None = os.open(self._part, flags, 0o644)
        except OSError as error:
            raise unwritable(error) from error

    def write(self, content: bytes) -> None:
        """Append.

        Raises:
            UploadRefusedError: it became too large, or the disk too full.

        """
        self.size += len(content)
        with self._or_nothing():
            if self.size > self._uploads.most_bytes:
                raise too_large(self._uploads.most_bytes)
            self._uploads.check_space(len(content))
            rest = memoryview(content)
            while rest:
                rest = rest[self._uploads.write(self._open(), rest) :]

    def finish(self) -> Stored:
        """Bring it to the disk, have it looked at, and give it its name.

        Raises:
            UploadRefusedError: it is no music, or the disk would not have it.

        """
        with self._or_nothing():
            os.fsync(self._open())
            self._close()
            tags = self._uploads.look(self._part)
            if tags.error:
                raise broken(self._name, tags.error)
            path, again = self._named()
        return Stored(
            id=self._uploads.identity(path),
            name=path.name,
            title=tags.title or path.stem,
            artist=tags.artist,
            again=again,
        )

    def discard(self) -> None:
        """Leave nothing behind; of a finished file everything stays."""
        with self._lock:
            self._drop()

    @contextlib.contextmanager
    def _or_nothing(self) -> Iterator[None]:
        """Alone with the file; a refusal, or what the disk says, leaves nothing."""
        with self._lock:
            try:
                with disk_refusals():
                    yield
            except UploadRefusedError:
                self._drop()
                raise

    def _drop(self) -> None:
        self._close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _named(self) -> tuple[Path, bool]:
        """Where it is now, and whether the very same was there already."""
        for name in numbered(self._name):
            path = self._uploads.folder / name
            try:
                # Claimed first: a rename alone would overwrite, and FAT has no hard links.
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
            except FileExistsError:
                if _same(path, self._part):
                    self._drop()
                    return path, True
                continue
            try:
                self._part.replace(path)
            except OSError:
                path.unlink()
                raise
            _sync_folder(self._uploads.folder)
            return path, False
        raise AssertionError  # there is always another number

    def _open(self) -> int:
        if self._file is None:
            raise cut_short()
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    """A name lasts over a power cut once its folder is on the disk too."""
    with contextlib.suppress(OSError):  # some network shares cannot
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)
