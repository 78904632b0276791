"""Everything the core can ask of the world. The shell performs them, in order."""

from __future__ import annotations

import msgspec

from contracts.messages import DeviceEvent, Interaction, RecommendRequest, State, Tier
from contracts.track import TrackId


class Effect(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Something to do."""


class Play(Effect, frozen=True, kw_only=True):
    """Start a track now, over what plays."""

    track: TrackId
    start_seconds: float = 0.0
    crossfade_seconds: float = 0.0


class Prepare(Effect, frozen=True, kw_only=True):
    """Decode the track that will probably be next."""

    track: TrackId


class Pause(Effect, frozen=True, kw_only=True):
    """Hold the music."""


class Resume(Effect, frozen=True, kw_only=True):
    """Go on where it was held."""


class Stop(Effect, frozen=True, kw_only=True):
    """End the music."""


class SetVolume(Effect, frozen=True, kw_only=True):
    """Volume, 0 to 1."""

    volume: float


class SetCamera(Effect, frozen=True, kw_only=True):
    """Open or close the camera."""

    on: bool


class Ask(Effect, frozen=True, kw_only=True):
    """Have a tier rank; its answer comes as a RankingArrived event."""

    tier: Tier
    request: str
    """Correlates question and answer."""
    query: RecommendRequest


class Remember(Effect, frozen=True, kw_only=True):
    """Put an interaction into the history and the outbox."""

    interaction: Interaction


class MarkBroken(Effect, frozen=True, kw_only=True):
    """Never offer this track again until its file changes."""

    track: TrackId
    why: str


class Announce(Effect, frozen=True, kw_only=True):
    """The state changed: tell everyone."""

    state: State


class Tell(Effect, frozen=True, kw_only=True):
    """Something happened that automations wait for."""

    event: DeviceEvent


class Note(Effect, frozen=True, kw_only=True):
    """A line for the log: a decision and its reason."""

    text: str


AnyEffect = (
    Play
    | Prepare
    | Pause
    | Resume
    | Stop
    | SetVolume
    | SetCamera
    | Ask
    | Remember
    | MarkBroken
    | Announce
    | Tell
    | Note
)
