"""Likes and bans over restarts, however long ago they were: the history forgets, these do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.track import TrackId

if TYPE_CHECKING:
    from device.store import Store

LIKED, BANNED = "liked", "banned"


def judge(store: Store, track: TrackId, verdict: str) -> None:
    """Keep that a track is `liked` or `banned`; an empty verdict is neither.

    Raises:
        StoreError: it cannot be written.

    """
    with store.writing() as database:
        if verdict:
            database.execute("REPLACE INTO opinions VALUES (?, ?)", (track, verdict))
        else:
            database.execute("DELETE FROM opinions WHERE track = ?", (track,))


def judged(store: Store, verdict: str) -> tuple[TrackId, ...]:
    """All tracks with this verdict."""
    query = "SELECT track FROM opinions WHERE verdict = ? ORDER BY track"
    return tuple(TrackId(str(track)) for (track,) in store.rows(query, verdict))


def forget_all(store: Store) -> None:
    """Nobody likes or bans anything.

    Raises:
        StoreError: it cannot be written.

    """
    with store.writing() as database:
        database.execute("DELETE FROM opinions")
