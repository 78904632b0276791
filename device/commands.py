"""All that a listener, a guest or staff can tell a device, from wherever: page, home automation,
button, control socket. Every command is answered once, with what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from device import (
    guest_commands,
    home_commands,
    house_commands,
    music_commands,
    queue_commands,
    wish_commands,
)
from device.command import Command, CommandError
from device.effects import Answered, Effect

if TYPE_CHECKING:
    from device.core import Core
    from device.events import CommandGiven

__all__ = ["ARGUMENTS", "COMMANDS", "CommandError", "checked", "obey"]

COMMANDS: dict[str, Command] = {
    **music_commands.COMMANDS,
    **wish_commands.COMMANDS,
    **queue_commands.COMMANDS,
    **house_commands.COMMANDS,
    **guest_commands.COMMANDS,
    **home_commands.COMMANDS,
}
ARGUMENTS: dict[str, tuple[str, ...]] = {
    name: command.choices for name, command in COMMANDS.items() if command.choices
}
"""What may be said with a command, where that is little."""


def obey(core: Core, event: CommandGiven) -> list[Effect]:
    """Effects of a command, then its answer; whoever gives one is taken to be there."""
    core.presence.touched(event.at)
    try:
        name = checked(event.name, event.argument)
        done = COMMANDS[name].run(core, event.argument, event.at)
    except CommandError as error:
        text, ticket = str(error), event.ticket
        return [Answered(name=event.name, text=text, refused=True, code=error.code, ticket=ticket)]
    return [*done.effects, Answered(name=name, text=done.text, ticket=event.ticket)]


def checked(name: str, argument: str) -> str:
    """The command's name, if the device knows it and its argument can be right.

    Raises:
        CommandError: says what can be done instead.

    """
    if name not in COMMANDS:
        msg = f"no command {name!r}; there are {', '.join(sorted(COMMANDS))}"
        raise CommandError(msg)
    command = COMMANDS[name]
    if command.check:
        command.check(argument)
    elif command.choices and argument not in command.choices:
        said = ", ".join(choice or "nothing" for choice in command.choices)
        msg = f"{name} {argument!r}: choose one of {said}"
        raise CommandError(msg)
    return name
