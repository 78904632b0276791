"""What was heard, out of the store, read-only: for the table, the licence report, the plot."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import msgspec

from contracts.messages import Interaction, InteractionKind
from contracts.track import Track
from device.deck import LEAVING
from device.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WAIT_SECONDS = 5.0
UNKNOWN = "?"


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One track as it was heard once."""

    began_unix_seconds: float
    """Its end less its position: a pause in the middle makes it too late."""
    seconds: float
    how: InteractionKind
    """completed, skipped, played (another was chosen) or banned."""
    track: Track
    valence: float | None = None
    """Of the mood it was left in."""
    arousal: float | None = None


def read_history(
    file: Path, *, since_unix_seconds: float = 0.0, limit: int = 1_000_000
) -> list[Heard]:
    """What was heard, newest first, from a store that a running device may be writing.

    Raises:
        StoreError: there is no store, or it cannot be read.

    """
    query = (
        "SELECT i.interaction, h.track FROM interactions i LEFT JOIN heard h"
        " ON h.id = json_extract(CAST(i.interaction AS TEXT), '$.track')"
        " WHERE json_extract(CAST(i.interaction AS TEXT), '$.at_unix_seconds') >= ?"
        " ORDER BY i.number DESC"
    )
    found: list[Heard] = []
    if not file.exists():
        raise StoreError(file, "there is no history yet: the device has not run with this folder")
    try:
        database = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        database.execute(f"PRAGMA busy_timeout = {int(WAIT_SECONDS * 1000)}")
        for interaction, track in database.execute(query, (since_unix_seconds,)):
            found += _heard(interaction, track)
            if len(found) >= limit:
                break
        database.close()
    except sqlite3.Error as error:
        raise StoreError(file, f"the history cannot be read: {error}") from error
    return found


def _heard(row: bytes, track: bytes | None) -> list[Heard]:
    told = msgspec.json.decode(row, type=Interaction)
    if told.kind not in LEAVING:
        return []
    known = msgspec.json.decode(track, type=Track) if track else Track(id=told.track, title=UNKNOWN)
    return [
        Heard(
            began_unix_seconds=told.at_unix_seconds - told.position_seconds,
            seconds=told.position_seconds,
            how=told.kind,
            track=known,
            valence=told.valence,
            arousal=told.arousal,
        )
    ]


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of music."""

    heard: int
    skipped: int
    valence: float | None
    """Mean of the moods that were known; None when none was."""


def by_hour(heard: Sequence[Heard], first_unix_seconds: float, hours: int) -> list[Hour]:
    """Hours from a moment on, oldest first."""
    groups: list[list[Heard]] = [[] for _ in range(hours)]
    for one in heard:
        place = int((one.began_unix_seconds - first_unix_seconds) // 3600)
        if 0 <= place < hours:
            groups[place].append(one)
    return [_hour(group) for group in groups]


def _hour(group: Sequence[Heard]) -> Hour:
    moods = [one.valence for one in group if one.valence is not None]
    dropped = {InteractionKind.SKIPPED, InteractionKind.BANNED}
    return Hour(
        heard=len(group),
        skipped=sum(one.how in dropped for one in group),
        valence=sum(moods) / len(moods) if moods else None,
    )
