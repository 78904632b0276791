"""The second and third tier: the offline pack, and the defaults that need nothing at all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from contracts.messages import Tier
from contracts.ranking import PackError
from contracts.tally import Tally
from device.events import PackChanged, RankingArrived
from device.recommend.defaults import DefaultsRanker
from device.recommend.pack import PackRanker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contracts.messages import Ranked, RecommendRequest
    from contracts.track import Track
    from device.events import Event

log = logging.getLogger(__name__)


class Shelf(Protocol):
    """Keeps the pack over restarts."""

    def save_pack(self, library: str, content: bytes) -> None:
        """Keep the pack of a library."""

    def pack(self, library: str) -> bytes | None:
        """The pack of a library."""


class LocalTiers:
    """Ranks on the device, at once; answers come as events all the same."""

    def __init__(
        self, shelf: Shelf, put: Callable[[Event], None], clock: Callable[[], float]
    ) -> None:
        self._shelf, self._put, self._clock = shelf, put, clock
        self._library = ""
        self._tracks: Sequence[Track] = ()
        self._defaults: DefaultsRanker | None = None
        self._pack: PackRanker | None = None
        self._turn = 0
        self._refused = Tally(log, "packs refused", clock)

    def set_library(self, library: str, tracks: Sequence[Track]) -> None:
        """Rank within this library from now on, by its pack if one was kept."""
        if library == self._library:
            return
        self._library, self._tracks = library, tracks
        self._defaults = DefaultsRanker(tracks, library=library) if tracks else None
        content = self._shelf.pack(library)
        self._use(PackRanker(content, library) if content else None)

    def take_pack(self, library: str, content: bytes) -> None:
        """A new pack from the server; a wrong one is refused and the old one stays."""
        try:
            ranker = PackRanker(content, library)
        except PackError as error:
            self._refused.count(str(error))
            return
        self._shelf.save_pack(library, content)
        self._use(ranker)

    def ask(self, tier: Tier, request: str, query: RecommendRequest) -> None:
        """Rank by the pack or by the defaults."""
        self._turn += 1
        ranked: tuple[Ranked, ...] = ()
        if tier is Tier.PACK and self._pack:
            ranked = self._pack.rank(query)
        elif tier is Tier.DEFAULTS and self._defaults:
            ranked = self._defaults.rank(query, seed=self._turn)
        self._put(RankingArrived(at=self._clock(), request=request, tier=tier, tracks=ranked))

    def _use(self, ranker: PackRanker | None) -> None:
        self._pack = ranker
        self._put(PackChanged(at=self._clock(), usable=ranker is not None))
