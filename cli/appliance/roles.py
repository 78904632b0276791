"""What the parts of an appliance need, as a version's own systemd/roles.toml says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of an appliance: its speaker, its screen, its server."""

    name: str
    packages: tuple[str, ...] = ()
    """Debian's names."""
    users: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    """Units that are enabled."""
    requirements: str = ""
    """File in systemd/requirements; empty: it needs no Python packages."""
    files: tuple[tuple[str, str], ...] = ()
    """What other programs of the system read: a file in systemd/, and its path beneath the root."""
    restarts: tuple[str, ...] = ()
    """The system's own services that have to start anew when one of `files` changed."""


def roles_of(app: Path) -> dict[str, tuple[Part, ...]]:
    """Parts of each role of a version of the program, in the order of their installation.

    Raises:
        OSError: the version has no such file.
        ValueError, KeyError: it is not as described.

    """
    table = tomllib.loads((app / "systemd/roles.toml").read_text(encoding="utf-8"))
    parts = {name: _part(name, said) for name, said in table["parts"].items()}
    return {role: tuple(parts[name] for name in names) for role, names in table["roles"].items()}


def _part(name: str, said: dict[str, Any]) -> Part:
    return Part(
        name=name,
        packages=tuple(said["packages"]),
        users=tuple(said["users"]),
        units=tuple(said["units"]),
        started=tuple(said["started"]),
        requirements=said.get("requirements", ""),
        files=tuple((file, _place(path)) for file, path in said.get("files", {}).items()),
        restarts=tuple(said.get("restarts", ())),
    )


def _place(path: str) -> str:
    """A path as it stands, for whatever leads out of /etc is no settings file of a program."""
    parts = PurePosixPath(path).parts
    if parts[:1] != ("etc",) or ".." in parts:
        msg = f"{path} does not lie in etc/"
        raise ValueError(msg)
    return path


def installed_parts(app: Path, units: Path) -> tuple[Part, ...]:
    """Parts of a version whose units are all in a folder of units."""
    return tuple(
        part
        for part in roles_of(app)["all"]
        if part.units and all((units / unit).is_file() for unit in part.units)
    )
