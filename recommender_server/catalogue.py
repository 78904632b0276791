"""What devices can play: libraries as they arrive in chunks, and the items behind them.

An item is one recording, whichever devices have it: matched by MusicBrainz id, ISRC, or the
normalised artist and title.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from contracts.library_pack import words_of
from contracts.messages import LibraryAck, LibraryChunk
from contracts.tag_space import normalise
from contracts.track import Track
from recommender_server.store import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from recommender_server.settings import LimitSettings

Tracks = tuple[Track, ...]
LIBRARIES_KEPT = 2
"""Of each device: the present one, and the one before for requests still on their way."""
_EXTRA = re.compile(r"[(\[].*?[)\]]|\b(?:feat|ft|featuring|with)\b.*$|[^\w\s]")


def plain(text: str) -> str:
    """A title or an artist without brackets, guests and punctuation, to compare by."""
    return normalise(_EXTRA.sub(" ", normalise(text))) or normalise(text)


def keys_of(track: Track) -> Iterator[str]:
    """The names under which a recording is found again, surest first."""
    if track.musicbrainz_id:
        yield f"mbid:{track.musicbrainz_id.casefold()}"
    if track.isrc:
        yield f"isrc:{track.isrc.casefold().replace('-', '')}"
    if track.artist and track.title:
        yield f"name:{plain(track.artist)}\t{plain(track.title)}"


def item_of(store: sqlite3.Connection, track: Track, *, fallback: str) -> int:
    """The item of a track, made when it is new; `fallback` is its key when it has no other."""
    keys = list(keys_of(track)) or [fallback]
    marks = ",".join("?" * len(keys))
    found = store.execute(
        f"SELECT min(item) FROM item_key WHERE key IN ({marks})",  # noqa: S608 - question marks
        keys,
    ).fetchone()[0]
    if found is None:
        found = store.execute(
            "INSERT INTO item (title, artist) VALUES (?, ?)", (track.title, track.artist)
        ).lastrowid
    store.executemany(
        "INSERT OR IGNORE INTO item_key VALUES (?, ?)", [(key, found) for key in keys]
    )
    add_tags(store, found, words_of(track))
    return int(found)


def add_tags(store: sqlite3.Connection, item: int, tags: Iterable[str]) -> None:
    """Join tags to what is known of an item."""
    (known,) = store.execute("SELECT tags FROM item WHERE number = ?", (item,)).fetchone()
    old = set(msgspec.json.decode(known, type=list[str]))
    new = old | {normalise(tag) for tag in tags} - {""}
    if new != old:
        encoded = msgspec.json.encode(sorted(new)).decode()
        store.execute("UPDATE item SET tags = ? WHERE number = ?", (encoded, item))


def take_chunk(
    store: sqlite3.Connection, device: str, chunk: LibraryChunk, limits: LimitSettings
) -> LibraryAck:
    """Keep a chunk; whoever brings the last one commits the library. Safe to repeat."""
    if chunk.index >= chunk.total:
        error = f"chunk {chunk.index} of {chunk.total} does not exist: count from 0"
        return LibraryAck(library=chunk.library, error=error)
    with writing(store):
        if library_number(store, device, chunk.library) is not None:
            return LibraryAck(library=chunk.library)
        _keep(store, device, chunk, limits.pending_libraries)
        rows = store.execute(
            "SELECT idx, tracks FROM chunk WHERE device = ? AND library = ? ORDER BY idx",
            (device, chunk.library),
        ).fetchall()
        missing = tuple(sorted(set(range(chunk.total)) - {idx for idx, _ in rows}))
        if missing:
            return LibraryAck(library=chunk.library, missing=missing)
        tracks = [t for _, raw in rows for t in msgspec.json.decode(raw, type=Tracks)]
        if len(tracks) > limits.library_tracks:
            error = f"{len(tracks)} tracks; this server takes {limits.library_tracks} a device"
            return LibraryAck(library=chunk.library, error=error)
        _commit(store, device, chunk.library, tracks)
    return LibraryAck(library=chunk.library)


def _keep(store: sqlite3.Connection, device: str, chunk: LibraryChunk, pending: int) -> None:
    """Store a chunk; chunks of another cut of the same library, and old ones, give way."""
    store.execute(
        "DELETE FROM chunk WHERE device = ? AND library = ? AND total <> ?",
        (device, chunk.library, chunk.total),
    )
    store.execute(
        "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?)",
        (device, chunk.library, chunk.index, chunk.total, msgspec.json.encode(chunk.tracks)),
    )
    store.execute(
        "DELETE FROM chunk WHERE device = ?1 AND library NOT IN (SELECT library FROM chunk"
        " WHERE device = ?1 GROUP BY library ORDER BY max(rowid) DESC LIMIT ?2)",
        (device, pending),
    )


def _commit(store: sqlite3.Connection, device: str, library: str, tracks: Sequence[Track]) -> None:
    number = store.execute(
        "INSERT INTO library (device, library) VALUES (?, ?)", (device, library)
    ).lastrowid
    distinct = list({track.id: track for track in tracks}.values())
    items = [item_of(store, t, fallback=f"device:{device}\t{t.id}") for t in distinct]
    store.executemany(
        "INSERT INTO library_track VALUES (?, ?, ?, ?, ?)",
        [
            (number, position, track.id, item, msgspec.json.encode(track))
            for position, (track, item) in enumerate(zip(distinct, items, strict=True))
        ],
    )
    store.executemany(
        "INSERT OR REPLACE INTO device_track VALUES (?, ?, ?)",
        [(device, track.id, item) for track, item in zip(distinct, items, strict=True)],
    )
    store.execute("DELETE FROM chunk WHERE device = ? AND library = ?", (device, library))
    store.execute(
        "DELETE FROM library WHERE device = ?1 AND number NOT IN"
        " (SELECT number FROM library WHERE device = ?1 ORDER BY number DESC LIMIT ?2)",
        (device, LIBRARIES_KEPT),
    )


def library_number(store: sqlite3.Connection, device: str, library: str) -> int | None:
    """Row of a committed library of this device; its newest for an empty hash; else None."""
    row = store.execute(
        "SELECT number FROM library WHERE device = ?1 AND (library = ?2 OR ?2 = '')"
        " ORDER BY number DESC LIMIT 1",
        (device, library),
    ).fetchone()
    return None if row is None else int(row[0])


def library_tracks(store: sqlite3.Connection, number: int) -> tuple[list[Track], list[int]]:
    """Tracks of a committed library in their order, and the item of each."""
    rows = store.execute(
        "SELECT content, item FROM library_track WHERE library = ? ORDER BY position", (number,)
    ).fetchall()
    return [msgspec.json.decode(content, type=Track) for content, _ in rows], [i for _, i in rows]
