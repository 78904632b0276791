"""What listeners did: kept once per id, and read back as confidences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from contracts.forgetting import Forget, ForgetAck
from contracts.messages import (
    Identifier,
    Interaction,
    InteractionBatch,
    InteractionKind,
    InteractionsAck,
    MessageError,
    decode,
)
from recommender_server.storage import Deed, Storage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recommender_server.settings import ConfidenceSettings

__all__ = [
    "Deed",
    "Opinion",
    "deeds_of",
    "forget",
    "keep",
    "keep_readable",
    "newest",
    "opinions",
    "standing",
]

DAY_SECONDS = 86_400.0
TAKES_BACK = {
    InteractionKind.UNLIKED: InteractionKind.LIKED,
    InteractionKind.UNBANNED: InteractionKind.BANNED,
}
"""What ends the effect of what."""
OPINIONS = frozenset({*TAKES_BACK, *TAKES_BACK.values()})
PLAYS = frozenset({InteractionKind.PLAYED, InteractionKind.COMPLETED})


LEAP_SECONDS = 180 * DAY_SECONDS
"""Time that nobody's music stops for: what is longer is a clock's leap."""


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


class _Rows(msgspec.Struct, frozen=True):
    """A batch whose rows are not read yet."""

    interactions: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=500)]


class _Named(msgspec.Struct, frozen=True):
    """All that is asked of a row that cannot be kept."""

    id: Identifier


def keep_readable(store: Storage, device: str, payload: bytes) -> InteractionsAck:
    """Keep what can be read of a batch; one bad row must not hold up a device's outbox for ever.

    Raises:
        MessageError: it is no batch, or a row that cannot be read does not even tell its id.

    """
    good: list[Interaction] = []
    refused: list[str] = []
    error = ""
    for row in decode(payload, _Rows).interactions:
        try:
            good.append(decode(bytes(row), Interaction))
        except MessageError as why:
            error = error or str(why)
            refused.append(decode(bytes(row), _Named).id)
    kept = keep(store, device, InteractionBatch(interactions=tuple(good)))
    return msgspec.structs.replace(kept, refused=tuple(refused), error=error)


def forget(store: Storage, device: str, wish: Forget) -> ForgetAck:
    """Erase what a device's listeners did; acknowledged once it is off the disk."""
    with store.writing():
        store.erase_interactions(device, () if wish.opinions else OPINIONS)
    return ForgetAck(id=wish.id)


def newest(store: Storage, device: str, listener: str) -> int:
    """Number of the listener's newest interaction; 0 when there is none."""
    return store.newest_interaction(device, listener)


def deeds_of(store: Storage, device: str, listener: str) -> list[Deed]:
    """All that a listener did, oldest first."""
    return store.deeds(device, listener)


def opinions(deeds: Iterable[Deed], weights: ConfidenceSettings) -> dict[str, Opinion]:
    """Confidence in each track; ages count back from the newest deed, not from today.

    So the same deeds always make the same taste. A like after a ban lifts the ban; what is taken
    back is as if it had not been said.
    """
    done = without_leaps(deeds)
    now = done[-1].at_unix_seconds if done else 0.0
    told: dict[str, list[Deed]] = {}
    for deed in done:
        told.setdefault(deed.track, []).append(deed)
    return {track: _opinion(standing(own), now, weights) for track, own in told.items()}


def without_leaps(deeds: Iterable[Deed]) -> list[Deed]:
    """A listener's deeds in the order they were done, by a clock that never leaps.

    An outbox tells them in their order, whatever a device without a clock took the time for. A
    step back, or of more than LEAP_SECONDS, is the clock's, or months without music: both age
    nothing.
    """
    steady: list[Deed] = []
    at, before = 0.0, 0.0
    for deed in sorted(deeds, key=lambda deed: (deed.number, deed.at_unix_seconds)):
        step = deed.at_unix_seconds - before if steady else 0.0
        at, before = at + (step if 0 <= step <= LEAP_SECONDS else 0.0), deed.at_unix_seconds
        steady.append(deed._replace(at_unix_seconds=at))
    return steady


def standing(deeds: Iterable[Deed]) -> list[Deed]:
    """A track's deeds, oldest first, without likes and bans that were taken back later."""
    left: list[Deed] = []
    for deed in deeds:
        if deed.kind in TAKES_BACK:
            left = [old for old in left if old.kind is not TAKES_BACK[deed.kind]]
        else:
            left.append(deed)
    return left


def _opinion(deeds: list[Deed], now: float, weights: ConfidenceSettings) -> Opinion:
    """Of one track, of deeds that stand."""
    confidence, banned, ends = 0.0, False, 0
    for deed in deeds:
        says = _weight(deed, weights) + _lift(deed, weights)
        if deed.kind is InteractionKind.COMPLETED:
            says += weights.replayed if ends else 0.0
            ends += 1
        age_days = max(now - deed.at_unix_seconds, 0.0) / DAY_SECONDS
        confidence += says * 0.5 ** (age_days / weights.half_life_days)
        banned = deed.kind is InteractionKind.BANNED or (
            banned and deed.kind is not InteractionKind.LIKED
        )
    plays = sum(deed.kind in PLAYS for deed in deeds)
    return Opinion(confidence, banned, plays)


def _weight(deed: Deed, weights: ConfidenceSettings) -> float:
    early = deed.position_seconds < weights.early_skip_seconds
    return {
        InteractionKind.PLAYED: weights.played,
        InteractionKind.COMPLETED: weights.completed,
        InteractionKind.LIKED: weights.liked,
        InteractionKind.MORE_LIKE_THIS: weights.more_like_this,
        InteractionKind.SKIPPED: weights.skipped_early if early else weights.played,
        InteractionKind.BANNED: weights.banned,
    }.get(deed.kind, 0.0)


def _lift(deed: Deed, weights: ConfidenceSettings) -> float:
    """What a face that grew happier says; one that did not says nothing against a sad song."""
    told = deed.kind in {InteractionKind.PLAYED, InteractionKind.COMPLETED}
    if not told or deed.valence_change is None:
        return 0.0
    if deed.position_seconds < weights.early_skip_seconds:
        return 0.0
    return weights.valence_rose * max(0.0, deed.valence_change)
