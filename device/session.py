"""Where a device is in its music: what it needs to go on after a power cut as if nothing was."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from contracts.messages import Level, Playback, Policy, Reason, Tier
from contracts.mood import Mood
from contracts.track import TrackId
from contracts.vision_wire import Box
from device.dayparts import Daypart
from device.totals import DayTotals
from device.wish_rules import WishRules

PLAYED_KEPT = 300
"""Recent tracks remembered over a restart: twelve hours of music."""


class Hold(StrEnum):
    """Who holds the music; only the same one, or a listener, lets it go on."""

    LISTENER = "listener"
    ABSENCE = "absence"
    """Nobody was seen for so long."""
    QUIET = "quiet"
    """A daypart without music."""
    SLEEP = "sleep"
    """The sleep timer."""


class Repeat(StrEnum):
    """What comes after a track."""

    OFF = "off"
    """What the device chooses, or the queue."""
    TRACK = "track"
    ALBUM = "album"


class Queued(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A track with the reason it was chosen for."""

    track: TrackId
    reason: Reason
    tier: Tier
    by_hand: bool = False
    """The listener put it there: no ranking takes it away."""


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """State that survives a restart; the position has a file of its own (device.bookmark)."""

    playback: Playback = Playback.IDLE
    playing: Queued | None = None
    upcoming: tuple[Queued, ...] = ()
    played: tuple[tuple[TrackId, float], ...] = ()
    """Tracks lately begun, oldest first, with seconds that `unix_ahead` makes wall-clock ones."""
    unix_ahead: float = 0.0
    kept_at: float | None = None
    """When this was kept, as the times of `played`; None in older ones."""
    hold: Hold | None = None
    volume: Level = 0.6
    ceiling: Level = 1.0
    """The listener's own, under that of the settings."""
    muted: bool = False
    auto_play: bool = True
    policy: Policy | None = None
    """None: that of the settings."""
    mood: Mood | None = None
    """By hand."""
    mood_word: str = ""
    mood_until: float | None = None
    """Wall-clock seconds; None: until it is taken back."""
    repeat: Repeat = Repeat.OFF
    era: int | None = None
    """First year of a decade."""
    sleep_until: float | None = None
    """Wall-clock seconds."""
    masks: tuple[Box, ...] | None = None
    """None: those of the settings."""
    mounting: tuple[Box, ...] | None = None
    """Masks that a café's staff confirmed with the camera's mounting."""
    dayparts: tuple[Daypart, ...] | None = None
    """None: those of the settings."""
    wish_rules: WishRules | None = None
    """None: as the settings say."""
    totals: tuple[DayTotals, ...] = ()
    """Of a café's guests."""
