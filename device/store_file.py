"""Opening the device's SQLite file, and what its errors mean for a person."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from contracts.restored import finish_restore
from device.store_schema import MIGRATIONS, SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

UNWRITABLE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOLFS,
    }
)
"""SQLite's primary result codes of a disk that takes nothing."""
PRIMARY = 0xFF
CACHE_KIB = 512
"""Pages of the file that SQLite itself keeps. It fills with the history: with SQLite's own 2 MiB
core would seem to grow for weeks. The kernel keeps the file's pages anyway.
"""
DAMAGED = (
    "the file is damaged and was left as it is: move it aside and start again; "
    "the music is found again, likes and history are in the old file"
)


class StoreError(RuntimeError):
    """The store cannot be opened or written; says which file and what to do."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


def open_file(path: Path) -> sqlite3.Connection:
    """The file, made or brought to this version; a real write has succeeded.

    Raises:
        StoreError: it is damaged, of a newer version, or cannot be opened or written.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        finish_restore(path.parent)
        connection = connected(str(path))
    except (OSError, sqlite3.Error) as error:
        raise StoreError(path, advice(error)) from error
    try:
        check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        migrate(connection)
        # Files are opened for reading alone without a word when they cannot be written.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(path, advice(error)) from error
    except StoreError:
        connection.close()
        raise
    return connection


def connected(name: str, *, uri: bool = False) -> sqlite3.Connection:
    """A connection for all threads, whose transactions are begun by hand."""
    return sqlite3.connect(name, uri=uri, check_same_thread=False, isolation_level=None)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """See that this program understands the file.

    Raises:
        StoreError: it is damaged, or of a newer version.

    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        why = (
            f"written by a newer version (schema {version}, this program knows "
            f"{SCHEMA_VERSION}): update the program, or move the file aside"
        )
        raise StoreError(path, why)
    (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise StoreError(path, DAMAGED)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for script in MIGRATIONS[version:]:
        version += 1
        connection.executescript(f"BEGIN;{script}PRAGMA user_version = {version};COMMIT;")


def unwritable(error: BaseException | None) -> bool:
    """Whether an error says that the disk takes nothing, and nothing worse."""
    if isinstance(error, OSError):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & PRIMARY in UNWRITABLE


def advice(error: Exception) -> str:
    """What to do about an error of SQLite or the file system."""
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return DAMAGED
    if "full" in text:
        return f"{text}: free some space"
    if "locked" in text:
        return f"{text}: another copy of the program is running; stop it"
    return f"{text}: see that the folder exists and that this user may write there"
