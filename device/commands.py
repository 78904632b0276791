"""What a listener can tell a device, from wherever: page, home automation, button, socket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.messages import InteractionKind, Playback, Policy
from contracts.mood import MoodClass
from device.effects import Effect, Note, SetCamera
from device.policy import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.core import Core
    from device.events import CommandGiven

AUTO = "auto"
"""The mood that hands back to the camera."""
FULL_VOLUME = 100


class CommandError(ValueError):
    """The device knows no such command or argument; says what it knows."""


def obey(core: Core, event: CommandGiven) -> list[Effect]:
    """Effects of a command; a wrong one is only noted, since nobody waits for an answer."""
    try:
        return COMMANDS[checked(event.name, event.argument)](core, event)
    except CommandError as error:
        return [Note(text=str(error))]


def checked(name: str, argument: str) -> str:
    """The command's name, if the device can do that.

    Raises:
        CommandError: says what can be done instead.

    """
    if name not in COMMANDS:
        msg = f"no command {name!r}; there are {', '.join(sorted(COMMANDS))}"
        raise CommandError(msg)
    known = ARGUMENTS.get(name)
    if known and argument not in known:
        msg = f"{name} {argument!r}: choose one of {', '.join(known)}"
        raise CommandError(msg)
    if name == "volume" and not _is_volume(argument):
        msg = f"volume {argument!r}: give a number from 0 to {FULL_VOLUME}"
        raise CommandError(msg)
    return name


def _is_volume(argument: str) -> bool:
    plain = argument.isdecimal() and argument.isascii() and len(argument) <= len(str(FULL_VOLUME))
    return plain and int(argument) <= FULL_VOLUME


def _play(core: Core, event: CommandGiven) -> list[Effect]:
    core.wants_music = True
    if core.deck.playback is Playback.PAUSED:
        return core.deck.resume(event.at)
    if core.deck.playback is Playback.PLAYING:
        return []
    return core.play_next(event.at, crossfade=False)


def _pause(core: Core, event: CommandGiven) -> list[Effect]:
    core.wants_music = False
    return core.deck.pause(event.at)


def _play_pause(core: Core, event: CommandGiven) -> list[Effect]:
    playing = core.deck.playback is Playback.PLAYING
    return _pause(core, event) if playing else _play(core, event)


def _stop(core: Core, event: CommandGiven) -> list[Effect]:
    core.wants_music = False
    return core.leave(InteractionKind.PLAYED, event.at) + core.deck.stop()


def _next(core: Core, event: CommandGiven) -> list[Effect]:
    core.wants_music = True
    skipped = core.leave(InteractionKind.SKIPPED, event.at)
    return skipped + core.play_next(event.at, crossfade=True)


def _previous(core: Core, event: CommandGiven) -> list[Effect]:
    earlier = core.playlist.previous()
    if earlier is None or core.deck.playing is None:
        return []
    core.wants_music = True
    left = core.leave(InteractionKind.PLAYED, event.at)
    return left + core.deck.put_on(replace(core.deck.playing, track=earlier), event.at)


def _like(core: Core, event: CommandGiven) -> list[Effect]:
    return core.leave(InteractionKind.LIKED, event.at)


def _ban(core: Core, event: CommandGiven) -> list[Effect]:
    banned = core.deck.playing
    if banned is None:
        return []
    core.playlist.refuse(banned.track)
    left = core.leave(InteractionKind.BANNED, event.at)
    return left + core.go_on(event.at, crossfade=True)


def _more_like_this(core: Core, event: CommandGiven) -> list[Effect]:
    seed = core.deck.playing
    if seed is None:
        return []
    liked = core.leave(InteractionKind.MORE_LIKE_THIS, event.at)
    return liked + core.ask(event.at, seed_track=seed.track)


def _tags(core: Core, event: CommandGiven) -> list[Effect]:
    words = tuple(word.strip()[:64] for word in event.argument.split(",") if word.strip())[:32]
    core.switch_when_answered()
    return core.ask(event.at, tags=words)


def _mood(core: Core, event: CommandGiven) -> list[Effect]:
    before = core.believed
    core.mood_by_hand = BY_HAND.get(event.argument)
    if core.believed == before:
        return []
    return core.mood_changed(event.at, now=core.believed.mood is not MoodClass.UNKNOWN)


def _policy(core: Core, event: CommandGiven) -> list[Effect]:
    core.policy = Policy(event.argument)
    return core.ask(event.at)


def _volume(core: Core, event: CommandGiven) -> list[Effect]:
    return core.set_volume(int(event.argument) / FULL_VOLUME)


def _camera(_core: Core, event: CommandGiven) -> list[Effect]:
    return [SetCamera(on=event.argument == "on")]


COMMANDS: dict[str, Callable[[Core, CommandGiven], list[Effect]]] = {
    "play": _play,
    "pause": _pause,
    "play_pause": _play_pause,
    "stop": _stop,
    "next": _next,
    "previous": _previous,
    "like": _like,
    "ban": _ban,
    "more_like_this": _more_like_this,
    "tags": _tags,
    "mood": _mood,
    "policy": _policy,
    "volume": _volume,
    "camera": _camera,
}
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "mood": (AUTO, *BY_HAND),
    "policy": tuple(Policy),
    "camera": ("on", "off"),
}
