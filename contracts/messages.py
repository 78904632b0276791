"""What travels over MQTT: JSON of these structs.

Unknown keys are ignored, so that an older program understands a newer one; missing or
out-of-range values are refused.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

from contracts.errors import ContractError
from contracts.mood import UNKNOWN_MOOD, Mood
from contracts.track import Arousal, Track, TrackId, Valence

Seconds = Annotated[float, msgspec.Meta(ge=0.0)]
Level = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
ListenerId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]

LISTENER_DEVICE = "device"
"""Whoever listens when nobody was picked by hand; in a café always."""


class MessageError(ContractError):
    """A payload that is not the message its topic promises."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything that travels over MQTT."""


class Tier(StrEnum):
    """Who chose the music."""

    SERVER = "server"
    PACK = "pack"
    DEFAULTS = "defaults"


class Playback(StrEnum):
    """Exactly one of these holds."""

    PLAYING = "playing"
    PAUSED = "paused"
    IDLE = "idle"


class Policy(StrEnum):
    """What the music does with a mood."""

    MATCH = "match"
    LIFT = "lift"
    CALM = "calm"


class ReasonKind(StrEnum):
    """Why a track was chosen; `subject` names what it refers to."""

    MOOD = "mood"
    """Its tags or its sound fit the mood; subject: the tag nearest to the mood."""
    LIKED = "liked"
    """Like something that the listener liked or plays often; subject: that track."""
    SIMILAR = "similar"
    """Like the seed track; subject: the seed."""
    TAGS = "tags"
    """Has the tags asked for; subject: the best of them."""
    POPULAR = "popular"
    """Played often on this device or elsewhere."""
    NEW = "new"
    """Not heard yet."""
    HOUR = "hour"
    """Suits the time of day; subject: night, morning, afternoon or evening."""
    RELIEF = "relief"
    """Another kind after sad ones; devices alone choose so."""
    CHOSEN = "chosen"
    """The listener put it into the queue; subject: the album it came with. Devices alone."""
    OWN_LIST = "own_list"
    """On a list that the listener keeps for this mood; subject: its name. Devices alone."""
    PLANNED = "planned"
    """Fits what the time of day asks for; subject: its tag or its name. Devices alone."""
    ERA = "era"
    """Of the years asked for; subject: the decade. Devices alone."""
    LONGEST_AGO = "longest_ago"
    """Nothing else may be played now: it was heard longest ago. Devices alone."""


class Reason(Message, frozen=True, kw_only=True):
    """Why this track, in a form that each page words in its listener's language."""

    kind: ReasonKind
    subject: str = ""


class Ranked(Message, frozen=True, kw_only=True):
    """A track of a ranking, best first."""

    track: TrackId
    score: float
    reason: Reason


class RecommendRequest(Message, frozen=True, kw_only=True):
    """A device asks for tracks out of its own library."""

    listener: ListenerId = LISTENER_DEVICE
    library: str = ""
    """Hash of the library the answer must come from."""
    valence: Valence = 0.0
    arousal: Arousal = 0.0
    mood_weight: Level = 1.0
    """0 when the mood is unknown: taste alone decides."""
    hour: Annotated[float, msgspec.Meta(ge=0.0, lt=24.0)] | None = None
    """Local time of day at the listener's; counts as far as the mood does not."""
    seed_track: TrackId | None = None
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=32)] = ()
    avoid_tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=32)] = ()
    exclude: Annotated[tuple[TrackId, ...], msgspec.Meta(max_length=2000)] = ()
    count: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20
    allow_explicit: bool = True
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)] = 2000
    """An answer later than this after the request was sent is worth nothing."""


class RecommendReply(Message, frozen=True, kw_only=True):
    """The answer; `error` says what was wrong with the request, in words."""

    tracks: tuple[Ranked, ...] = ()
    generation: str = ""
    """Which trained model ranked."""
    error: str = ""


class InteractionKind(StrEnum):
    """What a listener did with a track."""

    PLAYED = "played"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    LIKED = "liked"
    BANNED = "banned"
    UNLIKED = "unliked"
    """A like was taken back."""
    UNBANNED = "unbanned"
    """A ban was taken back."""
    MORE_LIKE_THIS = "more_like_this"


