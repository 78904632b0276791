"""The device's memory: library, interactions, offline pack and settings in one SQLite file.

Core is its only writer; anything else may open it read-only. Failure policy: a file that
cannot be understood is left as it is and named in a StoreError, never repaired or replaced; a
disk that takes nothing lets the store go on in memory (device.database). Else every call is one
transaction that is on the disk when it returns.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from contracts.messages import Interaction
from contracts.track import Track, TrackId
from device.database import Database
from device.store_file import StoreError as StoreError  # noqa: PLC0414 - part of this module's face

HISTORY_KEPT = 100_000
"""Interactions kept after the server has them, a year of a café: for its licence report."""
_LARGEST_ANSWER = 1_000_000


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

    With `spare_memory` it goes on in memory while the disk takes nothing.

    Raises:
        StoreError: the file is damaged, of a newer version, or cannot be used.

    """

    def __init__(self, path: Path, *, spare_memory: bool = False) -> None:
        self._database = Database(path, spare_memory=spare_memory)
        self.writing, self.rows = self._database.writing, self._database.rows
        self.go_back = self._database.go_back

    @property
    def why_in_memory(self) -> str:
        """Why nothing reaches the disk, with what to do; empty while everything does."""
        return self._database.why_in_memory

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

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
        """Delete every interaction, sent or not, and what was made of them: a listener's right."""
        with self.writing() as database:
            database.execute("DELETE FROM interactions")
            database.execute("DELETE FROM heard")
            database.execute("DELETE FROM packs")

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
