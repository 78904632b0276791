"""What a core leaves behind when it is killed, and what must be the same when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contracts.messages import Playback
from device import effects, events
from device.session import Hold, Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contracts.track import TrackId
    from device.core import Core


class Disk:
    """What the shell wrote of the effects that it performed, as bytes and rows would hold it."""

    def __init__(self) -> None:
        self._session: bytes | None = None
        self._verdicts: dict[TrackId, str] = {}

    def take(self, performed: Iterable[effects.Effect]) -> None:
        """Keep what is to be kept, in order."""
        for effect in performed:
            if isinstance(effect, effects.Keep):
                self._session = msgspec.json.encode(effect.session)
            elif isinstance(effect, effects.Judge):
                self._verdicts[effect.track] = effect.verdict
            elif isinstance(effect, effects.EraseHistory) and effect.opinions:
                self._verdicts.clear()

    def judged(self, verdict: str) -> set[TrackId]:
        """Tracks of which that was said last."""
        return {track for track, said in self._verdicts.items() if said == verdict}

    def restored(self, at: float, position: float) -> events.Restored:
        """What the next core is told first."""
        kept = self._session
        return events.Restored(
            at=at,
            session=None if kept is None else msgspec.json.decode(kept, type=Session),
            position_seconds=position,
            liked=tuple(sorted(self.judged("liked"))),
            banned=tuple(sorted(self.judged("banned"))),
        )


def standing(core: Core, at: float) -> dict[str, Any]:
    """What a listener said and sees, for comparison; `at` is the monotonic second it is seen."""
    taken_back = core.hand.until is not None and core.hand.until <= at
    return {
        "playing": core.deck.playing,
        **_music(core, at),
        "queue": core.playlist.upcoming,
        "barred": set(core.playlist.barred(at)),
        "sad enough": core.playlist.sad_enough,
        "volume": (core.volume.level, core.volume.own_ceiling, core.volume.muted),
        "auto_play": core.auto_play,
        "policy": core.policy_by_hand,
        "word": "" if taken_back else core.hand.word,
        "repeat": core.repeat,
        "era": core.wishes.era,
        "masks": core.masks_by_hand,
        "liked": core.liked,
        "banned": core.banned,
    }


def _music(core: Core, at: float) -> dict[str, Any]:
    """Whether it plays and who holds it: what begins only when it is told waits to be told."""
    hold = core.hold
    if hold is None and not core.auto_play:
        hold = Hold.LISTENER
    if hold is None and core.sleep.until is not None and core.sleep.until <= at:
        hold = Hold.SLEEP
    held = hold is not None and core.deck.playing is not None
    return {"hold": hold, "playback": Playback.PAUSED if held else core.deck.playback}
