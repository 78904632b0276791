"""The second and third tier: the offline pack, and the defaults that need nothing at all.

Failure policy: a pack that cannot be used is counted, said and left out; the defaults rank
without it. What takes long, reading a pack and getting a library ready, is done on a thread of
its own, a small part of a large library first, so that music starts and commands are obeyed.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol

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

FIRST_TRACKS = 500
"""Of a larger library so many, from all over it, are ready first: within a tenth of a second."""


class Shelf(Protocol):
    """Keeps the pack over restarts; asked from another thread too."""

    def save_pack(self, library: str, content: bytes) -> None:
        """Keep the pack of a library."""

    def pack(self, library: str) -> bytes | None:
        """The pack of a library."""


class _Question(NamedTuple):
    tier: Tier
    request: str
    query: RecommendRequest


class LocalTiers:
    """Ranks on the device; answers come as events, at once or when the library is ready.

    `spare` runs what takes long: by default one after another on a thread of its own. Of each
    kind of work only the newest waits: an older library or pack is nothing to get ready.
    """

    def __init__(
        self,
        shelf: Shelf,
        put: Callable[[Event], None],
        clock: Callable[[], float],
        *,
        spare: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._shelf, self._put, self._clock = shelf, put, clock
        self._spare = spare or _Spare()
        self._lock = threading.Lock()
        """Over what follows; held for moments."""
        self._library = ""
        self._defaults: DefaultsRanker | None = None
        self._pack: PackRanker | None = None
        self._waiting: _Question | None = None
        self._turn = 0
        self._todo: dict[str, Callable[[], None]] = {}
        self._refused = Tally(log, "packs refused", clock)

    def set_library(self, library: str, tracks: Sequence[Track]) -> None:
        """Rank within this library from now on, by its pack if one was kept."""
        with self._lock:
            if library == self._library:
                return
            had_pack, self._pack = self._pack is not None, None
            self._library, self._defaults = library, None
        if had_pack:
            self._put(PackChanged(at=self._clock(), usable=False))
        if len(tracks) > FIRST_TRACKS:
            few = tracks[:: -(-len(tracks) // FIRST_TRACKS)]
            self._later("a part", lambda: self._get_ready(library, few))
        self._later("all", lambda: self._get_ready(library, tracks))
        self._later("kept pack", lambda: self._take_kept_pack(library))

    def take_pack(self, library: str, content: bytes) -> None:
        """A new pack from the server; a wrong one is refused and the old one stays."""
        self._later("new pack", lambda: self._use(library, content, keep=True))

    def forget_pack(self) -> None:
        """Rank by it no more: it knows what a listener likes."""
        with self._lock:
            had_pack, self._pack = self._pack is not None, None
        if had_pack:
            self._put(PackChanged(at=self._clock(), usable=False))

    def ask(self, tier: Tier, request: str, query: RecommendRequest) -> None:
        """Rank by the pack or by the defaults; the latest question waits for what gets ready."""
        question = _Question(tier, request, query)
        with self._lock:
            self._turn += 1
            waits = tier is Tier.DEFAULTS and self._defaults is None and self._library != ""
            self._waiting = question if waits else None
        if not waits:
            self._answer(question)

    def _later(self, kind: str, work: Callable[[], None]) -> None:
        """Do it when there is time, in the place of what of its kind waits."""
        with self._lock:
            waits = kind in self._todo
            self._todo[kind] = work
        if not waits:
            self._spare(self._work)

    def _work(self) -> None:
        with self._lock:
            work = self._todo.pop(next(iter(self._todo)))
        work()

    def _answer(self, question: _Question) -> None:
        ranked: tuple[Ranked, ...] = ()
        if question.tier is Tier.PACK and (pack := self._pack):
            ranked = pack.rank(question.query)
        elif question.tier is Tier.DEFAULTS and (defaults := self._defaults):
            ranked = defaults.rank(question.query, seed=self._turn)
        self._put(
            RankingArrived(
                at=self._clock(), request=question.request, tier=question.tier, tracks=ranked
            )
        )

    def _get_ready(self, library: str, tracks: Sequence[Track]) -> None:
        if library != self._library:
            return  # there is another by now
        ranker = DefaultsRanker(tracks, library=library)
        with self._lock:
            if library != self._library:
                return
            self._defaults = ranker
            waiting, self._waiting = self._waiting, None
        if waiting:
            self._answer(waiting)

    def _take_kept_pack(self, library: str) -> None:
        try:
            content = self._shelf.pack(library)
        except RuntimeError as error:  # the store's own: a disk that is away costs the pack alone
            self._refused.count(str(error))
            return
        if content:
            self._use(library, content, keep=False)

    def _use(self, library: str, content: bytes, *, keep: bool) -> None:
        try:
            ranker = PackRanker(content, library)
            if keep:
                self._shelf.save_pack(library, content)
        except PackError as error:
            self._refused.count(str(error))
            return
        except RuntimeError as error:  # as above; the pack serves until the next restart
            self._refused.count(f"not kept: {error}")
        with self._lock:
            if library != self._library:
                return
            self._pack = ranker
        self._put(PackChanged(at=self._clock(), usable=True))


class _Spare:
    """One thread that does one thing after another, started when there is the first."""

    def __init__(self) -> None:
        self._todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ranking", daemon=True)
        self._started = False

    def __call__(self, work: Callable[[], None]) -> None:
        self._todo.put(work)
        if not self._started:
            self._started = True
            self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                self._todo.get()()
            except Exception:  # the outermost frame of this thread, which must not end
                log.exception("the local tiers stay as they were")
