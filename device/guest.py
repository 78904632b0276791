"""A guest before the camera of a café: a session that ends by itself, and what it leaves behind.

Nothing: while a café's device knows a guest's mood, it tells it to the page at the kiosk alone. On
the bus, in the history and in what is kept for the next start there are songs without moods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contracts.messages import DeviceEventKind, State
from contracts.mood import UNKNOWN_MOOD
from device import planning
from device.announcing import state_of
from device.effects import Announce, Answered, Effect, Keep, Note, Remember, SetCamera, Tell
from device.mood import MoodFilter
from device.pin_window import PinWindow
from device.totals import Tally
from device.wish_rules import Closed, Taking, WishRules, quiet_until

if TYPE_CHECKING:
    from contracts.vision_wire import Box
    from device.core import Core

UNSEEN_SECONDS = 20.0
"""Whoever is not seen for so long has gone."""
OF_A_PERSON = frozenset(
    {
        DeviceEventKind.MOOD_CHANGED,
        DeviceEventKind.LISTENER_ARRIVED,
        DeviceEventKind.LISTENER_LEFT,
    }
)


SAYS_A_MOOD = frozenset({"answer", "dismiss", "mood", "not_this"})
"""Commands whose words stay out of a café's log."""


class GuestSession:
    """Whether a guest has agreed to the camera, and since when; what staff said about guests."""

    def __init__(self) -> None:
        self.began_at: float | None = None
        self.seen_at = 0.0
        self.mounting: tuple[Box, ...] | None = None
        """The masks that staff confirmed with the mounting; others need another look."""
        self.rules_by_hand: WishRules | None = None
        """The staff's for wishes; None: as the settings say."""
        self.pin, self.tally = PinWindow(), Tally()

    @property
    def open(self) -> bool:
        """Whether the camera may be on."""
        return self.began_at is not None

    def begin(self, at: float) -> None:
        """A guest has read the notice and agreed."""
        self.began_at = self.seen_at = at

    def seen(self, at: float) -> None:
        """A face was before the camera."""
        self.seen_at = at

    def over(self, at: float, longest_seconds: float) -> bool:
        """Whether it has lasted long enough, or the guest has gone."""
        if self.began_at is None:
            return False
        return at - self.began_at > longest_seconds or at - self.seen_at > UNSEEN_SECONDS


def end(core: Core) -> list[Effect]:
    """Close the camera, and forget who was there."""
    if core.guest.open or core.hand.mood:
        core.guest.tally.add(core.believed.mood, core.plan.day_number)
    core.guest.began_at = None
    core.filter = MoodFilter(core.settings.mood)
    core.mood = UNKNOWN_MOOD
    core.hand.say("")
    core.dialogue.close()
    core.chain.end()
    return [SetCamera(on=False)]


def time_passed(core: Core, at: float) -> list[Effect]:
    """A session may be over."""
    if core.presence.seen:
        core.guest.seen(at)
    if not core.guest.over(at, core.settings.web.session_seconds):
        return []
    return [Note(text="the guest's session is over: the camera closes"), *end(core)]


def wish_rules(core: Core) -> WishRules:
    """What guests may wish for, and how often."""
    own = core.guest.rules_by_hand
    return own or WishRules(minutes=core.settings.web.wish_minutes)


def taking(core: Core) -> Taking:
    """Whether anybody's wish is taken now, whatever the song."""
    part, rules = core.plan.part, wish_rules(core)
    if not rules.open:
        return Taking(closed=Closed.OFF)
    if part and part.quiet and core.plan.now:
        until = quiet_until(planning.schedule(core), core.plan.now)
        return Taking(closed=Closed.QUIET, until=until)
    if sum(queued.by_hand for queued in core.playlist.upcoming) >= rules.most_waiting:
        return Taking(closed=Closed.FULL)
    return Taking()


def discreet(effects: list[Effect]) -> list[Effect]:
    """The same effects, with nothing in them that is a person's."""
    return [_without_person(effect) for effect in effects if not _of_person(effect)]


def public_state(core: Core, at: float) -> State:
    """What the world is told."""
    state = state_of(core, at)
    return _moodless(state) if core.settings.web.cafe else state


def _of_person(effect: Effect) -> bool:
    return isinstance(effect, Tell) and effect.event.kind in OF_A_PERSON


def _without_person(effect: Effect) -> Effect:
    replace = msgspec.structs.replace
    if isinstance(effect, Announce):
        return replace(effect, state=_moodless(effect.state))
    if isinstance(effect, Answered) and effect.name in SAYS_A_MOOD:
        return replace(effect, personal=True)
    if isinstance(effect, Remember):
        row = replace(effect.interaction, valence=None, arousal=None, valence_change=None)
        return replace(effect, interaction=row)
    if isinstance(effect, Keep):
        return replace(
            effect, session=replace(effect.session, mood=None, mood_word="", mood_until=None)
        )
    return effect


def _moodless(state: State) -> State:
    return msgspec.structs.replace(state, mood=UNKNOWN_MOOD)
