"""Three tiers rank music; this decides which is asked, and falls to the next in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.messages import Tier
from device.effects import Ask, Effect, Note

if TYPE_CHECKING:
    from contracts.messages import RecommendRequest
    from device.events import PackChanged, RankingArrived
    from device.settings import MusicSettings

LOWER = {Tier.SERVER: Tier.PACK, Tier.PACK: Tier.DEFAULTS}


@dataclass(frozen=True)
class Pending:
    """A question that was not answered yet."""

    request: str
    tier: Tier
    query: RecommendRequest
    until: float


class Asking:
    """Asks the best tier there is; a late, empty or wrong answer makes it ask the next."""

    def __init__(self, settings: MusicSettings) -> None:
        self._settings = settings
        self.server_online = False
        self.pack_usable = False
        self._server_shunned_until = float("-inf")
        self._pending: Pending | None = None
        self._asked = 0

    def best_tier(self, at: float) -> Tier:
        """Who would be asked now."""
        if self.server_online and at >= self._server_shunned_until:
            return Tier.SERVER
        return Tier.PACK if self.pack_usable else Tier.DEFAULTS

    @property
    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._pending is not None

    def ask(self, query: RecommendRequest, at: float) -> list[Effect]:
        """Ask the best tier; an older question is forgotten."""
        return self._ask(self.best_tier(at), query, at)

    def forget(self) -> None:
        """Want no answer any more."""
        self._pending = None

    def answered(self, event: RankingArrived, *, usable: bool) -> bool:
        """Whether this answers what was asked last; if it is not usable, `overdue` goes on."""
        pending = self._pending
        if pending is None or event.request != pending.request:
            return False
        if not usable:
            self._pending = Pending(pending.request, pending.tier, pending.query, until=event.at)
            return False
        self._pending = None
        return True

    def overdue(self, at: float) -> list[Effect]:
        """Ask the next tier when the last one did not answer in time, or went away."""
        pending = self._pending
        if pending is None:
            return []
        gone = pending.tier is Tier.SERVER and not self.server_online
        if at < pending.until and not gone:
            return []
        if pending.tier is Tier.SERVER:
            self._server_shunned_until = at + self._settings.retry_server_seconds
        if pending.tier is Tier.DEFAULTS:
            self._pending = None
            return [Note(text="nothing in the library can be played now")]
        lower = Tier.DEFAULTS if not self.pack_usable else LOWER[pending.tier]
        note = Note(text=f"{pending.tier} did not answer {pending.request}: asking {lower}")
        return [note, *self._ask(lower, pending.query, at)]

    def server_came(self, online: bool) -> None:  # noqa: FBT001 - the state itself
        """Note whether the server is there; one that came back is trusted at once."""
        self.server_online = online
        self._server_shunned_until = float("-inf")

    def pack_changed(self, event: PackChanged) -> list[Effect]:
        """Note whether there is a pack of the present library."""
        self.pack_usable = event.usable
        return []

    def _ask(self, tier: Tier, query: RecommendRequest, at: float) -> list[Effect]:
        self._asked += 1
        until = at + self._settings.answer_within_seconds
        self._pending = Pending(f"r{self._asked}", tier, query, until)
        return [Ask(tier=tier, request=self._pending.request, query=query)]
