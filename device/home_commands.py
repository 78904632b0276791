"""Commands that a home knows of every loudspeaker: mute, music by itself, announcements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.command import Command, CommandError, Done
from device.effects import AskForRelease, Discover, PlayAnnouncement, Restart
from device.session import Hold

if TYPE_CHECKING:
    from device.core import Core

ON, OFF, TOGGLE = "on", "off", "toggle"
LONGEST_SOURCE = 1000
SOUND = "an http(s) address on the local network, or a file of the music folder"


def _mute(core: Core, argument: str, _at: float) -> Done:
    muted = not core.volume.muted if argument == TOGGLE else argument == ON
    effects = core.volume.mute(on=muted)
    return Done(effects, "muted" if muted else f"volume {core.volume.level * 100:.0f}")


def _auto_play(core: Core, argument: str, _at: float) -> Done:
    core.auto_play = argument == ON
    if not core.auto_play:
        if core.hold is not None:
            core.hold = Hold.LISTENER
        return Done([], "music begins only when it is told to")
    return Done([], "music begins by itself")


def announced(argument: str) -> str:
    """The address or file that an announcement is in.

    Raises:
        CommandError: it is neither.

    """
    source = argument.strip()
    scheme, separator, _ = source.partition("://")
    foreign = bool(separator) and scheme.lower() not in {"http", "https"}
    if not source or len(source) > LONGEST_SOURCE or foreign or "\0" in source:
        msg = (
            "announce: give an http(s) address on the local network, or a file of the music folder"
        )
        raise CommandError(msg)
    return source


def _announce(_core: Core, argument: str, _at: float) -> Done:
    return Done([PlayAnnouncement(source=announced(argument))], "the announcement is fetched")


def _home_assistant(_core: Core, argument: str, _at: float) -> Done:
    shown = argument == ON
    text = "Home Assistant shows this device" if shown else "Home Assistant forgets this device"
    return Done([Discover(on=shown)], text)


def _restart(_core: Core, _argument: str, _at: float) -> Done:
    return Done([Restart()], "the device starts anew, where it was")


def _update(_core: Core, _argument: str, _at: float) -> Done:
    text = "the newest release is asked for; a device without an updater stays as it is"
    return Done([AskForRelease()], text)


COMMANDS = {
    "home_assistant": Command(
        _home_assistant, "Show the device in Home Assistant, or remove it", choices=(ON, OFF)
    ),
    "update": Command(_update, "Install the newest release, if it is signed and newer"),
    "restart": Command(_restart, "Start the device's program anew"),
    "mute": Command(_mute, "Silence, and the volume back", choices=(ON, OFF, TOGGLE)),
    "auto_play": Command(_auto_play, "Whether music begins by itself", choices=(ON, OFF)),
    "announce": Command(
        _announce,
        "Play a sound over the lowered music",
        SOUND,
        check=announced,
    ),
}
