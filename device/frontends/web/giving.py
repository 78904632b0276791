"""Gives core a command for a page, and waits in a thread of its own for what came of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from device.commands import CommandError
from device.frontends.web.words import RefusedError

if TYPE_CHECKING:
    from device.frontends.web.house import House


async def give(house: House, command: str, argument: str) -> str:
    """Core's words.

    Raises:
        RefusedError: core cannot do it, or not now.

    """
    try:
        done = await asyncio.to_thread(house.answers.command, command, argument)
    except CommandError as error:
        raise RefusedError(422, error.code or "refused", str(error)) from error
    if done.refused:
        raise RefusedError(422, done.code or "refused", done.text)
    return done.text
