"""What has happened since the start, in lines for the display and the report."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from contracts.messages import DeviceEventKind, Tier
from device.effects import Announce, Effect, Play, Tell
from device.status import Happening

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.messages import State

KEPT = 500


class Journal:
    """The newest happenings."""

    def __init__(self) -> None:
        self._happenings: deque[Happening] = deque(maxlen=KEPT)
        self._tier: Tier | None = None

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """Oldest first."""
        return tuple(self._happenings)

    def note(self, effect: Effect, state: Callable[[], State], at: float) -> None:
        """Keep what of an effect a person would want to read; `state` tells that after it."""
        if isinstance(effect, Play):
            playing = state().playing
            if playing:
                self._add(at, "track", playing.title, why=playing.reason, tier=playing.tier)
        elif isinstance(effect, Tell) and effect.event.kind is DeviceEventKind.MOOD_CHANGED:
            self._add(at, "mood", effect.event.subject)
        elif isinstance(effect, Announce) and effect.state.tier is not self._tier:
            self._tier = effect.state.tier
            self._add(at, "tier", self._tier)

    def _add(self, at: float, kind: str, what: str, why: str = "", tier: str = "") -> None:
        self._happenings.append(Happening(at=at, kind=kind, what=what, why=why, tier=tier))
