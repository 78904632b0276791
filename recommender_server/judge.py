"""Champion against challenger: which model foretells better what listeners went on to like.

The holdout is split by time: the newest interactions, and of these only what arrived after the
champion was trained, so that neither model has seen them. For each listener both rank the device's
library with the code that serves (`contracts.ranking.rank`), the tracks liked before left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from contracts.messages import RecommendRequest
from contracts.ranking import Pack, rank
from recommender_server.interactions import Deed, opinions
from recommender_server.packs import listener_factors, trained_pack, with_listener

if TYPE_CHECKING:
    from recommender_server.generation import Generation
    from recommender_server.interactions import Opinion
    from recommender_server.settings import RecommenderSettings
    from recommender_server.storage import LibraryRow, Storage

GAIN_AT, RECALL_AT = 10, 20
Listener = tuple[str, str]
"""Device and listener."""


class Holdout(NamedTuple):
    """What is kept from the challenger, to judge by."""

    deeds: frozenset[int]
    """Numbers of the interactions."""
    wanted: dict[Listener, frozenset[str]]
    """Tracks that each listener came to like in them."""

    @property
    def tracks(self) -> int:
        """How many likings there are to foretell."""
        return sum(map(len, self.wanted.values()))


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How well one model foretold; means over listeners."""

    name: str
    gain_at_10: float
    recall_at_20: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the challenger takes the champion's place, and why."""

    promoted: bool
    why: str
    champion: Figures | None = None
    challenger: Figures | None = None


def hold_out(store: Storage, settings: RecommenderSettings, seen: int) -> Holdout:
    """The newest share of all interactions, of those that arrived after number `seen`."""
    told = {who: store.deeds(*who) for who in store.listeners()}
    times = np.array([deed.at_unix_seconds for deeds in told.values() for deed in deeds])
    if not len(times):
        return Holdout(frozenset(), {})
    cut = float(np.quantile(times, 1 - settings.promotion.holdout_share))
    held = frozenset(
        deed.number
        for deeds in told.values()
        for deed in deeds
        if deed.number > seen and deed.at_unix_seconds >= cut
    )
    devices = {device for device, _ in told}
    here = {d: frozenset(row.track.id for row in _library(store, d)) for d in devices}
    wanted = {
        who: liked
        for who, deeds in told.items()
        if (liked := _came_to_like(deeds, held, settings) & here[who[0]])
    }
    return Holdout(held, wanted)


def _came_to_like(
    deeds: list[Deed], held: frozenset[int], settings: RecommenderSettings
) -> frozenset[str]:
    """Tracks that a listener likes by what was held out, and not before."""
    later = opinions((d for d in deeds if d.number in held), settings.confidence)
    before = opinions((d for d in deeds if d.number not in held), settings.confidence)
    return frozenset(
        track
        for track, opinion in later.items()
        if opinion.confidence > 0
        and not opinion.banned
        and not (track in before and (before[track].confidence > 0 or before[track].banned))
    )


def judged(
    store: Storage, settings: RecommenderSettings, generation: Generation, held: Holdout
) -> Figures:
    """How well a generation foretells what was held out."""
    sums = np.zeros(2)
    packs: dict[str, Pack] = {}
    for (device, listener), wanted in held.wanted.items():
        if device not in packs:
            rows = _library(store, device)
            packs[device] = trained_pack(
                "", [row.track for row in rows], [row.item for row in rows], generation
            )
        deeds = [d for d in store.deeds(device, listener) if d.number not in held.deeds]
        before = opinions(deeds, settings.confidence)
        items = store.device_items(device)
        taste = listener_factors(before, items, generation, settings.training)
        pack = with_listener(packs[device], listener, before, taste)
        sums += measured(_ranked(pack, before), wanted)
    gain, recall = (sums / max(len(held.wanted), 1)).round(4).tolist()
    return Figures(name=generation.name, gain_at_10=gain, recall_at_20=recall)


def _ranked(pack: Pack, before: dict[str, Opinion]) -> list[str]:
    """What the listener would be given next, of what they did not like yet."""
    known = tuple(track for track in pack.tracks if _liked(before.get(track)))
    request = RecommendRequest(mood_weight=0.0, exclude=known, count=RECALL_AT)
    return [entry.track for entry in rank(pack, request)]


def _liked(opinion: Opinion | None) -> bool:
    return opinion is not None and opinion.confidence > 0


def _library(store: Storage, device: str) -> list[LibraryRow]:
    number = store.library_number(device, "")
    return [] if number is None else store.library_rows(number)


def measured(ranked: list[str], wanted: frozenset[str]) -> tuple[float, float]:
    """Normalised discounted gain at 10 and recall at 20 of one list, both in [0, 1]."""
    discounts = 1 / np.log2(np.arange(2, GAIN_AT + 2))
    hits = np.array([track in wanted for track in ranked[:RECALL_AT]], np.float64)
    gain = float(hits[:GAIN_AT] @ discounts[: len(hits[:GAIN_AT])])
    ideal = float(discounts[: min(len(wanted), GAIN_AT)].sum())
    return gain / ideal, float(hits.sum()) / min(len(wanted), RECALL_AT)


def verdict(champion: Figures, challenger: Figures, held: Holdout) -> Verdict:
    """The challenger is promoted unless it foretells worse."""
    better = challenger.gain_at_10 >= champion.gain_at_10
    on = f"{held.tracks} likings of {len(held.wanted)} listeners newer than the champion"
    figures = f"N@10 {challenger.gain_at_10:.4f} against {champion.gain_at_10:.4f} on {on}"
    why = f"it foretells no worse: {figures}" if better else f"it foretells worse: {figures}"
    return Verdict(promoted=better, why=why, champion=champion, challenger=challenger)
