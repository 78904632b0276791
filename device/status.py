"""What the device shows of itself to its owner on the device: a snapshot, replaced whole."""

from __future__ import annotations

import msgspec

from contracts.messages import Choice, Reason, State
from contracts.vision_wire import Box, Face
from device.dayparts import Daypart
from device.pin_window import PinReset
from device.questions import Question
from device.totals import DayTotals
from device.wish_rules import Taking, WishRules


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What went to the sound card since the start."""

    seconds: float = 0.0
    rms: float = 0.0
    first_at: float | None = None
    """CLOCK_MONOTONIC, in seconds, when the first PCM was handed over."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something worth a line: a mood believed, a track begun, a tier entered."""

    at: float
    """CLOCK_MONOTONIC, in seconds: the same for every program of this machine."""
    kind: str
    what: str
    why: str = ""
    tier: str = ""


class QueueRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A queued track, the next first."""

    choice: Choice
    by_hand: bool = False
    """A listener chose it: it stays, whatever the mood."""
    why: Reason | None = None
    """For a page in another language than that of `choice.reason`; a track is named by title."""


class NowPlaying(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of the track that is on, beyond its name."""

    album: str = ""
    year: int | None = None
    bpm: float | None = None
    valence: float | None = None
    arousal: float | None = None
    explicit: bool = False
    artwork: bool = False
    """There is a picture of it."""
    why: Reason | None = None


class Controls(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a page shows beside the music, and can change by commands."""

    queue: tuple[QueueRow, ...] = ()
    """The first 50."""
    queued: int = 0
    """All there are."""
    now: NowPlaying | None = None
    hold: str = ""
    """Who holds the music (device.session.Hold); empty while nobody does."""
    question: Question | None = None
    """Open since `not_this`; `answer` takes an answer's id."""
    liked: bool = False
    """The track that is on."""
    volume_ceiling: float = 1.0
    muted: bool = False
    auto_play: bool = True
    """Music begins by itself."""
    repeat: str = "off"
    era: str = ""
    """A decade such as 90s; empty is any."""
    mood_word: str = ""
    """What the listener said; empty: the camera tells."""
    mood_seconds_left: float | None = None
    sleep_seconds_left: float | None = None
    sleep_at_track_end: bool = False
    daypart: str = ""
    dayparts: tuple[Daypart, ...] = ()
    """The whole schedule."""
    dayparts_by_hand: bool = False
    """It is the staff's, not that of the settings."""
    wish_rules: WishRules = WishRules()
    wishes_taken: Taking = Taking()
    """Whether guests may wish now, and if not, why and until when."""
    pin_reset: PinReset | None = None
    """While a new staff PIN may be set."""
    totals: tuple[DayTotals, ...] = ()
    """Of a café's guests, newest day last."""
    explicit_allowed: bool = True
    somebody_seen: bool = False
    masks: tuple[Box, ...] = ()
    own_lists: tuple[str, ...] = ()


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers and words for the live display and for reports."""

    state: State = State()
    controls: Controls = Controls()
    faces: tuple[Face, ...] = ()
    faces_age_seconds: float | None = None
    emotions: dict[str, float] = {}
    """Filtered probabilities."""
    position_seconds: float = 0.0
    duration_seconds: float = 0.0
    library_tracks: int = 0
    scanned: tuple[int, int] = (0, 0)
    """Files looked at, and all."""
    server_online: bool = False
    requests_sent: int = 0
    requests_answered: int = 0
    round_trip_ms: float | None = None
    """Median of the latest answers."""
    last_round_trip_ms: float | None = None
    sound_driver: str = ""
    heard: Heard = Heard()
    happenings: tuple[Happening, ...] = ()
