"""Storage in one SQLite file: WAL with synchronous FULL, so that what was acknowledged stays.

Every worker opens its own connection; SQLite keeps them apart (writers wait up to 10 s).
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from contracts.messages import Interaction, InteractionKind
from contracts.restored import finish_restore
from contracts.track import Track
from recommender_server.schema import bring_up
from recommender_server.storage import Deed, Item, LibraryRow, StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

FILE = "recommender.sqlite"
WAIT_SECONDS = 10.0
CACHE_KIB = 512
"""Pages of the file that SQLite keeps itself, in each worker; the kernel keeps them once."""
Tracks = tuple[Track, ...]
Tags = tuple[str, ...]
COUNTS = {
    "devices": "SELECT count(DISTINCT device) FROM library",
    "libraries": "SELECT count(*) FROM library",
    "recordings": "SELECT count(*) FROM item",
    "interactions": "SELECT count(*) FROM interaction",
    "listeners": "SELECT count(*) FROM (SELECT DISTINCT device, listener FROM interaction)",
    "playlists": "SELECT count(*) FROM playlist",
}


def open_store(folder: Path) -> SqliteStore:
    """The database in `folder`, both made when missing.

    Raises:
        StoreError: the folder cannot be written, or a newer version wrote the file.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        finish_restore(folder)
        connection = sqlite3.connect(
            folder / FILE,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # a worker is made in one thread and runs in another
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys = ON")
        store = SqliteStore(connection)
        bring_up(store)
    except (OSError, sqlite3.Error) as error:
        msg = f"{folder / FILE} cannot be used ({error}): is the folder writable, the disk full?"
        raise StoreError(msg) from error
    return store


class SqliteStore:
    """`Storage` over one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; on disk when the block ends, nothing of it when the block raises."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def _rows(self, query: str, *values: object) -> list[Any]:
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _failed(error) from error

    # Catalogue

    def find_item(self, keys: Sequence[str]) -> int | None:
        """As `Storage` says."""
        for key in keys:
            for (item,) in self._rows("SELECT item FROM item_key WHERE key = ?", key):
                return int(item)
        return None

    def add_item(self, title: str, artist: str) -> int:
        """As `Storage` says."""
        query = "INSERT INTO item (title, artist) VALUES (?, ?) RETURNING number"
        return int(self._rows(query, title, artist)[0][0])

    def add_keys(self, item: int, keys: Sequence[str]) -> None:
        """As `Storage` says."""
        for key in keys:
            self._rows("INSERT OR IGNORE INTO item_key VALUES (?, ?)", key, item)

    def tags_of(self, item: int) -> frozenset[str]:
        """As `Storage` says."""
        rows = self._rows("SELECT tags FROM item WHERE number = ?", item)
        return frozenset(msgspec.json.decode(rows[0][0], type=Tags))

    def set_tags(self, item: int, tags: frozenset[str]) -> None:
        """As `Storage` says."""
        encoded = msgspec.json.encode(sorted(tags)).decode()
        self._rows("UPDATE item SET tags = ? WHERE number = ?", encoded, item)

    def items(self) -> list[Item]:
        """As `Storage` says."""
        rows = self._rows("SELECT number, title, artist, tags FROM item ORDER BY number")
        return [Item(n, title, by, msgspec.json.decode(t, type=Tags)) for n, title, by, t in rows]

    # Libraries

    def keep_chunk(
        self, device: str, library: str, place: tuple[int, int], tracks: Sequence[Track], most: int
    ) -> dict[int, Tracks]:
        """As `Storage` says."""
        self._rows(
            "DELETE FROM chunk WHERE device = ? AND library = ? AND total <> ?",
            device,
            library,
            place[1],
        )
        self._rows(
            "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?)",
            *(device, library, *place, msgspec.json.encode(tracks)),
        )
        self._rows(
            "DELETE FROM chunk WHERE device = ?1 AND library NOT IN (SELECT library FROM chunk"
            " WHERE device = ?1 GROUP BY library ORDER BY max(rowid) DESC LIMIT ?2)",
            device,
            most,
        )
        rows = self._rows(
            "SELECT idx, tracks FROM chunk WHERE device = ? AND library = ?", device, library
        )
        return {idx: msgspec.json.decode(raw, type=Tracks) for idx, raw in rows}

    def commit_library(
        self, device: str, library: str, rows: Sequence[LibraryRow], kept: int
    ) -> None:
        """As `Storage` says."""
        self._rows("DELETE FROM library WHERE device = ? AND library = ?", device, library)
        query = "INSERT INTO library (device, library) VALUES (?, ?) RETURNING number"
        number = self._rows(query, device, library)[0][0]
        self.connection.executemany(
            "INSERT INTO library_track VALUES (?, ?, ?, ?, ?)",
            [
                (number, position, track.id, item, msgspec.json.encode(track))
                for position, (track, item) in enumerate(rows)
            ],
        )
        self.connection.executemany(
            "INSERT OR REPLACE INTO device_track VALUES (?, ?, ?)",
            [(device, track.id, item) for track, item in rows],
        )
        self._rows("DELETE FROM chunk WHERE device = ? AND library = ?", device, library)
        self._rows(
            "DELETE FROM library WHERE device = ?1 AND number NOT IN"
            " (SELECT number FROM library WHERE device = ?1 ORDER BY number DESC LIMIT ?2)",
            device,
            kept,
        )

    def library_number(self, device: str, library: str) -> int | None:
        """As `Storage` says."""
        rows = self._rows(
            "SELECT number FROM library WHERE device = ?1 AND (library = ?2 OR ?2 = '')"
            " ORDER BY number DESC LIMIT 1",
            device,
            library,
        )
        return int(rows[0][0]) if rows else None

    def library_name(self, number: int) -> str:
        """As `Storage` says."""
        return str(self._rows("SELECT library FROM library WHERE number = ?", number)[0][0])

    def library_rows(self, number: int) -> list[LibraryRow]:
        """As `Storage` says."""
        query = "SELECT content, item FROM library_track WHERE library = ? ORDER BY position"
        rows = self._rows(query, number)
        return [LibraryRow(msgspec.json.decode(raw, type=Track), item) for raw, item in rows]

    def device_items(self, device: str) -> dict[str, int]:
        """As `Storage` says."""
        return dict(self._rows("SELECT track, item FROM device_track WHERE device = ?", device))

    def items_of_track(self, track: str) -> list[int]:
        """As `Storage` says."""
        query = "SELECT DISTINCT item FROM device_track WHERE track = ? ORDER BY item"
        return [item for (item,) in self._rows(query, track)]

    def devices(self) -> list[str]:
        """As `Storage` says."""
        return [d for (d,) in self._rows("SELECT DISTINCT device FROM library ORDER BY 1")]

    # Interactions and playlists

    def add_interactions(self, device: str, interactions: Sequence[Interaction]) -> None:
        """As `Storage` says."""
        for deed in interactions:
            self._rows(
                "INSERT OR IGNORE INTO interaction (device, id, listener, track, kind,"
                " at_unix_seconds, position_seconds, valence, arousal, valence_change)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(device, deed.id, deed.listener, deed.track, deed.kind.value),
                *(deed.at_unix_seconds, deed.position_seconds),
                *(deed.valence, deed.arousal, deed.valence_change),
            )

    def erase_interactions(self, device: str, kept: Collection[InteractionKind]) -> None:
        """As `Storage` says."""
        rows = self._rows(
            "DELETE FROM interaction WHERE device = ? RETURNING number, device, id, listener,"
            " track, kind, at_unix_seconds, position_seconds",
            device,
        )
        self.connection.executemany(
            "INSERT INTO interaction (device, id, listener, track, kind, at_unix_seconds,"
            " position_seconds) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [row for _, *row in sorted(rows) if InteractionKind(row[4]) in kept],
        )

    def newest_interaction(self, device: str = "", listener: str = "") -> int:
        """As `Storage` says."""
        if not device:
            return int(self._rows("SELECT max(number) FROM interaction")[0][0] or 0)
        query = "SELECT max(number) FROM interaction WHERE device = ? AND listener = ?"
        return int(self._rows(query, device, listener)[0][0] or 0)

    def deeds(self, device: str, listener: str) -> list[Deed]:
        """As `Storage` says."""
        rows = self._rows(
            "SELECT track, kind, at_unix_seconds, position_seconds, valence_change, number"
            " FROM interaction WHERE device = ? AND listener = ? ORDER BY at_unix_seconds, number",
            device,
            listener,
        )
        return [Deed(track, InteractionKind(kind), *rest) for track, kind, *rest in rows]

    def listeners(self) -> list[tuple[str, str]]:
        """As `Storage` says."""
        return self._rows("SELECT DISTINCT device, listener FROM interaction ORDER BY 1, 2")

    def put_playlist(self, source: str, name: str, weights: Mapping[int, float]) -> None:
        """As `Storage` says."""
        query = (
            "INSERT INTO playlist (source, name) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET name = name RETURNING number"
        )
        number = self._rows(query, source, name)[0][0]
        self._rows("DELETE FROM playlist_item WHERE playlist = ?", number)
        rows = [(number, item, weight) for item, weight in weights.items()]
        self.connection.executemany("INSERT INTO playlist_item VALUES (?, ?, ?)", rows)

    def playlists(self) -> Iterator[dict[int, float]]:
        """As `Storage` says."""
        rows = self._rows("SELECT playlist, item, weight FROM playlist_item ORDER BY 1, 2")
        for _, group in groupby(rows, key=itemgetter(0)):
            yield {item: weight for _, item, weight in group}

    def counts(self) -> dict[str, int]:
        """As `Storage` says."""
        return {name: int(self._rows(query)[0][0]) for name, query in COUNTS.items()}


def _failed(error: sqlite3.Error) -> StoreError:
    return StoreError(f"the database failed ({error}): is the disk full, or read-only?")
