"""What is kept for the next start, and how the core goes on from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import Playback
from device import planning
from device.effects import Effect, Keep, Note, SetMasks
from device.session import Hold, Session
from device.volume import LISTENER

if TYPE_CHECKING:
    from device.core import Core
    from device.events import Restored, StoreChanged


LONGEST_OFF_SECONDS = 30 * 86_400.0
"""Off for longer, or for less than nothing, and it is the clock that leapt: a Pi has none of its
own. Then nobody knows how long it was off, and no time went by."""


def session(core: Core, at: float | None = None) -> Session:
    """Everything that survives a restart, but the position; kept at monotonic second `at`."""
    ahead = core.unix_seconds(0.0)

    def unix(at: float | None) -> float | None:
        return None if at is None else round(at + ahead, 1)

    return Session(
        playback=core.deck.playback,
        playing=core.deck.playing,
        upcoming=core.playlist.upcoming,
        played=core.playlist.played,
        unix_ahead=ahead,
        kept_at=at,
        hold=core.hold,
        volume=core.volume.level,
        ceiling=core.volume.own_ceiling,
        muted=core.volume.muted,
        auto_play=core.auto_play,
        policy=core.policy_by_hand,
        mood=core.hand.mood,
        mood_word=core.hand.word,
        mood_until=unix(core.hand.until),
        repeat=core.repeat,
        era=core.wishes.era,
        sleep_until=unix(core.sleep.until),
        masks=core.masks_by_hand,
        mounting=core.guest.mounting,
        dayparts=core.plan.by_hand,
        wish_rules=core.guest.rules_by_hand,
        totals=core.guest.tally.days,
    )


class Keeper:
    """Tells when what is to be kept has changed; looks at little, since it looks often."""

    def __init__(self) -> None:
        self._kept: tuple[object, ...] | None = None
        self.began = False
        """Before what was kept is read back, nothing is kept over it."""
        self.unkept = ""
        """Why nothing reaches the disk, with what to do."""

    def again(self) -> None:
        """Keep the session once more, whatever it is."""
        self._kept = None

    def due(self, core: Core, at: float) -> list[Effect]:
        """Keep the session if it is another."""
        now = (
            core.deck.playback,
            core.deck.playing,
            core.playlist.upcoming,
            core.hold,
            core.volume.level,
            core.volume.own_ceiling,
            core.volume.muted,
            core.auto_play,
            core.policy_by_hand,
            core.hand.word,
            core.hand.until,
            core.repeat,
            core.wishes.era,
            core.sleep.until,
            core.masks_by_hand,
            core.guest.mounting,
            core.plan.by_hand,
            core.guest.rules_by_hand,
            core.guest.tally.days,
        )
        if not self.began or now == self._kept:
            return []
        self._kept = now
        return [Keep(session=session(core, at))]


def store_changed(core: Core, event: StoreChanged) -> list[Effect]:
    """Tell that nothing can be kept, or can be again; the music goes on."""
    core.keeper.unkept = event.why
    return [Note(text=f"nothing can be kept: {event.why}" if event.why else "all is kept again")]


def restored(core: Core, event: Restored) -> list[Effect]:
    """Go on as it was when the device was last on."""
    core.keeper.began = True
    core.liked, core.banned = set(event.liked), set(event.banned)
    for track in event.banned:
        core.playlist.refuse(track)
    if event.session is None:
        return []
    effects = core.deck.stop() if core.deck.playing else []  # what was on counts more
    effects += _wishes_of(core, event.session, event.at)
    return effects + _music_of(core, event.session, event.position_seconds, event.at)


def seconds_later(kept: Session, ahead: float, at: float) -> float:
    """What makes a monotonic second of the boot that kept this one of the present boot.

    Args:
        kept: the session.
        ahead: wall clock less monotonic clock, now.
        at: monotonic second, now.

    """
    by_clock = kept.unix_ahead - ahead
    if kept.kept_at is None or 0 <= at - (kept.kept_at + by_clock) <= LONGEST_OFF_SECONDS:
        return by_clock
    return at - kept.kept_at


def _wishes_of(core: Core, kept: Session, at: float) -> list[Effect]:
    # What is kept as wall-clock time is made a time of the boot that kept it, and then of this.
    ahead = kept.unix_ahead - seconds_later(kept, core.unix_seconds(0.0), at)
    core.policy_by_hand, core.repeat, core.wishes.era = kept.policy, kept.repeat, kept.era
    core.guest.mounting, core.guest.rules_by_hand = kept.mounting, kept.wish_rules
    core.guest.tally.days = kept.totals
    core.hand.mood, core.hand.word = kept.mood, kept.mood_word
    core.hand.until = None if kept.mood_until is None else kept.mood_until - ahead
    if kept.sleep_until is not None:
        core.sleep.set(kept.sleep_until - ahead)
    effects = planning.restore(core, kept.dayparts)
    effects += core.volume.set_ceiling(kept.ceiling, LISTENER)
    effects += core.volume.set(kept.volume)
    effects += core.volume.mute(on=True) if kept.muted else []
    core.auto_play = kept.auto_play
    if kept.masks is not None:
        core.masks_by_hand = kept.masks
        effects.append(SetMasks(masks=kept.masks))
    return effects


def _music_of(core: Core, kept: Session, position: float, at: float) -> list[Effect]:
    later = seconds_later(kept, core.unix_seconds(0.0), at)
    playing = kept.playing
    earlier = [(track, then + later) for track, then in kept.played]
    core.playlist.remember_played(earlier)
    core.playlist.upcoming = kept.upcoming
    core.playlist.library_changed()
    core.playlist.drop(lambda q: not core.playlist.is_refused(q.track))
    if core.hold is not Hold.QUIET:
        # Quiet hours may have ended while the device was off.
        core.hold = None if kept.hold is Hold.QUIET else kept.hold
    if not core.auto_play and core.hold is None:
        core.hold = Hold.LISTENER
    there = playing and playing.track in core.library
    if playing is None or not there or core.playlist.is_refused(playing.track):
        return []
    core.deck.restore(playing, position, kept.playback, at)
    note = Note(text=f"goes on where it was, {position:.0f} s into the track")
    resumed = core.deck.resume(at) if core.wants_music else []
    return [note, *resumed] if core.deck.playback is not Playback.IDLE else []
