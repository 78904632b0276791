"""One SQLite file, or a copy of it in memory for as long as the disk takes nothing.

Every transaction is on the disk when it ends (WAL, synchronous FULL). Failure policy: when a real
write fails, because the disk is full, read-only or dying, whatever was kept so far is copied to
memory and the transaction is done again there; the music goes on, and `why_in_memory` says so.
`go_back` brings to the disk what came to be meanwhile. Permission bits are never asked: they lie.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from contracts.whole_file import write_whole
from device import spare_memory as memory
from device.store_file import StoreError, advice, open_file, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

PROBE = "write_probe"
PROBE_BYTES = 64 * 1024
"""Less room than this is no room: each transaction wants a few pages."""


class Database:
    """Shared by the threads of core, the file's only writer.

    Args:
        path: the file; its folder is made when it is missing.
        spare_memory: go on in memory when the disk takes nothing; else that is an error.

    Raises:
        StoreError: the file is damaged, of a newer version, or cannot be used.

    """

    def __init__(self, path: Path, *, spare_memory: bool = False) -> None:
        self._path, self._lock, self._may_fall = path, threading.Lock(), spare_memory
        self.why_in_memory = ""
        """Why nothing reaches the disk, with what to do; empty while everything does."""
        try:
            self.connection = open_file(path)
        except StoreError as error:
            if not spare_memory or not unwritable(error.__cause__):
                raise
            self.connection = memory.copy_of_file(path)
            self._fell(error.why)

    def close(self) -> None:
        """Let go of the file; what is in memory alone gets a last chance."""
        if self.why_in_memory and not self.go_back():
            log.error("%s: what came since is lost: %s", self._path, self.why_in_memory)
        with self._lock:
            self.connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """One transaction, on the disk, or in memory at least, when the block ends.

        Raises:
            StoreError: it cannot be done; nothing of it is.

        """
        with self._lock:
            transaction = Transaction(self)
            try:
                transaction.execute("BEGIN IMMEDIATE")
                yield transaction
                transaction.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreError(self._path, advice(error)) from error
            finally:
                _undo(self.connection)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            StoreError: it cannot be read.

        """
        with self._lock:
            try:
                return self.connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError(self._path, advice(error)) from error

    def fall_back(self, error: sqlite3.Error) -> bool:
        """Go on in memory from what was kept last; False when that is no remedy."""
        if self.why_in_memory or not self._may_fall or not unwritable(error):
            return False
        _undo(self.connection)
        try:
            copy = memory.copy_of(self.connection)
        except sqlite3.Error as second:
            log.warning("%s can be neither written nor read: %s", self._path, second)
            return False
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        self.connection = copy
        self._fell(advice(error))
        return True

    def go_back(self) -> bool:
        """Bring what is in memory alone to the disk, if that can be written again."""
        with self._lock:
            if not self.why_in_memory:
                return True
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self._path.parent / PROBE, bytes(PROBE_BYTES))
                (self._path.parent / PROBE).unlink()
                file = open_file(self._path)
            except (OSError, StoreError) as error:
                log.debug("%s is still not written: %s", self._path, error)
                return False
            try:
                memory.bring_home(self.connection, file, self._path)
            except sqlite3.Error as error:
                file.close()
                log.info("%s is still not written: %s", self._path, error)
                return False
            self.connection.close()
            self.connection, self.why_in_memory = file, ""
            log.info("%s is written again: nothing was lost", self._path)
            return True

    def _fell(self, why: str) -> None:
        self.why_in_memory = why
        log.error("%s cannot be written: going on in memory: %s", self._path, why)


class Transaction:
    """The statements of one transaction, done again in memory when the disk fails in the middle."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._done: list[tuple[bool, str, Any]] = []

    def execute(self, query: str, values: Iterable[object] = ()) -> sqlite3.Cursor:
        """Do a statement, as sqlite3's method of this name."""
        return self._do(many=False, query=query, values=tuple(values))

    def executemany(self, query: str, rows: Iterable[Iterable[object]]) -> sqlite3.Cursor:
        """Do a statement with each of these, as sqlite3's method of this name."""
        return self._do(many=True, query=query, values=[tuple(row) for row in rows])

    def _do(self, *, many: bool, query: str, values: Any) -> sqlite3.Cursor:  # noqa: ANN401 - sqlite3's
        statement = (many, query, values)
        try:
            cursor = self._run(statement)
        except sqlite3.Error as error:
            if not self._database.fall_back(error):
                raise
            for earlier in self._done:
                self._run(earlier)
            cursor = self._run(statement)
        self._done.append(statement)
        return cursor

    def _run(self, statement: tuple[bool, str, Any]) -> sqlite3.Cursor:
        many, query, values = statement
        connection = self._database.connection
        return connection.executemany(query, values) if many else connection.execute(query, values)


def _undo(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.rollback()
