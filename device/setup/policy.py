"""When the hotspot opens and closes: events in, actions out. No clock, no program, no network.

The hotspot is there only while no cable and no known Wi-Fi is, for as long as the settings say.
One radio cannot be hotspot and look about, so the hotspot closes now and then for a look, unless
somebody is on its page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from device.setup.choices import Wish
from device.setup.settings import SetupSettings

PARTING_SECONDS = 4.0
"""The page that says goodbye has to reach the phone before the hotspot goes."""
RETRY_SECONDS = 30.0
"""After a hotspot that did not open, or that was taken away."""


class Phase(StrEnum):
    """What is going on."""

    WATCHING = "watching"
    OPENING = "opening"
    OFFERING = "offering"
    """The hotspot is up."""
    LOOKING = "looking"
    """It is down for a look whether a known network is back."""
    PARTING = "parting"
    JOINING = "joining"


class Action(StrEnum):
    """What is to be done. OPEN is answered with Opened, JOIN with Joined."""

    SCAN = "scan"
    OPEN = "open"
    CLOSE = "close"
    JOIN = "join"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class Looked:
    """How the devices are."""

    cable: bool = False
    joined: bool = False
    """In a Wi-Fi that is not our hotspot."""
    radio: bool = True
    """There is a Wi-Fi device that can be used."""
    hotspot: bool = False

    @property
    def online(self) -> bool:
        """Whether there is a network."""
        return self.cable or self.joined


@dataclass(frozen=True)
class Opened:
    """The hotspot is up, or could not be opened."""

    well: bool


@dataclass(frozen=True)
class Visited:
    """Somebody opened the page."""


@dataclass(frozen=True)
class FormSent:
    """Somebody sent it."""

    wish: Wish


@dataclass(frozen=True)
class Joined:
    """The network was joined; or what went wrong, see NmcliError.trouble."""

    trouble: str = ""


Event = Looked | Opened | Visited | FormSent | Joined


@dataclass(frozen=True, kw_only=True)
class State:
    """Where the set-up stands; times in seconds of a monotonic clock."""

    phase: Phase = Phase.WATCHING
    since: float = 0.0
    """When the phase began; in OFFERING when somebody was last on the page."""
    alone_since: float | None = None
    """Since when there is no network; None: there is one, or nobody looked."""
    was_online: bool = False
    wish: Wish | None = None
    """What was typed; without the password once it was tried."""
    trouble: str = ""
    """Why the last network could not be joined."""


Step = tuple[State, tuple[Action, ...]]


def step(state: State, event: Event, now: float, settings: SetupSettings) -> Step:
    """The state after an event, and what is to be done in that order."""
    match event:
        case Looked():
            return _looked(state, event, now, settings)
        case Opened(well) if state.phase is Phase.OPENING:
            return (_in(state, Phase.OFFERING, now) if well else _again(state, now, settings)), ()
        case Visited() if state.phase is Phase.OFFERING:
            return replace(state, since=now), ()
        case FormSent(wish) if state.phase is Phase.OFFERING:
            return replace(_in(state, Phase.PARTING, now), wish=wish, trouble=""), ()
        case Joined(trouble) if state.phase is Phase.JOINING:
            return _joined(state, trouble, now)
    return state, ()


def _looked(state: State, seen: Looked, now: float, settings: SetupSettings) -> Step:
    waited = now - state.since
    match state.phase:
        case Phase.WATCHING:
            return _watching(state, seen, now, settings)
        case Phase.OFFERING:
            return _offering(state, seen, now, settings)
        case Phase.LOOKING if seen.online:
            return _online(state, now), ()
        case Phase.LOOKING if waited >= 60 * settings.glance_minutes and seen.radio:
            return _opening(state, now)
        case Phase.PARTING if waited >= PARTING_SECONDS:
            return _in(state, Phase.JOINING, now), (Action.CLOSE, Action.JOIN)
    return state, ()


def _offering(state: State, seen: Looked, now: float, settings: SetupSettings) -> Step:
    if seen.online:
        return _online(state, now), (Action.CLOSE,)
    if not seen.hotspot:  # somebody took it away, or the radio is gone
        return _again(state, now, settings), (Action.CLOSE,)
    if now - state.since >= 60 * settings.look_again_minutes:
        return _in(state, Phase.LOOKING, now), (Action.CLOSE,)
    return state, ()


def _watching(state: State, seen: Looked, now: float, settings: SetupSettings) -> Step:
    if seen.online:
        return replace(state, alone_since=None, was_online=True), ()
    since = now if state.alone_since is None else state.alone_since
    state = replace(state, alone_since=since)
    usable = settings.hotspot and seen.radio
    if usable and now - since >= _patience_seconds(state, settings):
        return _opening(state, now)
    return state, ()


def _joined(state: State, trouble: str, now: float) -> Step:
    if not trouble:
        return _online(state, now), (Action.KEEP,)
    bare = replace(state.wish, password="") if state.wish else None
    opening, actions = _opening(state, now)
    return replace(opening, wish=bare, trouble=trouble), actions


def _patience_seconds(state: State, settings: SetupSettings) -> float:
    return 60 * (settings.lost_minutes if state.was_online else settings.after_minutes)


def _in(state: State, phase: Phase, now: float) -> State:
    return replace(state, phase=phase, since=now)


def _opening(state: State, now: float) -> Step:
    return _in(state, Phase.OPENING, now), (Action.SCAN, Action.OPEN)


def _online(state: State, now: float) -> State:
    """In a network: what was typed is not needed any more."""
    return replace(_in(state, Phase.WATCHING, now), alone_since=None, was_online=True, trouble="")


def _again(state: State, now: float, settings: SetupSettings) -> State:
    """Watching, and the hotspot's turn comes soon."""
    soon = now - _patience_seconds(state, settings) + RETRY_SECONDS
    return replace(_in(state, Phase.WATCHING, now), alone_since=soon)
