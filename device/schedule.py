"""A day's schedule as somebody writes it: read as a whole, with every fault of every daypart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contracts.settings import SettingsError, settings_from
from device.dayparts import Daypart

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 48
NONE, AS_SET = "none", "settings"
"""No dayparts at all; those of the settings again."""
EXAMPLE = '[{"name": "Lunch", "start": "11:30", "until": "14:00"}]'


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a daypart cannot have."""

    part: int
    """Its place in the schedule, from 0; -1: the schedule itself."""
    field: str
    why: str
    """A word that the page has in every language: the field's name, or one that says more."""
    text: str
    """In English, with what to write instead."""


class ScheduleError(ValueError):
    """A schedule that cannot be taken; nothing of it is.

    Attributes:
        faults: all of them.

    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("dayparts: " + "; ".join(fault.text for fault in faults))


def schedule_of(argument: str | bytes) -> tuple[Daypart, ...] | None:
    """A schedule out of a command's argument; None: as the settings say.

    Raises:
        ScheduleError: it is none, or a daypart of it has faults.

    """
    if argument in {NONE, AS_SET}:
        return () if argument == NONE else None
    try:
        rows = msgspec.json.decode(argument, type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        text = f"write {NONE}, {AS_SET}, or a list such as {EXAMPLE} ({error})"
        raise ScheduleError([_whole("unreadable", text)]) from error
    if len(rows) > MOST:
        text = f"{len(rows)} are too many: up to {MOST}"
        raise ScheduleError([_whole("many", text)])
    read = [_read(number, row) for number, row in enumerate(rows)]
    faults = [fault for part, wrong in read for fault in wrong]
    if faults:
        raise ScheduleError(faults)
    return tuple(part for part, _ in read if part)


def _whole(why: str, text: str) -> Fault:
    return Fault(part=-1, field="", why=why, text=text)


def _read(number: int, row: dict[str, Any]) -> tuple[Daypart | None, list[Fault]]:
    """One daypart, or what is wrong with it."""
    named = f"daypart {number + 1}"
    try:
        part = settings_from(row, Daypart, named)
    except SettingsError as error:
        return None, [_fault(number, problem) for problem in error.problems]
    wrong = [
        Fault(part=number, field=field, why=why, text=f"{named}, {field}: {text}")
        for field, why, text in _contradictions(part)
    ]
    return None if wrong else part, wrong


def _fault(number: int, problem: str) -> Fault:
    field = problem.partition(":")[0].partition("[")[0]
    known = field in Daypart.__struct_fields__
    text = f"daypart {number + 1}, {problem}"
    return Fault(part=number, field=field, why=field if known else "unreadable", text=text)


def _contradictions(part: Daypart) -> Iterator[tuple[str, str, str]]:
    """Field, word and English of what is well formed and still cannot be meant."""
    if not part.name.strip():
        yield "name", "name", "give it a name that can be seen"
    if not part.days:
        yield "days", "days", "name at least one day: on none it never begins"
    both = {tag.casefold() for tag in part.prefer_tags} & {
        tag.casefold() for tag in part.avoid_tags
    }
    if both:
        yield "avoid_tags", "both", f"{', '.join(sorted(both))} cannot be preferred and avoided"
    ceiling = part.volume_ceiling
    if part.volume is not None and ceiling is not None and part.volume > ceiling:
        yield "volume", "louder", f"{part.volume:.0%} is louder than its own limit, {ceiling:.0%}"
