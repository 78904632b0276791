"""Files that are the old or the new after a power cut, never half of one.

The way that file systems promise (ext4's man page mount, "auto_da_alloc"; Pillai et al., "All
File Systems Are Not Created Equal", OSDI 2014): write beside, fsync, rename, fsync the folder.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_whole(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Put `content` in the place of a file; it is on the disk when this returns.

    Args:
        path: the file; its folder exists.
        content: all of it.
        mode: permissions such as 0o600; None: those of the file that was there, else by umask.

    Raises:
        OSError: it could not be written; what was there is untouched.

    """
    with replacing(path) as part:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o666)
        with os.fdopen(descriptor, "wb") as file:
            _take_after(path, descriptor, mode)
            file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write a file to, by whatever library; it takes `path`'s place.

    When the block raises, nothing is left of it. Of two processes that are at it, the later wins.

    Raises:
        OSError: it could not be written; what was there is untouched.

    """
    # The suffix stays: some libraries choose the format by it.
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    part.unlink(missing_ok=True)  # of an earlier process with this number, which the power left
    try:
        yield part
        sync(part)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk.

    Raises:
        OSError: they are not.

    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_after(path: Path, descriptor: int, mode: int | None) -> None:
    """The owner stays, when root writes what is another's; the mode, when none is wanted."""
    with contextlib.suppress(FileNotFoundError):
        before = path.stat()
        if os.geteuid() == 0:
            os.fchown(descriptor, before.st_uid, before.st_gid)
        if mode is None:
            os.fchmod(descriptor, before.st_mode & 0o7777)
