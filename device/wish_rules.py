"""What guests may wish for, and how often: the staff's word, else that of the settings."""

from __future__ import annotations

from typing import Annotated

import msgspec

OPEN, CLOSED = "open", "closed"


class WishRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How guests' wishes are limited; staff themselves are not."""

    open: bool = True
    """Whether guests may wish at all."""
    minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] = 15.0
    """A guest may wish for one song in so many minutes."""
    explicit: bool = True
    """Songs with explicit words too, where settings and daypart allow them."""
    most_waiting: Annotated[int, msgspec.Meta(ge=1, le=100)] = 30
    """So many may wait at a time: nobody waits two hours for a song."""


class WishRulesError(ValueError):
    """The words describe no rules; says how they are written."""


def changed(rules: WishRules, argument: str) -> WishRules:
    """Rules with what the argument says: `open`, `closed`, or JSON of some of their fields.

    Raises:
        WishRulesError: it is none of these, or out of range.

    """
    if argument in {OPEN, CLOSED}:
        return msgspec.structs.replace(rules, open=argument == OPEN)
    try:
        said = msgspec.json.decode(argument, type=dict[str, object])
        return msgspec.convert({**msgspec.to_builtins(rules), **said}, WishRules)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        msg = f'wishes: {error}; write {OPEN}, {CLOSED}, or {{"minutes": 15, "explicit": false}}'
        raise WishRulesError(msg) from error
