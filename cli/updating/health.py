"""Whether a version works, held against how the appliance was before.

What was broken before may stay broken: a loose camera cable is no reason to keep an old version.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cli.appliance.system import System

LOOK_SECONDS = 5.0
"""Between two looks; music that plays is elsewhere after so long."""
GOOD_LOOKS = 3
"""In a row, with no unit started anew between them."""
HEALTH_SECONDS = 120.0
"""After this long without them the former version comes back."""
PROBE_SECONDS = 30.0
PLAYING = "playing"
PASSING = frozenset({"temperature", "throttling", "clock", "disk"})
"""Findings that come and go with the day; making an environment warms a Pi by itself."""


@dataclass(frozen=True)
class Look:
    """An appliance at a moment."""

    active: tuple[str, ...] = ()
    """Units that run."""
    restarts: dict[str, int] = field(default_factory=dict)
    """How often systemd started each anew by itself."""
    core: dict[str, Any] | None = None
    """What core says: playback, track, position_seconds; none when it does not answer."""
    bad: tuple[str, ...] = ()
    """What doctor finds wrong."""
    answered: bool = False
    """The version could be asked at all."""

    def as_json(self) -> dict[str, Any]:
        """For the journal."""
        return asdict(self)

    @classmethod
    def from_json(cls, table: dict[str, Any]) -> Look:
        """What `as_json` made."""
        return cls(**{**table, "active": tuple(table["active"]), "bad": tuple(table["bad"])})


def units_known(system: System) -> list[str]:
    """Every unit of the appliance that systemd has loaded, but the updater's own."""
    listed = ("--all", "--plain", "--no-legend", "--full", "mlfym-*")
    said = system.run("systemctl", "list-units", *listed).said
    names = [line.split()[0] for line in said.splitlines() if line.split()]
    return [name for name in names if name.startswith("mlfym-") and not is_updaters(name)]


def is_updaters(unit: str) -> bool:
    """Whether a unit is the updater's own: it is never stopped by it."""
    return unit.startswith("mlfym-update")


def look(system: System, python: str) -> Look:
    """How the appliance is now.

    Args:
        system: that it runs on.
        python: of the version that runs, as the system names it.

    """
    active, restarts = [], {}
    for unit in units_known(system):
        said = system.run("systemctl", "show", "--property=ActiveState,NRestarts", unit).said
        shown = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        if shown.get("ActiveState") == "active":
            active.append(unit)
        count = shown.get("NRestarts", "0")
        restarts[unit] = int(count) if count.isdecimal() else 0
    ran = system.run(python, "-m", "cli.updating.probe", seconds=PROBE_SECONDS)
    try:
        said_of_itself = json.loads(ran.said.splitlines()[-1])
        core, bad = said_of_itself["core"], tuple(map(str, said_of_itself["bad"]))
    except (ValueError, KeyError, TypeError, IndexError):
        return Look(tuple(active), restarts)
    return Look(tuple(active), restarts, core, bad, answered=ran.status == 0)


def complaints(before: Look, last: Look | None, now: Look) -> list[str]:
    """What is worse than before the update, in words; none: it is well.

    Args:
        before: with the former version.
        last: with the new one, `LOOK_SECONDS` ago; none at its first look.
        now: with the new one.

    """
    found = [f"{unit} does not run" for unit in before.active if unit not in now.active]
    if last:
        broken = before.restarts.keys() - set(before.active)
        counted = {u: n for u, n in now.restarts.items() if u not in broken}
        anew = [u for u, n in counted.items() if n > last.restarts.get(u, 0)]
        found += [f"{unit} ended and was started anew" for unit in anew]
    if not now.answered:
        return [*found, "the new version cannot be asked how it is"]
    worse = sorted(set(now.bad) - set(before.bad) - PASSING)
    found += [f"doctor finds something wrong with: {name}" for name in worse]
    if before.core and not now.core:
        found.append("core does not answer")
    elif before.core and now.core and before.core["playback"] == PLAYING:
        found += _silence(last, now.core)
    return found


def _silence(last: Look | None, core: dict[str, Any]) -> list[str]:
    if core["playback"] != PLAYING:
        return [f"the music is {core['playback']}, and was playing before"]
    if last and last.core:
        same = last.core["track"] == core["track"]
        if same and last.core["position_seconds"] == core["position_seconds"]:
            return ["the music stands still"]
    return []


@dataclass(frozen=True)
class Clock:
    """Time, for looking again and again."""

    now: Callable[[], float]
    """Monotonic seconds."""
    wait: Callable[[float], None]


def look_twice(take: Callable[[], Look], clock: Clock) -> Look:
    """How the appliance is: a unit that ends and is started again and again does not run."""
    first = take()
    clock.wait(LOOK_SECONDS)
    now = take()
    settled = {u for u in first.active if now.restarts.get(u, 0) == first.restarts.get(u, 0)}
    return replace(now, active=tuple(unit for unit in now.active if unit in settled))


def watch(before: Look, take: Callable[[], Look], clock: Clock) -> list[str]:
    """Look until the version was well often enough, or its time is over.

    Returns:
        The last complaints; none when it is well.

    """
    ends = clock.now() + HEALTH_SECONDS
    last: Look | None = None
    good = 0
    while True:
        now = take()
        worse = complaints(before, last, now)
        good = 0 if worse else good + 1
        if good == GOOD_LOOKS:
            return []
        if clock.now() + LOOK_SECONDS > ends:
            return worse or ["it was not well for long enough"]
        last = now
        clock.wait(LOOK_SECONDS)
