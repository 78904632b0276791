"""The file of a backup: a gzipped tar whose first member says all about the others.

Nothing of it is trusted: a member is read only when the manifest names it, it is a plain file, its
name is one that a backup writes, and size and SHA-256 are as told. Nothing is ever extracted by
the names of the archive, so no link, device or path in it reaches the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import tarfile
import zlib
from typing import TYPE_CHECKING, Annotated, BinaryIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FORMAT = 1
"""Counts up when an older program could not restore what a newer one writes."""
MANIFEST = "manifest.json"
MOST_MANIFEST_BYTES = 1 << 20
MOST_FILE_BYTES = 1 << 32
CHUNK = 1 << 20
GENERATION = r"server/generations/[0-9A-Za-z.]{1,40}/(taste\.npz|manifest\.json)"
NAMES = re.compile(
    r"device/(settings\.toml|device\.sqlite|position|staff_pin|broker\.json)"
    rf"|server/(settings\.toml|recommender\.sqlite|training\.json)|{GENERATION}"
)
"""All that a backup may hold."""


class ArchiveError(ValueError):
    """A file that is no backup, or one that this program cannot restore; says what to do."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive."""

    name: str
    bytes: Annotated[int, msgspec.Meta(ge=0, le=MOST_FILE_BYTES)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is, and of what."""

    format: Annotated[int, msgspec.Meta(ge=1)]
    version: str
    """Of the program that wrote it."""
    made_unix_seconds: float
    device_id: str
    secrets: bool
    """With passwords, and the hash of the staff's PIN."""
    files: Annotated[tuple[Member, ...], msgspec.Meta(max_length=64)]


def write_archive(out: BinaryIO, manifest: Manifest, files: Mapping[str, Path]) -> Manifest:
    """Write a backup; the manifest with its files told.

    Raises:
        OSError: a file cannot be read, or `out` not be written.

    """
    told = tuple(_member(name, path) for name, path in sorted(files.items()))
    whole = msgspec.structs.replace(manifest, files=told)
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        packet = msgspec.json.format(msgspec.json.encode(whole), indent=1)
        archive.addfile(_header(MANIFEST, len(packet)), io.BytesIO(packet))
        for member in told:
            with files[member.name].open("rb") as content:
                archive.addfile(_header(member.name, member.bytes), content)
    return whole


def read_archive(path: Path, folder: Path) -> tuple[Manifest, dict[str, Path]]:
    """Check a backup through and through, and lay its files into an empty folder.

    Returns:
        Its manifest, and where each file of it lies now.

    Raises:
        ArchiveError: it is no backup, was altered or cut short, or is of a newer format.
        OSError: it cannot be read, or the folder not be written.

    """
    with _opened(path) as archive:
        manifest = _manifest(archive)
        laid: dict[str, Path] = {}
        for number, member in enumerate(manifest.files):
            laid[member.name] = folder / str(number)
            _lay(archive, member, laid[member.name])
        if archive.next() is not None:
            msg = "it holds more than its manifest tells"
            raise ArchiveError(msg)
    return manifest, laid


def sha256_of(path: Path) -> str:
    """Hash of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError, zlib.error) as error:
        msg = f"{path} is no backup, or was cut short: {error}"
        raise ArchiveError(msg) from error
    except OSError as error:
        if error.errno is None:  # gzip's own words
            msg = f"{path} is no backup: {error}"
            raise ArchiveError(msg) from error
        raise


def _manifest(archive: tarfile.TarFile) -> Manifest:
    found = archive.next()
    if found is None or found.name != MANIFEST or not found.isreg():
        msg = "it does not begin with a manifest: this is no backup of MLFYM"
        raise ArchiveError(msg)
    content = archive.extractfile(found)
    packet = content.read(MOST_MANIFEST_BYTES) if content else b""
    try:
        told = msgspec.json.decode(packet)
        theirs = told.get("format") if isinstance(told, dict) else None
        if isinstance(theirs, int) and theirs > FORMAT:
            msg = f"it is of format {theirs}, this program knows {FORMAT}: update the program first"
            raise ArchiveError(msg)
        manifest = msgspec.convert(told, Manifest)
    except msgspec.MsgspecError as error:
        msg = f"its manifest cannot be read: {error}"
        raise ArchiveError(msg) from error
    names = [member.name for member in manifest.files]
    odd = next((name for name in names if not NAMES.fullmatch(name)), "")
    if odd or len(set(names)) < len(names):
        msg = f"its manifest names what no backup holds: {odd or 'a file twice'}"
        raise ArchiveError(msg)
    return manifest


def _lay(archive: tarfile.TarFile, member: Member, place: Path) -> None:
    found = archive.next()
    if found is None or (found.name, found.size) != (member.name, member.bytes):
        msg = f"{member.name} is not where its manifest has it: it was altered or cut short"
        raise ArchiveError(msg)
    content = archive.extractfile(found) if found.isreg() else None
    if content is None:
        msg = f"{member.name} is no plain file: it was altered"
        raise ArchiveError(msg)
    with place.open("xb") as out:
        while piece := content.read(CHUNK):
            out.write(piece)
    if sha256_of(place) != member.sha256:
        msg = f"{member.name} is not what was backed up: it was altered or damaged"
        raise ArchiveError(msg)


def _member(name: str, path: Path) -> Member:
    return Member(name=name, bytes=path.stat().st_size, sha256=sha256_of(path))


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header
