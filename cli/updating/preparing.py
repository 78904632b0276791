"""Puts a new version beside the one that runs, which notices nothing."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

from cli.appliance.needs import install_words, missing_accounts, missing_packages
from cli.appliance.roles import Part, installed_parts, roles_of
from cli.appliance.system import System
from cli.appliance.system_files import system_files
from cli.updating.archive import copy_proved, unpack
from cli.updating.environment import make_environment
from cli.updating.errors import UpdateError
from cli.updating.layout import CONFIRMED, CURRENT, Layout
from cli.updating.statement import Statement

ARCHIVE = "archive.tar.gz"
After = Callable[[str], None]
"""Told of every step that is on the disk; tests cut the power there."""


def prepare(
    statement: Statement, beside: Path, layout: Layout, system: System, after: After
) -> None:
    """Make the version whole.

    Args:
        statement: accepted.
        beside: the folder that its archive is in.
        layout: of the appliance.
        system: that it runs on.
        after: see `After`.

    Raises:
        UpdateError: it cannot be made; what is half made is told apart and removed the next time.

    """
    version, archive = statement.version, layout.kept / ARCHIVE
    copy_proved(beside / statement.file, archive, statement.size, statement.sha256)
    after("copied")
    layout.remove(version)
    after("cleared")
    folder = layout.folder(version)
    unpack(archive, folder, statement.unpacked)
    after("unpacked")
    archive.unlink()
    _check_version(layout.app(version), version)
    parts = parts_of(layout, version)
    _check_files(layout.app(version), parts)
    _meet_needs(parts, system)
    after("needs met")
    make_environment(system, folder, parts)
    after("environment made")
    shutil.rmtree(folder / "wheels", ignore_errors=True)
    layout.declare_whole(version)
    after("whole")


def parts_of(layout: Layout, version: str) -> tuple[Part, ...]:
    """Parts of a version that this appliance has, by what is installed of the confirmed one.

    Raises:
        UpdateError: they cannot be told, or the version lacks one.

    """
    try:
        running = installed_parts(layout.app(layout.version_at(CONFIRMED)), layout.units)
        offered = roles_of(layout.app(version))["all"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"what {version} is made of cannot be read: {error}"
        raise UpdateError(msg) from error
    had = {part.name for part in running}
    missing = had - {part.name for part in offered}
    if missing or not had:
        msg = f"{version} has no {', '.join(sorted(missing)) or 'part of this appliance'}"
        raise UpdateError(msg)
    return tuple(part for part in offered if part.name in had)


def remove_others(layout: Layout, kept: set[str]) -> None:
    """Take away every version but these and those that the links name."""
    kept = kept | {layout.version_at(CURRENT), layout.version_at(CONFIRMED)}
    for version in layout.versions():
        if version not in kept:
            layout.remove(version)


def _check_version(app: Path, version: str) -> None:
    try:
        project = tomllib.loads((app / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        said = project["version"]
    except (OSError, ValueError, KeyError) as error:
        msg = f"the archive holds no program of ours: {error}"
        raise UpdateError(msg) from error
    if said != version:
        msg = f"the archive holds {said}, and was signed as {version}: ask its maker"
        raise UpdateError(msg)


def _check_files(app: Path, parts: tuple[Part, ...]) -> None:
    """What it will write is there, before anything is stopped for it."""
    units = [app / "systemd/units" / unit for part in parts for unit in part.units]
    try:
        system_files(app, parts)
    except OSError as error:
        msg = f"the archive lacks {error.filename}: ask its maker"
        raise UpdateError(msg) from error
    if missing := [unit.name for unit in units if not unit.is_file()]:
        msg = f"the archive lacks {', '.join(missing)}: ask its maker"
        raise UpdateError(msg)


def _meet_needs(parts: tuple[Part, ...], system: System) -> None:
    """Packages and users that the new version wants beyond the former one."""
    packages = missing_packages(system, tuple(name for part in parts for name in part.packages))
    if packages:
        system.run("apt-get", "update")  # without a network the install says what is missing
    commands = [install_words(packages)] if packages else []
    for words in [*commands, *missing_accounts(system, parts)]:
        ran = system.run(*words)
        if ran.status:
            last = ran.said.strip().splitlines()[-1:]
            msg = f"the system lacks what it needs; run: sudo {' '.join(words)} ({''.join(last)})"
            raise UpdateError(msg)
