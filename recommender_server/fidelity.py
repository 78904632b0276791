"""How faithful an offline pack is: the same requests, ranked live and out of the pack's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from contracts.pack_file import sent
from contracts.ranking import Pack, rank

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from contracts.messages import RecommendRequest
    from contracts.track import TrackId

OVERLAP_AT, GAIN_AT = 20, 10


class Case(NamedTuple):
    """One request, and what its listener is known to want (held out), if anything."""

    pack: Pack
    """Live, as the server ranks with it."""
    request: RecommendRequest
    wanted: AbstractSet[TrackId] = frozenset()


class Fidelity(NamedTuple):
    """Means over all cases."""

    cases: int
    overlap: float
    """Share of the first 20 that both lists have, 0 to 1."""
    gain_live: float
    """Normalised discounted gain of the first 10 (N@10), over the cases with something wanted."""
    gain_pack: float

    @property
    def gain_kept(self) -> float:
        """The pack's gain as a share of the live one's; 1 when there is none to keep."""
        return self.gain_pack / self.gain_live if self.gain_live else 1.0


def fidelity(cases: Iterable[Case], *, device: Pack | None = None) -> Fidelity:
    """Rank each case live and as a device does; `request.count` should be 20 at least.

    `device` is the library as a device read it, when that is not made of the case's own pack.
    Packs that share a library (Pack.for_listener) are pruned and rounded once.
    """
    overlaps: list[float] = []
    gains: list[tuple[float, float]] = []
    libraries: dict[int, tuple[Pack, Pack]] = {}
    for case in cases:
        live = [ranked.track for ranked in rank(case.pack, case.request)]
        key = id(case.pack.factors)
        if key not in libraries:
            libraries[key] = (case.pack, device or sent(case.pack))
        there = _of_the_listener(libraries[key][1], case.pack)
        offline = [ranked.track for ranked in rank(there, case.request)]
        first = set(live[:OVERLAP_AT])
        overlaps.append(len(first & set(offline[:OVERLAP_AT])) / max(len(first), 1))
        if case.wanted:
            gains.append((gain(live, case.wanted), gain(offline, case.wanted)))
    live_gain, pack_gain = np.mean(gains, axis=0) if gains else (0.0, 0.0)
    mean = float(np.mean(overlaps)) if overlaps else 1.0
    return Fidelity(len(overlaps), mean, float(live_gain), float(pack_gain))


def _of_the_listener(library: Pack, live: Pack) -> Pack:
    return library.for_listener(
        live.listener,
        factors=live.listener_factors,
        affinity=live.affinity,
        plays=live.plays,
        banned=live.banned,
    )


def gain(ranked: list[TrackId], wanted: AbstractSet[TrackId]) -> float:
    """Normalised discounted gain of the first 10 (Jarvelin and Kekalainen 2002)."""
    discounts = 1 / np.log2(np.arange(2, GAIN_AT + 2))
    hits = np.array([track in wanted for track in ranked[:GAIN_AT]], np.float64)
    ideal = discounts[: min(len(wanted), GAIN_AT)].sum()
    return float((hits * discounts[: len(hits)]).sum() / ideal)
