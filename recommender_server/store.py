"""The server's SQLite file: WAL with synchronous FULL, so that what was acknowledged stays.

Every worker opens its own connection; SQLite keeps them apart (writers wait up to 10 s).
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recommender_server.errors import RecommenderError

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "recommender.sqlite"
WAIT_SECONDS = 10.0
SCHEMA_VERSION = 1


class StoreError(RecommenderError):
    """The database cannot be used."""


def open_store(folder: Path) -> sqlite3.Connection:
    """A connection to the database in `folder`, both made when missing.

    Raises:
        StoreError: the folder cannot be written, or a newer version wrote the file.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        store = sqlite3.connect(
            folder / FILE,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # a worker is made in one thread and runs in another
        )
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = FULL")
        store.execute("PRAGMA foreign_keys = ON")
        _bring_up(store)
    except (OSError, sqlite3.Error) as error:
        msg = f"{folder / FILE} cannot be used ({error}): is the folder writable, the disk full?"
        raise StoreError(msg) from error
    return store


def _bring_up(store: sqlite3.Connection) -> None:
    (version,) = store.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        msg = f"the database is of version {version}, this server knows {SCHEMA_VERSION}: update it"
        raise StoreError(msg)
    store.executescript((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
    store.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


@contextmanager
def writing(store: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction; on disk when the block ends, nothing of it when the block raises."""
    store.execute("BEGIN IMMEDIATE")
    try:
        yield store
    except BaseException:
        store.execute("ROLLBACK")
        raise
    store.execute("COMMIT")