class Interaction(Message, frozen=True, kw_only=True):
    """One thing a listener did. The id makes sending it twice harmless."""

    id: Identifier
    listener: ListenerId = LISTENER_DEVICE
    track: TrackId
    kind: InteractionKind
    at_unix_seconds: float
    position_seconds: Seconds = 0.0
    valence: Valence | None = None
    arousal: Arousal | None = None
    valence_change: Annotated[float, msgspec.Meta(ge=-2.0, le=2.0)] | None = None
    """Valence now less that when the track began; None when either is not known."""


class InteractionBatch(Message, frozen=True, kw_only=True):
    """Interactions out of a device's outbox."""

    interactions: Annotated[tuple[Interaction, ...], msgspec.Meta(max_length=500)]


class InteractionsAck(Message, frozen=True, kw_only=True):
    """These ids are on the server's disk; the device may forget them."""

    ids: tuple[Identifier, ...]
    refused: tuple[Identifier, ...] = ()
    """These will never be kept: sending them again is of no use."""
    error: str = ""
    """What was wrong with those, or with a whole batch."""


class LibraryChunk(Message, frozen=True, kw_only=True):
    """A part of a device's library; any worker may receive any part."""

    library: Identifier
    """Hash of the whole library."""
    index: Annotated[int, msgspec.Meta(ge=0, lt=10_000)]
    total: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    tracks: Annotated[tuple[Track, ...], msgspec.Meta(max_length=500)]


class LibraryChange(Message, frozen=True, kw_only=True):
    """A library as what differs from one that the server may have.

    With nothing added or removed and `base` the library itself it only asks whether it is known.
    """

    library: Identifier
    """Hash of the whole library after the change."""
    base: Identifier
    """Hash of the library before it."""
    added: Annotated[tuple[Track, ...], msgspec.Meta(max_length=2000)] = ()
    """Tracks that are new, or were described otherwise."""
    removed: Annotated[tuple[TrackId, ...], msgspec.Meta(max_length=10_000)] = ()


class LibraryAck(Message, frozen=True, kw_only=True):
    """How much of a library has arrived."""

    library: Identifier
    missing: tuple[int, ...] = ()
    """Chunks still to come; none when the library is complete."""
    error: str = ""
    whole: bool = False
    """A change came to a library that is not known here: send the whole."""


class PackRequest(Message, frozen=True, kw_only=True):
    """A device asks for an offline pack of its library; the answer is binary, on `pack`."""

    library: Identifier
    listener: ListenerId = LISTENER_DEVICE


class Choice(Message, frozen=True, kw_only=True):
    """A track in words, with why and by whom it was chosen."""

    track: TrackId
    title: str
    artist: str = ""
    reason: str = ""
    tier: Tier = Tier.DEFAULTS


class State(Message, frozen=True, kw_only=True):
    """What a device is doing, retained."""

    playback: Playback = Playback.IDLE
    playing: Choice | None = None
    volume: Level = 0.6
    mood: Mood = UNKNOWN_MOOD
    tier: Tier = Tier.DEFAULTS
    camera: str = "off"
    policy: Policy = Policy.LIFT
    queued: tuple[Choice, ...] = ()
    unkept: str = ""
    """Why nothing can be kept at present, with what to do: the disk takes nothing. Else empty."""


class DeviceEventKind(StrEnum):
    """What automations may wait for."""

    MOOD_CHANGED = "mood_changed"
    LISTENER_ARRIVED = "listener_arrived"
    LISTENER_LEFT = "listener_left"
    TRACK_CHANGED = "track_changed"
    FALLBACK_ENTERED = "fallback_entered"


class DeviceEvent(Message, frozen=True, kw_only=True):
    """Something happened on a device."""

    kind: DeviceEventKind
    subject: str = ""


M = TypeVar("M", bound=msgspec.Struct)


def encode(message: Message) -> bytes:
    """JSON of a message."""
    return msgspec.json.encode(message)


def decode(payload: bytes, kind: type[M]) -> M:
    """A message of this kind out of JSON.

    Raises:
        MessageError: the payload is not such a message; says where it differs.

    """
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"not a {kind.__name__}: {error}"
        raise MessageError(msg) from error
