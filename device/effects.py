"""Everything the core can ask of the world. The shell performs them, in order."""

from __future__ import annotations

import msgspec

from contracts.messages import DeviceEvent, Interaction, RecommendRequest, State, Tier
from contracts.track import TrackId
from contracts.vision_wire import Box
from device.session import Session


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
    gapless: bool = False
    """It begins by itself on the sample after the last: the next of an album."""


class Unprepare(Effect, frozen=True, kw_only=True):
    """What was prepared is not next any more."""


class Seek(Effect, frozen=True, kw_only=True):
    """Go to a position of the track that is on."""

    seconds: float


class Pause(Effect, frozen=True, kw_only=True):
    """Hold the music."""


class FadeOut(Effect, frozen=True, kw_only=True):
    """Fade out within so many seconds, then hold."""

    seconds: float


class Resume(Effect, frozen=True, kw_only=True):
    """Go on where it was held, fading in."""

    fade_seconds: float = 0.2


class Stop(Effect, frozen=True, kw_only=True):
    """End the music."""


class SetVolume(Effect, frozen=True, kw_only=True):
    """Volume, 0 to 1."""

    volume: float


class SetCamera(Effect, frozen=True, kw_only=True):
    """Open or close the camera."""

    on: bool


class SetMasks(Effect, frozen=True, kw_only=True):
    """Regions of the picture whose faces never count."""

    masks: tuple[Box, ...]


class SetOutput(Effect, frozen=True, kw_only=True):
    """Play through the sound output of this name; empty is the system's default."""

    name: str


class SoundTest(Effect, frozen=True, kw_only=True):
    """Let the sound output be heard."""


class PlayAnnouncement(Effect, frozen=True, kw_only=True):
    """Fetch a sound and play it over the lowered music."""

    source: str
    """An http(s) address on the local network, or a file of the music folder."""


class Discover(Effect, frozen=True, kw_only=True):
    """Let home automation find this device, or forget it."""

    on: bool


class AskForRelease(Effect, frozen=True, kw_only=True):
    """Let the updater install the newest release that it can find."""


class Restart(Effect, frozen=True, kw_only=True):
    """End the program; who watches over it starts it again."""


class Ask(Effect, frozen=True, kw_only=True):
    """Have a tier rank; its answer comes as a RankingArrived event."""

    tier: Tier
    request: str
    """Correlates question and answer."""
    query: RecommendRequest


class Remember(Effect, frozen=True, kw_only=True):
    """Put an interaction into the history and the outbox."""

    interaction: Interaction


class Judge(Effect, frozen=True, kw_only=True):
    """Keep a like or a ban, or that there is neither, over restarts."""

    track: TrackId
    verdict: str
    """`liked`, `banned` or empty."""


class Keep(Effect, frozen=True, kw_only=True):
    """Keep where the device is, for when it is switched on again."""

    session: Session


class EraseHistory(Effect, frozen=True, kw_only=True):
    """Delete what listeners did; with `opinions` their likes and bans too."""

    opinions: bool = False


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


class Answered(Effect, frozen=True, kw_only=True):
    """What came of a command: one for each, so that whoever gave it is told."""

    name: str
    text: str
    refused: bool = False
    code: str = ""
    """Why it was refused, in a word that a page has in every language; empty: only in `text`."""
    ticket: str = ""
    """Of the command that this answers."""
    personal: bool = False
    """Its words tell of a guest: whoever asked is told, the log is not."""


class Note(Effect, frozen=True, kw_only=True):
    """A line for the log: a decision and its reason."""

    text: str


AnyEffect = (
    Play
    | Prepare
    | Unprepare
    | Seek
    | Pause
    | FadeOut
    | Resume
    | Stop
    | SetVolume
    | SetCamera
    | SetMasks
    | SetOutput
    | SoundTest
    | PlayAnnouncement
    | Discover
    | AskForRelease
    | Restart
    | Ask
    | Remember
    | Judge
    | Keep
    | EraseHistory
    | MarkBroken
    | Announce
    | Tell
    | Answered
    | Note
)
