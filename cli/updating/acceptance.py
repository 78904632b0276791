"""Whether a release may be installed here. Nothing is changed yet."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from cli.updating.errors import UpdateError
from cli.updating.layout import CURRENT, Layout
from cli.updating.statement import SUFFIX, Statement, read_statement, version_order

SPARE_BYTES = 200 << 20
"""Left free for the music's own state."""
_ENVIRONMENT_BYTES = 500 << 20
"""Where there is none yet to measure."""


@dataclass(frozen=True)
class Here:
    """What a release must fit."""

    python: str
    """Version of the system's Python, 3.11."""
    machine: str
    """As `uname -m` says."""

    @classmethod
    def own(cls) -> Here:
        """The machine that we run on."""
        return cls(f"{sys.version_info[0]}.{sys.version_info[1]}", os.uname().machine)


def accepted(path: Path, layout: Layout, here: Here, *, force: bool) -> Statement:
    """The statement of a release that may be installed.

    Args:
        path: the statement, or the archive that lies beside it.
        layout: of the appliance.
        here: what the release must fit.
        force: a version that is not newer is accepted too.

    Raises:
        UpdateError: it is not signed, not newer, not for here, or there is no room.

    """
    beside = path.name.removesuffix(".tar.gz") + SUFFIX
    statement = read_statement(
        path if path.suffix == SUFFIX else path.with_name(beside), layout.trusted_keys()
    )
    running = layout.version_at(CURRENT)
    if not running:
        msg = "MLFYM is not installed here: sudo ./systemd/install does that"
        raise UpdateError(msg)
    if statement.order <= version_order(running) and not force:
        msg = f"{statement.version} is not newer than {running}, which runs: --force installs it"
        raise UpdateError(msg)
    if statement.version == running:
        msg = f"{running} is what runs; it cannot be installed beside itself"
        raise UpdateError(msg)
    if here.machine not in statement.machines:
        msg = f"{statement.version} is for {', '.join(statement.machines)}; this is {here.machine}"
        raise UpdateError(msg)
    if here.python not in statement.pythons:
        pythons = ", ".join(statement.pythons)
        msg = f"{statement.version} was made for Python {pythons}; this system has {here.python}"
        raise UpdateError(msg)
    _check_room(layout, statement, running)
    return statement


def _check_room(layout: Layout, statement: Statement, running: str) -> None:
    venv = layout.folder(running) / "venv"
    sizes = [p.lstat().st_size for p in venv.rglob("*")] if venv.is_dir() else []
    needed = statement.size + statement.unpacked + (sum(sizes) or _ENVIRONMENT_BYTES) + SPARE_BYTES
    free = shutil.disk_usage(layout.opt).free
    if free < needed:
        needs, has = needed >> 20, free >> 20
        msg = f"{statement.version} needs {needs} MiB of room, {has} are free: make room first"
        raise UpdateError(msg)
