"""Keeps what was learned as it was before a version that may change it, and brings it back.

Programs that write are stopped meanwhile. Copies are made file by file, so that nothing of ours
ever opens a database in a folder where another user could put something else in its way.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

from cli.updating.errors import UpdateError
from contracts.whole_file import sync, write_whole

DATABASES = (
    Path("var/lib/mlfym/device.sqlite"),
    Path("var/lib/mlfym-recommender/recommender.sqlite"),
)
"""Beneath the root."""
_LOG, _INDEX = "-wal", "-shm"


def keep(root: Path, folder: Path) -> None:
    """Copy every database that is there into an empty folder, each as one file.

    Raises:
        UpdateError: one cannot be read or is damaged; the folder is not complete then.

    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    for database in _there(root):
        kept = folder / database.name
        _copy(root / database, kept)
        sync(kept)
    sync(folder)


def bring_back(root: Path, folder: Path) -> list[str]:
    """Put a kept database back where the new version changed it beyond the former one's reach.

    One whose tables are still of the kept version stays as it is, with all that came since. Can be
    repeated after a power cut.

    Returns:
        Names of those that were put back.

    """
    returned = []
    for database in _there(root):
        kept, used = folder / database.name, root / database
        if kept.is_file() and _schema(used, folder) != _schema(kept, folder):
            # The log belongs to what goes: beside the kept one it would be nonsense.
            for suffix in (_INDEX, _LOG):
                used.with_name(used.name + suffix).unlink(missing_ok=True)
            write_whole(used, kept.read_bytes())
            returned.append(database.name)
    return returned


def _there(root: Path) -> list[Path]:
    return [path for path in DATABASES if (root / path).is_file()]


def _copy(source: Path, target: Path) -> None:
    """One file with all that was in the database and its log."""
    for suffix in ("", _LOG):
        with contextlib.suppress(FileNotFoundError):
            _copy_file(source.with_name(source.name + suffix), Path(f"{target}{suffix}"))
    try:
        connection = sqlite3.connect(target)
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        state = str(error)
    if state != "ok":
        msg = f"{source} cannot be kept ({state}); nothing was changed: ./mlfym doctor"
        raise UpdateError(msg)


def _copy_file(source: Path, target: Path) -> None:
    # The folder is another user's: a link there must not name what it could not read itself.
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing)


def _schema(database: Path, scratch: Path) -> int | None:
    """Version of the tables, the log counted in; none when it cannot be read."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copy = Path(folder, "copy")
        try:
            _copy(database, copy)
            connection = sqlite3.connect(copy)
        except (OSError, sqlite3.Error, UpdateError):
            return None
        try:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
        finally:
            connection.close()
