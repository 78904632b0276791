"""The archive of a release: a tar of plain files, the same bytes for the same files.

Unpacking knows plain files and folders only. It does not use tarfile's own extraction: its data
filter came with Python 3.11.4, Debian Bookworm has 3.11.2, and it would let links within through.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from cli.updating.errors import UpdateError

CHUNK_BYTES = 1 << 20
MOST_FILES = 20_000


def make_archive(files: dict[str, Path], target: Path) -> int:
    """Write an archive of files by their names in it; bytes of all files together.

    Owner, time and order are not the maker's: who makes it again gets the same bytes.
    """
    total = 0
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in sorted(files):
            path = files[name]
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            total += entry.size
            with path.open("rb") as file:
                tar.addfile(entry, file)
    return total


def file_sha256(path: Path) -> str:
    """Of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_proved(source: Path, target: Path, size: int, sha256: str) -> None:
    """Copy a file and prove the copy; a stick may show something else when it is read again.

    Raises:
        UpdateError: it cannot be read, or is not the one that was signed. No copy is left.

    """
    digest, left = hashlib.sha256(), size
    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            while chunk := reading.read(min(CHUNK_BYTES, left + 1)):
                digest.update(chunk)
                writing.write(chunk)
                left -= len(chunk)
                if left < 0:
                    break
            writing.flush()
            os.fsync(writing.fileno())
    except OSError as error:
        target.unlink(missing_ok=True)
        msg = f"{error.filename or source} cannot be copied: {error.strerror}"
        raise UpdateError(msg) from error
    if left or digest.hexdigest() != sha256:
        target.unlink(missing_ok=True)
        msg = f"{source.name} is not the archive that was signed: fetch it again"
        raise UpdateError(msg)


def unpack(archive: Path, folder: Path, most_bytes: int) -> None:
    """Write the files of an archive into a new folder; they are on the disk when this returns.

    Args:
        archive: a tar.gz.
        folder: made here; must not be there yet.
        most_bytes: that all files together may take.

    Raises:
        UpdateError: it holds anything but plain files beneath it, twice the same, or too much.

    """
    folder.mkdir(parents=True)
    seen, left = set[str](), most_bytes
    try:
        with tarfile.open(archive, mode="r|gz") as tar:
            for entry in tar:
                name = _checked_name(entry)
                if entry.isdir():
                    continue
                left -= entry.size
                if name in seen or left < 0 or len(seen) >= MOST_FILES:
                    msg = f"{archive.name}: {name} is there twice, or more than was signed for"
                    raise UpdateError(msg)
                seen.add(name)
                content = tar.extractfile(entry)
                if content:
                    _write(folder / name, content, 0o755 if entry.mode & 0o100 else 0o644)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        msg = f"{archive.name} cannot be unpacked: {error}"
        raise UpdateError(msg) from error
    _sync_folders(folder)


def _checked_name(entry: tarfile.TarInfo) -> str:
    path = PurePosixPath(entry.name)
    plain = not path.is_absolute() and ".." not in path.parts and path.parts
    if not plain or "\0" in entry.name or "\\" in entry.name:
        msg = f"the archive names a file outside itself: {entry.name!r}"
        raise UpdateError(msg)
    if not (entry.isdir() or entry.type in {tarfile.REGTYPE, tarfile.AREGTYPE}):
        msg = f"the archive holds {entry.name!r}, which is neither a plain file nor a folder"
        raise UpdateError(msg)
    return str(path)


def _write(path: Path, content: IO[bytes], mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := content.read(CHUNK_BYTES):
            file.write(chunk)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _sync_folders(folder: Path) -> None:
    for path in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
