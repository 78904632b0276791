"""What listeners did: kept once per id, and read back as confidences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contracts.messages import Interaction, InteractionBatch, InteractionKind, InteractionsAck
from recommender_server.store import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from recommender_server.settings import ConfidenceSettings

DAY_SECONDS = 86_400.0
LIFTS_A_BAN = frozenset({InteractionKind.LIKED, InteractionKind.UNBANNED})


class Deed(NamedTuple):
    """One interaction, as far as taste is concerned."""

    track: str
    kind: InteractionKind
    at_unix_seconds: float
    position_seconds: float


class Opinion(NamedTuple):
    """What a listener makes of a track."""

    confidence: float
    """Above 0 likes it, below 0 does not."""
    banned: bool
    plays: int


def keep(store: sqlite3.Connection, device: str, batch: InteractionBatch) -> InteractionsAck:
    """Store a batch, what is there already left alone; acknowledged once it is on disk."""
    with writing(store):
        store.executemany(
            "INSERT OR IGNORE INTO interaction (device, id, listener, track, kind,"
            " at_unix_seconds, position_seconds, valence, arousal)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(device, interaction) for interaction in batch.interactions],
        )
    return InteractionsAck(ids=tuple(interaction.id for interaction in batch.interactions))


def _row(device: str, deed: Interaction) -> tuple[str | float | None, ...]:
    return (
        device,
        deed.id,
        deed.listener,
        deed.track,
        deed.kind.value,
        deed.at_unix_seconds,
        deed.position_seconds,
        deed.valence,
        deed.arousal,
    )


def newest(store: sqlite3.Connection, device: str, listener: str) -> int:
    """Number of the listener's newest interaction; 0 when there is none."""
    row = store.execute(
        "SELECT max(number) FROM interaction WHERE device = ? AND listener = ?", (device, listener)
    ).fetchone()
    return int(row[0] or 0)


def deeds_of(store: sqlite3.Connection, device: str, listener: str) -> list[Deed]:
    """All that a listener did, oldest first."""
    rows = store.execute(
        "SELECT track, kind, at_unix_seconds, position_seconds FROM interaction"
        " WHERE device = ? AND listener = ? ORDER BY at_unix_seconds, number",
        (device, listener),
    )
    return [Deed(track, InteractionKind(kind), at, place) for track, kind, at, place in rows]


def opinions(deeds: Iterable[Deed], weights: ConfidenceSettings) -> dict[str, Opinion]:
    """Confidence in each track; ages count back from the newest deed, not from today.

    So the same deeds always make the same taste. A like after a ban lifts the ban, as taking it
    back does.
    """
    done = list(deeds)
    now = max((deed.at_unix_seconds for deed in done), default=0.0)
    found: dict[str, Opinion] = {}
    for deed in done:
        old = found.get(deed.track, Opinion(0.0, banned=False, plays=0))
        age_days = max(now - deed.at_unix_seconds, 0.0) / DAY_SECONDS
        weight = _weight(deed, weights) * 0.5 ** (age_days / weights.half_life_days)
        banned = deed.kind is InteractionKind.BANNED or (
            old.banned and deed.kind not in LIFTS_A_BAN
        )
        plays = old.plays + (deed.kind is InteractionKind.PLAYED)
        found[deed.track] = Opinion(old.confidence + weight, banned, plays)
    return found


def _weight(deed: Deed, weights: ConfidenceSettings) -> float:
    early = deed.position_seconds < weights.early_skip_seconds
    return {
        InteractionKind.PLAYED: weights.played,
        InteractionKind.COMPLETED: weights.completed,
        InteractionKind.LIKED: weights.liked,
        InteractionKind.MORE_LIKE_THIS: weights.more_like_this,
        InteractionKind.SKIPPED: weights.skipped_early if early else weights.played,
        InteractionKind.BANNED: 0.0,
        InteractionKind.UNBANNED: 0.0,
        InteractionKind.UNLIKED: -weights.liked,
    }[deed.kind]
