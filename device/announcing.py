"""What the device tells the world about itself, and when it has something new to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import DeviceEvent, DeviceEventKind, State, Tier
from contracts.mood import UNKNOWN_MOOD, Mood
from device.effects import Announce, Effect, Tell

if TYPE_CHECKING:
    from device.core import Core

SHOWN_OF_QUEUE = 5
HEIGHT = {tier: -number for number, tier in enumerate(Tier)}
"""The server is highest."""


class Announcer:
    """Builds a state only when something it shows has changed: most events change nothing."""

    def __init__(self) -> None:
        self._told: tuple[object, ...] | None = None
        self._state: State | None = None
        self._tier = Tier.DEFAULTS
        self._mood = self._rounded = UNKNOWN_MOOD

    def due(self, core: Core, at: float) -> list[Effect]:
        """The state, if it is another; and a tier that was fallen to."""
        tier = core.asking.best_tier(at)
        effects: list[Effect] = []
        if HEIGHT[tier] < HEIGHT[self._tier]:
            fell = DeviceEvent(kind=DeviceEventKind.FALLBACK_ENTERED, subject=tier)
            effects.append(Tell(event=fell))
        self._tier = tier
        if core.believed is not self._mood:
            self._mood = core.believed
            self._rounded = _rounded(self._mood)
        now = (
            core.deck.playback,
            core.deck.playing,
            core.playlist.upcoming,
            core.volume.level,
            self._rounded,
            tier,
            core.camera,
            core.policy,
            core.keeper.unkept,
        )
        if now == self._told:
            return effects
        self._told = now
        before, self._state = self._state, state_of(core, at)
        return effects if before == self._state else [*effects, Announce(state=self._state)]


def state_of(core: Core, at: float) -> State:
    """The state at monotonic second `at`."""
    playing = core.deck.playing
    shown = core.playlist.upcoming[:SHOWN_OF_QUEUE]
    return State(
        playback=core.deck.playback,
        playing=core.playlist.choice(playing) if playing else None,
        volume=core.volume.level,
        mood=_rounded(core.believed),
        tier=core.asking.best_tier(at),
        camera=core.camera,
        policy=core.policy,
        queued=tuple(core.playlist.choice(queued) for queued in shown),
        unkept=core.keeper.unkept,
    )


def _rounded(mood: Mood) -> Mood:
    """To tenths: nobody is told of what nobody would notice."""
    return Mood(
        mood=mood.mood,
        valence=round(mood.valence, 1),
        arousal=round(mood.arousal, 1),
        confidence=round(mood.confidence, 1),
        chosen_by_hand=mood.chosen_by_hand,
    )
