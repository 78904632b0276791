"""The steps that take an appliance away again."""

from __future__ import annotations

from pathlib import Path

from cli.appliance.music import DROP_IN
from cli.appliance.plan import ROLES, Wanted
from cli.appliance.steps import Remove, Run, Step

FOLDERS = ("etc/mlfym", "var/lib/mlfym", "var/lib/mlfym-recommender", "var/lib/mlfym-setup")
"""What is the listeners': settings, keys, and what was learned."""


def removal(wanted: Wanted, *, purge: bool = False) -> list[Step]:
    """What takes the program away.

    Args:
        wanted: of which the root counts.
        purge: take settings, keys, users and what was learned too; the music stays in any case.

    """
    root, system, parts = wanted.root, wanted.system, ROLES["all"]
    units = wanted.layout.units
    found: list[Step] = []
    installed = [u for part in parts for u in part.started if _there(units, u)]
    if system.complete and installed:
        now = ("--now",) if system.live else ()
        found.append(Run(system.words("systemctl", "disable", *now, *installed)))
    mosquitto = root / "etc/mosquitto/conf.d/mlfym.conf"
    served = mosquitto.exists()
    found += [Remove(units / unit) for part in parts for unit in part.units]
    found += [
        Remove(root / "usr/local/bin/mlfym"),
        *(Remove(root / place) for part in parts for _, place in part.files),
        Remove(units / DROP_IN, folder_too=True),
        Remove(wanted.layout.opt),
        Remove(wanted.layout.kept),
    ]
    if system.live and installed:
        found.append(Run(("systemctl", "daemon-reload")))
        found += [Run(("systemctl", "restart", "mosquitto.service"))] if served else []
    return [*found, *(_rest(wanted) if purge else [])]


def _rest(wanted: Wanted) -> list[Step]:
    found: list[Step] = [Remove(wanted.root / folder) for folder in FOLDERS]
    if wanted.system.complete:
        users = [user for part in ROLES["all"] for user in part.users]
        there = [user for user in users if wanted.system.user(user)]
        found += [Run(wanted.system.words("userdel", user)) for user in there]
    return found


def _there(units: Path, name: str) -> bool:
    return (units / name.replace("@1", "@")).exists()
