"""Everything that can happen to the core. Threads make these; one queue brings them."""

from __future__ import annotations

import msgspec

from contracts.messages import Ranked, Tier
from contracts.track import TrackId
from contracts.vision_wire import CameraState, Face
from device.session import Session


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Something that happened."""

    at: float
    """Seconds on the monotonic clock."""


class Tick(Event, frozen=True, kw_only=True):
    """Time went by; once a second."""

    unix_seconds: float
    """Wall clock, for what people and the server read; never for intervals."""
    utc_offset_seconds: int = 0
    """Local time less UTC: 32,400 in Seoul."""


class FacesSeen(Event, frozen=True, kw_only=True):
    """Vision looked at a frame."""

    faces: tuple[Face, ...] = ()


class CameraChanged(Event, frozen=True, kw_only=True):
    """The camera is in another state."""

    state: CameraState
    detail: str = ""


class VisionLost(Event, frozen=True, kw_only=True):
    """The vision program's connection ended."""


class StoreChanged(Event, frozen=True, kw_only=True):
    """The disk takes nothing any more, or takes what is kept again."""

    why: str
    """Why nothing can be kept, with what to do; empty when it can."""


class TrackStarted(Event, frozen=True, kw_only=True):
    """The first sample of a track went out."""

    track: TrackId


class TrackEnding(Event, frozen=True, kw_only=True):
    """The track ends in `seconds_left`: time to hand over the next for a crossfade."""

    track: TrackId
    seconds_left: float


class TrackEnded(Event, frozen=True, kw_only=True):
    """The track was played to its end."""

    track: TrackId


class TrackFailed(Event, frozen=True, kw_only=True):
    """The track cannot be decoded."""

    track: TrackId
    why: str


class SoundLost(Event, frozen=True, kw_only=True):
    """The sound card went away."""


class SoundBack(Event, frozen=True, kw_only=True):
    """The sound card is there again."""


class RankingArrived(Event, frozen=True, kw_only=True):
    """A tier answered."""

    request: str
    tier: Tier
    tracks: tuple[Ranked, ...] = ()
    error: str = ""


class ServerChanged(Event, frozen=True, kw_only=True):
    """The recommender server came or went."""

    online: bool


class PackChanged(Event, frozen=True, kw_only=True):
    """An offline pack of the present library is there, or is no longer."""

    usable: bool


class LibraryChanged(Event, frozen=True, kw_only=True):
    """The library was scanned: these can be played now."""

    tracks: tuple[TrackId, ...]


class CommandGiven(Event, frozen=True, kw_only=True):
    """Somebody told the device what to do: page, home automation, button, control socket."""

    name: str
    argument: str = ""
    ticket: str = ""
    """Whoever waits for the answer finds it by this."""


class ListsRead(Event, frozen=True, kw_only=True):
    """The listener's own M3U files, for the first list of a mood."""

    lists: dict[str, tuple[TrackId, ...]]
    """Tracks by `mood` or `mood/name`; only what is in the library."""


class Restored(Event, frozen=True, kw_only=True):
    """What was kept when the device was last on; comes once, first of all."""

    session: Session | None = None
    position_seconds: float = 0.0
    """Of the track that was on."""
    liked: tuple[TrackId, ...] = ()
    banned: tuple[TrackId, ...] = ()


AnyEvent = (
    Tick
    | FacesSeen
    | CameraChanged
    | VisionLost
    | TrackStarted
    | TrackEnding
    | TrackEnded
    | TrackFailed
    | SoundLost
    | SoundBack
    | RankingArrived
    | ServerChanged
    | PackChanged
    | LibraryChanged
    | CommandGiven
    | ListsRead
    | Restored
    | StoreChanged
)
