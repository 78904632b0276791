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
from device.analysis.circumplex import ESTIMATE
from device.analysis.wire import FileSound
from device.store import Store

KEPT_SECONDS = 90 * 86_400.0
_TO_HEAR = (
    "FROM tracks LEFT JOIN sounds ON sounds.fingerprint = tracks.sound "
    "WHERE coalesce(sounds.estimate, 0) < ? AND broken_why = '' AND missing_since IS NULL"
)
"""`sound` of a track is empty until it was listened to."""


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
        """Files that are there and are to be listened to, those never heard first.

        What an older estimate heard is to be heard again; till then it stands.
        """
        rows = self._store.rows(
            f"SELECT tracks.id, path {_TO_HEAR} ORDER BY tracks.sound != '', tracks.id LIMIT ?",
            ESTIMATE,
            limit,
        )
        return [(TrackId(str(i)), Path(os.fsdecode(path))) for i, path in rows]

    def count_unheard(self) -> int:
        """How many `unheard` there are."""
        return int(self._store.rows(f"SELECT count(*) {_TO_HEAR}", ESTIMATE)[0][0])

    def count_to_hear_again(self) -> int:
        """How many of `unheard` an older estimate heard."""
        query = f"SELECT count(*) {_TO_HEAR} AND tracks.sound != ''"
        return int(self._store.rows(query, ESTIMATE)[0][0])

    def sound(self, fingerprint: str) -> FileSound | None:
        """What this estimate heard in a file of this content, whatever it was called then."""
        query = "SELECT sound FROM sounds WHERE fingerprint = ? AND estimate >= ?"
        rows = self._store.rows(query, fingerprint, ESTIMATE)
        return msgspec.json.decode(rows[0][0], type=FileSound) if rows else None

    def keep_sound(self, track: TrackId, fingerprint: str, sound: FileSound) -> None:
        """Keep what was heard, and give it to the tracks of that content where tags are silent.

        A file that cannot be heard any more keeps what was heard in it before.
        """
        before = self._heard_before(fingerprint)
        told = before if before and sound.error else sound
        plain = msgspec.json.encode(msgspec.structs.replace(told, path=""))
        rows = self._store.rows("SELECT id FROM tracks WHERE sound = ?", fingerprint)
        with self._store.writing() as database:
            query = "REPLACE INTO sounds (fingerprint, sound, estimate) VALUES (?, ?, ?)"
            database.execute(query, (fingerprint, plain, ESTIMATE))
            query = "UPDATE tracks SET sound = ? WHERE id = ?"
            database.execute(query, (fingerprint, track))
        same = {track, *(TrackId(str(i)) for (i,) in rows)}
        self._revise(same, lambda _, known: heard(known, told, before))

    def _heard_before(self, fingerprint: str) -> FileSound | None:
        """By whichever estimate, unless it failed."""
        rows = self._store.rows("SELECT sound FROM sounds WHERE fingerprint = ?", fingerprint)
        sound = msgspec.json.decode(rows[0][0], type=FileSound) if rows else None
        return sound if sound and not sound.error else None

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


def heard(track: Track, sound: FileSound, before: FileSound | None = None) -> Track:
    """The track with what its sound tells, where its own tags say nothing.

    What equals that which was heard `before` came from there, not from tags.
    """
    if sound.error:
        return track
    placed = {}
    unplaced = track.valence is None or track.arousal is None
    if (unplaced or track.valence_certainty is not None) and sound.valence is not None:
        placed = {
            "valence": sound.valence,
            "arousal": sound.arousal,
            "valence_certainty": sound.valence_certainty,
            "arousal_certainty": sound.arousal_certainty,
        }
    silent = {None} | ({before.bpm} if before else set())
    unlevelled = {None} | ({before.gain_db} if before else set())
    return msgspec.structs.replace(
        track,
        **placed,
        bpm=sound.bpm if track.bpm in silent else track.bpm,
        gain_db=sound.gain_db if track.gain_db in unlevelled else track.gain_db,
    )
