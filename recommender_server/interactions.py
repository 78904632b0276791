"""What listeners did: kept once per id, and read back as confidences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contracts.messages import InteractionBatch, InteractionKind, InteractionsAck
from recommender_server.storage import Deed, Storage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recommender_server.settings import ConfidenceSettings

__all__ = ["Deed", "Opinion", "deeds_of", "keep", "newest", "opinions"]

DAY_SECONDS = 86_400.0


class Opinion(NamedTuple):
    """What a listener makes of a track."""

    confidence: float
    """Above 0 likes it, below 0 does not."""
    banned: bool
    plays: int


def keep(store: Storage, device: str, batch: InteractionBatch) -> InteractionsAck:
    """Store a batch, what is there already left alone; acknowledged once it is on disk."""
    with store.writing():
        store.add_interactions(device, batch.interactions)
    return InteractionsAck(ids=tuple(interaction.id for interaction in batch.interactions))


def newest(store: Storage, device: str, listener: str) -> int:
    """Number of the listener's newest interaction; 0 when there is none."""
    return store.newest_interaction(device, listener)


def deeds_of(store: Storage, device: str, listener: str) -> list[Deed]:
    """All that a listener did, oldest first."""
    return store.deeds(device, listener)


def opinions(deeds: Iterable[Deed], weights: ConfidenceSettings) -> dict[str, Opinion]:
    """Confidence in each track; ages count back from the newest deed, not from today.

    So the same deeds always make the same taste. A like after a ban lifts the ban.
    """
    done = list(deeds)
    now = max((deed.at_unix_seconds for deed in done), default=0.0)
    found: dict[str, Opinion] = {}
    heard_out: set[str] = set()
    for deed in done:
        old = found.get(deed.track, Opinion(0.0, banned=False, plays=0))
        age_days = max(now - deed.at_unix_seconds, 0.0) / DAY_SECONDS
        says = _weight(deed, weights) + _lift(deed, weights)
        if deed.kind is InteractionKind.COMPLETED:
            says += weights.replayed if deed.track in heard_out else 0.0
            heard_out.add(deed.track)
        banned = deed.kind is InteractionKind.BANNED or (
            old.banned and deed.kind is not InteractionKind.LIKED
        )
        plays = old.plays + (deed.kind is InteractionKind.PLAYED)
        found[deed.track] = Opinion(
            old.confidence + says * 0.5 ** (age_days / weights.half_life_days), banned, plays
        )
    return found


def _weight(deed: Deed, weights: ConfidenceSettings) -> float:
    early = deed.position_seconds < weights.early_skip_seconds
    return {
        InteractionKind.PLAYED: weights.played,
        InteractionKind.COMPLETED: weights.completed,
        InteractionKind.LIKED: weights.liked,
        InteractionKind.MORE_LIKE_THIS: weights.more_like_this,
        InteractionKind.SKIPPED: weights.skipped_early if early else weights.played,
        InteractionKind.BANNED: weights.banned,
    }[deed.kind]


def _lift(deed: Deed, weights: ConfidenceSettings) -> float:
    """What a face that grew happier says; one that did not says nothing against a sad song."""
    told = deed.kind in {InteractionKind.PLAYED, InteractionKind.COMPLETED}
    if not told or deed.valence_change is None:
        return 0.0
    if deed.position_seconds < weights.early_skip_seconds:
        return 0.0
    return weights.valence_rose * max(0.0, deed.valence_change)
