"""The store in memory while its disk takes nothing: how it gets there, and home again."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from device.store_file import StoreError, advice, check, connected, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = ":memory:"
IN_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
LOG_SUFFIX = "-wal"


def copy_of(source: sqlite3.Connection) -> sqlite3.Connection:
    """All that was committed, in memory.

    Raises:
        sqlite3.Error: it cannot be read.

    """
    memory = connected(MEMORY)
    try:
        source.backup(memory)
        migrate(memory)
    except sqlite3.Error:
        memory.close()
        raise
    return memory


def copy_of_file(path: Path) -> sqlite3.Connection:
    """All that a file holds that cannot be written, in memory; empty tables when there is none.

    Raises:
        StoreError: it is damaged, of a newer version, or cannot be read.

    """
    if not _is_there(path):
        memory = connected(MEMORY)
        migrate(memory)
        return memory
    try:
        # SQLite does not read a write-ahead log from a folder where it cannot write beside it.
        with tempfile.TemporaryDirectory(prefix="mlfym-", dir=_folder()) as folder:
            copy = Path(folder) / path.name
            for suffix in ("", LOG_SUFFIX):
                if _is_there(Path(f"{path}{suffix}")):
                    shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
            source = connected(str(copy))
            try:
                check(source, path)
                return copy_of(source)
            finally:
                source.close()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(path, advice(error)) from error


def bring_home(memory: sqlite3.Connection, file: sqlite3.Connection, path: Path) -> None:
    """Make the file hold what memory holds; it is on the disk when this returns, or all as before.

    Only rows that differ are written: the disk may be nearly full, or nearly worn out.

    Raises:
        sqlite3.Error: the file cannot be written after all.

    """
    # After an fsync that failed, the kernel may take for written what never was: first let all
    # that the log holds be written once more, to its place.
    (busy, _, _) = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        msg = "its log cannot be written to its place"
        raise sqlite3.OperationalError(msg)
    memory.execute("ATTACH ? AS disk", (str(path),))
    try:
        memory.execute("PRAGMA disk.synchronous = FULL")
        memory.execute("BEGIN")
        try:
            for statement in _differences(memory):
                memory.execute(statement)
            memory.execute("COMMIT")
        finally:
            if memory.in_transaction:
                memory.rollback()
    finally:
        memory.execute("DETACH disk")


def _differences(memory: sqlite3.Connection) -> Iterator[str]:
    """Statements that make the tables of `disk` those of `main`, row by row."""
    query = "SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name"
    for (table,) in memory.execute(query).fetchall():
        if table.startswith("sqlite_") and table != "sqlite_sequence":
            continue
        told = memory.execute(f"PRAGMA main.table_info({table})").fetchall()
        columns = ", ".join(row[1] for row in told)
        same = " AND ".join(f"m.{row[1]} IS d.{row[1]}" for row in told)
        yield (
            f"DELETE FROM disk.{table} AS d WHERE NOT EXISTS "  # noqa: S608 - names of our own
            f"(SELECT 1 FROM main.{table} AS m WHERE m.rowid = d.rowid AND {same})"
        )
        yield (
            f"INSERT INTO disk.{table} (rowid, {columns}) SELECT rowid, {columns} "  # noqa: S608
            f"FROM main.{table} WHERE rowid NOT IN (SELECT rowid FROM disk.{table})"
        )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _folder() -> Path | None:
    return IN_MEMORY_FOLDER if IN_MEMORY_FOLDER.is_dir() else None
