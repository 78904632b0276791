"""Commands about the device itself, for its owner or staff: camera, masks, sound, history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device import planning
from device.command import Command, CommandError, Done
from device.effects import EraseHistory, SetCamera, SetMasks, SetOutput, SoundTest
from device.masks import MaskError, masks_of
from device.schedule import AS_SET, NONE, ScheduleError, schedule_of

if TYPE_CHECKING:
    from contracts.vision_wire import Box
    from device.core import Core
    from device.dayparts import Daypart

LONGEST_NAME = 200
ALL = "all"
BEGIN, CONFIRM = "begin", "confirm"


def _camera(core: Core, argument: str, _at: float) -> Done:
    if argument == "on" and core.settings.web.cafe:
        msg = "in a café the camera opens for a guest alone, who touches start at the kiosk"
        raise CommandError(msg)
    core.guest.began_at = None
    return Done([SetCamera(on=argument == "on")], f"the camera goes {argument}")


def drawn(argument: str) -> tuple[Box, ...]:
    """Masks out of an argument.

    Raises:
        CommandError: it describes none.

    """
    try:
        return masks_of(argument)
    except MaskError as error:
        raise CommandError(str(error)) from error


def _masks(core: Core, argument: str, _at: float) -> Done:
    core.masks_by_hand = drawn(argument)
    count = len(core.masks_by_hand)
    return Done(
        [SetMasks(masks=core.masks_by_hand)],
        f"faces in {count} regions never count" if count else "faces count wherever they are",
    )


def planned(argument: str) -> tuple[Daypart, ...] | None:
    """A schedule out of an argument; None: that of the settings.

    Raises:
        CommandError: it describes none.

    """
    try:
        return schedule_of(argument)
    except ScheduleError as error:
        raise CommandError(str(error)) from error


def _dayparts(core: Core, argument: str, at: float) -> Done:
    parts = planned(argument)
    effects = planning.replan(core, parts, at)
    if parts is None:
        return Done(effects, "the schedule is that of the settings")
    now = f"; now: {core.plan.part.name}" if core.plan.part else ""
    return Done(effects, f"{len(parts)} dayparts{now}")


def _name(text: str) -> object:
    if len(text) > LONGEST_NAME:
        msg = "that is no name of a sound output; nothing at all is the system's default"
        raise CommandError(msg)
    return text


def _output(_core: Core, argument: str, _at: float) -> Done:
    name = argument.strip()
    return Done([SetOutput(name=name)], f"sound goes to {name or 'the default output'}")


def _test_tone(_core: Core, _argument: str, _at: float) -> Done:
    return Done([SoundTest()], "a tone on the left, then on the right")


def _erase_history(core: Core, argument: str, _at: float) -> Done:
    opinions = argument == ALL
    core.playlist.forget_played()
    core.guest.tally.forget()
    core.keeper.again()  # what is kept for the next start tells of it too
    if opinions:
        for track in core.banned:
            core.playlist.accept(track)
        core.liked.clear()
        core.banned.clear()
    also = ", likes and bans with it" if opinions else "; likes and bans stay"
    return Done([EraseHistory(opinions=opinions)], f"the history is erased{also}")


def _pin_reset(core: Core, argument: str, at: float) -> Done:
    if argument == BEGIN:
        core.guest.pin.begin(at)
        text = "for two minutes the page takes a new staff PIN; until then the old one holds"
        return Done([SoundTest()], text)
    if not core.guest.pin.press(at):
        msg = "no new PIN waits for a press: hold the buttons for ten seconds first"
        raise CommandError(msg)
    return Done([], "pressed: the new staff PIN that was typed is taken")


COMMANDS = {
    "camera": Command(_camera, "Open or close the camera", choices=("on", "off")),
    "masks": Command(
        _masks, "Where faces never count", "a JSON list of boxes, or `none`", check=drawn
    ),
    "dayparts": Command(
        _dayparts,
        "The day's schedule",
        f"a JSON list of dayparts as in the settings, `{NONE}`, or `{AS_SET}`: as there",
        check=planned,
    ),
    "output": Command(_output, "Which sound output plays", "its name", check=_name),
    "test_tone": Command(_test_tone, "Hear the sound output"),
    "pin_reset": Command(
        _pin_reset, "A new staff PIN, by who holds the device's buttons", choices=(BEGIN, CONFIRM)
    ),
    "erase_history": Command(
        _erase_history, "Forget what was heard; `all`: likes and bans too", choices=("", ALL)
    ),
}
