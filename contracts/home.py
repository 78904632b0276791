"""What home automation reads of a device: flat, complete, in its own units."""

from __future__ import annotations

from typing import Annotated

import msgspec

from contracts.messages import Message, Playback, Policy, Tier
from contracts.mood import MoodClass

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class HomeState(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What a device is doing, retained; every key is always there, so that templates are short."""

    playback: Playback = Playback.IDLE
    title: str = ""
    artist: str = ""
    album: str = ""
    reason: str = ""
    """Why this track, in English."""
    tier: Tier = Tier.DEFAULTS
    volume: Percent = 60.0
    volume_limit: Percent = 100.0
    """The lowest of the ceilings that hold."""
    muted: bool = False
    auto_play: bool = True
    camera: bool = False
    """Whether it is open."""
    mood: MoodClass = MoodClass.UNKNOWN
    """In a café always unknown."""
    mood_word: str = "auto"
    """What the listener said; auto: the camera tells."""
    confidence: Percent = 0.0
    policy: Policy = Policy.LIFT
    listener_present: bool = False
    recommender_online: bool = False
    unkept: str = ""
    """Why nothing can be kept at present: the disk takes nothing; else empty."""
    cpu_celsius: float | None = None
    """Of the processor; none where there is no sensor."""
    version: str = ""
    """Of the installed program."""
    latest_version: str = ""
    """Of the newest release that its updater knows; the installed one where none is newer."""
    release_summary: str = ""
    """What the newest one brings; up to 255 characters."""
    updating: bool = False
    """Whether an update is under way."""
    update_percent: Percent | None = None
    """Of the update that is under way, where it is known."""
