"""Rows of the library in the store: what is known of each file, what is missing, what was heard.

A file that vanishes is kept for three months with all that was found out about it: a disk that
was pulled out, a share that is away and a folder that was moved and came back cost nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from contracts.track import Track, TrackId
from device.analysis.wire import FileSound
from device.store import Store

KEPT_SECONDS = 90 * 86_400.0


class Known(NamedTuple):
    """A file as it was when it was last read."""

    path: bytes
    mtime_ns: int
    size: int
    artwork: str
    missing: bool


class Catalogue:
    """Speaks to the store about files; every call is one transaction.

    Raises:
        StoreError: whenever the store cannot be read or written.

    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def known(self, root: str) -> dict[TrackId, Known]:
        """Every file of a root."""
        query = (
            "SELECT id, path, mtime_ns, size, json_extract(CAST(track AS TEXT), '$.artwork'), "
            "missing_since IS NOT NULL FROM tracks WHERE root = ?"
        )
        return {
            TrackId(str(i)): Known(path, int(mtime), int(size), str(art or ""), bool(missing))
            for i, path, mtime, size, art, missing in self._store.rows(query, root)
        }

    def roots(self) -> frozenset[str]:
        """Keys of roots that files are known of, that of the music folder included."""
        rows = self._store.rows("SELECT DISTINCT root FROM tracks")
        return frozenset(str(root) for (root,) in rows)

    def miss(self, ids: Iterable[TrackId], unix_seconds: float) -> None:
        """Offer these no more, until they are back."""
        rows = [(int(unix_seconds), i) for i in ids]
        with self._store.writing() as database:
            query = "UPDATE tracks SET missing_since = ? WHERE id = ? AND missing_since IS NULL"
            database.executemany(query, rows)

    def miss_root(self, root: str, unix_seconds: float) -> int:
        """Offer nothing of a root that is away; how many were offered before."""
        with self._store.writing() as database:
            query = "UPDATE tracks SET missing_since = ? WHERE root = ? AND missing_since IS NULL"
            return int(database.execute(query, (int(unix_seconds), root)).rowcount)

    def found_again(self, ids: Iterable[TrackId]) -> None:
        """Offer these again."""
        with self._store.writing() as database:
            query = "UPDATE tracks SET missing_since = NULL WHERE id = ?"
            database.executemany(query, [(i,) for i in ids])

    def forget(self, unix_seconds: float) -> int:
        """Forget what has been missing for KEPT_SECONDS; how many.

        What is missing since the future was missed under a clock that was ahead.
        """
        with self._store.writing() as database:
            query = "UPDATE tracks SET missing_since = ?1 WHERE missing_since > ?1"
            database.execute(query, (int(unix_seconds),))
            query = "DELETE FROM tracks WHERE missing_since < ?"
            return int(database.execute(query, (int(unix_seconds - KEPT_SECONDS),)).rowcount)

    def clock_leapt(self, seconds: float) -> None:
        """The clock went so far ahead: what is missing is missing no longer for it."""
        with self._store.writing() as database:
            query = "UPDATE tracks SET missing_since = missing_since + ?"
            database.execute(f"{query} WHERE missing_since IS NOT NULL", (int(seconds),))

    def missing(self) -> list[Path]:
        """Files that are away."""
        rows = self._store.rows("SELECT path FROM tracks WHERE missing_since IS NOT NULL")
        return [Path(os.fsdecode(path)) for (path,) in rows]

    def broken(self) -> list[tuple[Path, str]]:
        """Files that are there and cannot be played, and why, in words; by path."""
        rows = self._store.rows(
            "SELECT path, broken_why FROM tracks "
            "WHERE broken_why != '' AND missing_since IS NULL ORDER BY path"
        )
        return [(Path(os.fsdecode(path)), str(why)) for path, why in rows]

    # Artwork

    def show(self, artwork: dict[TrackId, str]) -> None:
        """The pictures beside these tracks changed."""
        self._revise(artwork, lambda i, track: replaced(track, artwork=artwork[i]))

    def artwork_of(self, track: TrackId) -> tuple[str, Path] | None:
        """Name of a track's picture, and its file; None when it has no picture."""
        query = "SELECT json_extract(CAST(track AS TEXT), '$.artwork'), path FROM tracks"
        rows = self._store.rows(f"{query} WHERE id = ?", track)
        return (str(rows[0][0]), Path(os.fsdecode(rows[0][1]))) if rows and rows[0][0] else None

    # Sound

    def unheard(self, limit: int) -> list[tuple[TrackId, Path]]:
        """Files that are there and were not listened to yet."""
        rows = self._store.rows(
            "SELECT id, path FROM tracks WHERE sound = '' AND broken_why = '' "
            "AND missing_since IS NULL ORDER BY id LIMIT ?",
            limit,
        )
        return [(TrackId(str(i)), Path(os.fsdecode(path))) for i, path in rows]

    def count_unheard(self) -> int:
        """How many `unheard` there are."""
        query = (
            "SELECT count(*) FROM tracks "
            "WHERE sound = '' AND broken_why = '' AND missing_since IS NULL"
        )
        return int(self._store.rows(query)[0][0])

    def sound(self, fingerprint: str) -> FileSound | None:
        """What was heard in a file of this content, whatever it was called then."""
        rows = self._store.rows("SELECT sound FROM sounds WHERE fingerprint = ?", fingerprint)
        return msgspec.json.decode(rows[0][0], type=FileSound) if rows else None

    def keep_sound(self, track: TrackId, fingerprint: str, sound: FileSound) -> None:
        """Keep what was heard, and give it to the track where its tags are silent."""
        plain = msgspec.json.encode(msgspec.structs.replace(sound, path=""))
        with self._store.writing() as database:
            database.execute("REPLACE INTO sounds VALUES (?, ?)", (fingerprint, plain))
            query = "UPDATE tracks SET sound = ? WHERE id = ?"
            database.execute(query, (fingerprint, track))
        self._revise([track], lambda _, known: heard(known, sound))

    def _revise(self, ids: Iterable[TrackId], change: Callable[[TrackId, Track], Track]) -> None:
        rows = []
        for i in ids:
            for (content,) in self._store.rows("SELECT track FROM tracks WHERE id = ?", i):
                track = change(i, msgspec.json.decode(content, type=Track))
                rows.append((msgspec.json.encode(track), i))
        with self._store.writing() as database:
            database.executemany("UPDATE tracks SET track = ? WHERE id = ?", rows)


def replaced(track: Track, *, artwork: str) -> Track:
    """The track with another picture."""
    return msgspec.structs.replace(track, artwork=artwork)


def heard(track: Track, sound: FileSound) -> Track:
    """The track with what its sound tells, where its own tags say nothing."""
    if sound.error:
        return track
    placed = {}
    if (track.valence is None or track.arousal is None) and sound.valence is not None:
        placed = {
            "valence": sound.valence,
            "arousal": sound.arousal,
            "valence_certainty": sound.valence_certainty,
            "arousal_certainty": sound.arousal_certainty,
        }
    return msgspec.structs.replace(
        track,
        **placed,
        bpm=sound.bpm if track.bpm is None else track.bpm,
        gain_db=sound.gain_db if track.gain_db is None else track.gain_db,
    )
