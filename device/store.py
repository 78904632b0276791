"""The device's memory: library, interactions, offline pack and settings in one SQLite file.

Core is its only writer; anything else may open it read-only. Failure policy: a file that
cannot be understood is left as it is and named in a StoreError, never repaired or replaced.
Every call is one transaction that is on the disk when it returns (WAL, synchronous FULL).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from contracts.messages import Interaction
from contracts.track import Track, TrackId
from device.store_schema import MIGRATIONS, SCHEMA_VERSION

HISTORY_KEPT = 100_000
"""Interactions kept after the server has them, a year of a café: for its licence report."""
_LARGEST_ANSWER = 1_000_000


class StoreError(RuntimeError):
    """The store cannot be opened or written; says which file and what to do."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the library as it was when it was read."""

    track: Track
    path: Path
    mtime_ns: int
    size: int
    broken_why: str = ""
    """Why it is not offered, until the file's time or size changes."""
    root: str = ""
    """Key of the folder or disk that it lies in; empty for the music folder itself."""


class Store:
    """One SQLite file, shared by the threads of core.

    Raises:
        StoreError: the file is damaged, of a newer version, or cannot be opened or written.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(path, _advice(error)) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._database.close()
            raise StoreError(path, _advice(error)) from error
        except StoreError:
            self._database.close()
            raise

    def _prepare(self) -> None:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            why = (
                f"written by a newer version (schema {version}, this program knows "
                f"{SCHEMA_VERSION}): update the program, or move the file aside"
            )
            raise StoreError(self._path, why)
        (state,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise StoreError(self._path, _DAMAGED)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        for script in MIGRATIONS[version:]:
            version += 1
            self._database.executescript(f"BEGIN;{script}PRAGMA user_version = {version};COMMIT;")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on the disk when the block ends.

        Raises:
            StoreError: it cannot be written.

        """
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                with self._database:
                    yield self._database
            except sqlite3.Error as error:
                raise StoreError(self._path, _advice(error)) from error

    def rows(self, query: str, *values: object) -> list[tuple[bytes, ...]]:
        """All rows of a query.

        Raises:
            StoreError: it cannot be read.

        """
        with self._lock:
            try:
                return self._database.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError(self._path, _advice(error)) from error

    # Library

    def upsert(self, entries: Iterable[Entry]) -> None:
        """Add these, or put them in the place of what has their ids; all or none."""
        rows = [
            (
                entry.track.id,
                os.fsencode(entry.path),
                entry.mtime_ns,
                entry.size,
                msgspec.json.encode(entry.track),
                entry.broken_why,
                entry.root,
            )
            for entry in entries
        ]
        with self.writing() as database:
            query = (
                "REPLACE INTO tracks (id, path, mtime_ns, size, track, broken_why, root) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)"
            )
            database.executemany(query, rows)

    def remove(self, ids: Iterable[TrackId]) -> None:
        """Forget these tracks; their history stays."""
        with self.writing() as database:
            database.executemany("DELETE FROM tracks WHERE id = ?", [(i,) for i in ids])

    def entries(self) -> dict[TrackId, Entry]:
        """Every known file, broken and missing ones too."""
        query = "SELECT path, mtime_ns, size, track, broken_why, root FROM tracks ORDER BY id"
        found = (
            Entry(
                track=msgspec.json.decode(track, type=Track),
                path=Path(os.fsdecode(path)),
                mtime_ns=int(mtime_ns),
                size=int(size),
                broken_why=str(why),
                root=str(root),
            )
            for path, mtime_ns, size, track, why, root in self.rows(query)
        )
        return {entry.track.id: entry for entry in found}

    def tracks(self) -> dict[TrackId, Track]:
        """What can be offered, by id."""
        query = (
            "SELECT track FROM tracks WHERE broken_why = '' AND missing_since IS NULL ORDER BY id"
        )
        rows = self.rows(query)
        tracks = (msgspec.json.decode(track, type=Track) for (track,) in rows)
        return {track.id: track for track in tracks}

    def path_of(self, track: TrackId) -> Path | None:
        """File of a track; None when it is not in the library."""
        rows = self.rows("SELECT path FROM tracks WHERE id = ?", track)
        return Path(os.fsdecode(rows[0][0])) if rows else None

    def mark_broken(self, track: TrackId, why: str) -> None:
        """Offer it no more until its file changes; an empty `why` would offer it again."""
        with self.writing() as database:
            query = "UPDATE tracks SET broken_why = ? WHERE id = ?"
            database.execute(query, (why or "cannot be played", track))

    def broken(self) -> dict[TrackId, str]:
        """What is not offered, and why, in words."""
        rows = self.rows("SELECT id, broken_why FROM tracks WHERE broken_why != '' ORDER BY id")
        return {TrackId(str(track)): str(why) for track, why in rows}

    # Interactions

    def remember(self, interaction: Interaction) -> None:
        """Put it into history and outbox; the same id twice counts once."""
        with self.writing() as database:
            query = "INSERT OR IGNORE INTO interactions (id, interaction) VALUES (?, ?)"
            database.execute(query, (interaction.id, msgspec.json.encode(interaction)))
            # What was heard is named in the history when its file is long gone.
            query = "REPLACE INTO heard SELECT id, track FROM tracks WHERE id = ?"
            database.execute(query, (interaction.track,))

    def unsent(self, limit: int = 500) -> list[Interaction]:
        """What the server has not acknowledged, oldest first."""
        query = "SELECT interaction FROM interactions WHERE NOT sent ORDER BY number LIMIT ?"
        return [msgspec.json.decode(row, type=Interaction) for (row,) in self.rows(query, limit)]

    def forget(self, ids: Iterable[str]) -> None:
        """Take acknowledged interactions out of the outbox; the history keeps the newest."""
        with self.writing() as database:
            query = "UPDATE interactions SET sent = 1 WHERE id = ?"
            database.executemany(query, [(i,) for i in ids])
            database.execute(
                "DELETE FROM interactions WHERE sent AND number <= "
                "(SELECT max(number) FROM interactions) - ?",
                (HISTORY_KEPT,),
            )

    def history(self, limit: int = _LARGEST_ANSWER) -> list[Interaction]:
        """What listeners did, newest first."""
        query = "SELECT interaction FROM interactions ORDER BY number DESC LIMIT ?"
        return [msgspec.json.decode(row, type=Interaction) for (row,) in self.rows(query, limit)]

    def erase_history(self) -> None:
        """Delete every interaction, sent or not: the listener's right."""
        with self.writing() as database:
            database.execute("DELETE FROM interactions")
            database.execute("DELETE FROM heard")

    # Packs and settings

    def save_pack(self, library: str, content: bytes) -> None:
        """Keep the pack of this library, and no other: a pack of another one is worth nothing."""
        with self.writing() as database:
            database.execute("DELETE FROM packs")
            database.execute("INSERT INTO packs VALUES (?, ?)", (library, content))

    def pack(self, library: str) -> bytes | None:
        """The pack of this library, if it is the one that was kept."""
        rows = self.rows("SELECT content FROM packs WHERE library = ?", library)
        return rows[0][0] if rows else None

    def get(self, key: str) -> str | None:
        """A value that was put, over restarts too."""
        rows = self.rows("SELECT value FROM settings WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def put(self, key: str, value: str) -> None:
        """Keep a value."""
        with self.writing() as database:
            database.execute("REPLACE INTO settings VALUES (?, ?)", (key, value))


_DAMAGED = (
    "the file is damaged and was left as it is: move it aside and start again; "
    "the music is found again, likes and history are in the old file"
)


def _advice(error: Exception) -> str:
    """What to do about an error of SQLite or the file system."""
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return _DAMAGED
    if "full" in text:
        return f"{text}: free some space"
    if "locked" in text:
        return f"{text}: another copy of the program is running; stop it"
    return f"{text}: see that the folder exists and that this user may write there"
