"""Looks for releases: in folders, and on sticks that are plugged in.

A stick that nobody mounted is mounted here, to read only and with nothing on it that could run,
and let go of afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.appliance.system import System
from cli.updating.errors import UpdateError
from cli.updating.statement import SUFFIX, Statement, read_statement

DEEP, MOST_FOUND = 3, 200
"""Levels of folders, and statements, that are looked at."""
FILE_SYSTEMS = frozenset({"vfat", "exfat", "ext4", "ext3", "ext2"})
_LSBLK = ("lsblk", "--json", "--list", "--output", "PATH,HOTPLUG,RM,FSTYPE,MOUNTPOINT")
_OPTIONS = "ro,nosuid,nodev,noexec"


def newest(
    folders: list[Path], keys: list[Path], refused: tuple[str, ...] = ()
) -> tuple[Path, Statement] | None:
    """The newest release in these folders that a maintainer signed.

    Args:
        folders: looked through `DEEP` levels down.
        keys: public keys that are trusted.
        refused: SHA-256 of archives that are passed over.

    """
    found = []
    for folder in folders:
        for path in _statements(folder):
            try:
                statement = read_statement(path, keys)
            except UpdateError:
                continue  # anybody's stick may hold anything
            if statement.sha256 not in refused and (path.parent / statement.file).is_file():
                found.append((path, statement))
    return max(found, key=lambda pair: pair[1].order, default=None)


@contextmanager
def sticks(system: System, place: Path) -> Iterator[list[Path]]:
    """Folders of plugged-in sticks that nobody mounted, as long as the block lasts.

    Args:
        system: that they are plugged into.
        place: an empty folder of ours to mount them beneath.

    """
    mounted: list[Path] = []
    try:
        for number, device in enumerate(_unmounted(system)):
            point = place / str(number)
            point.mkdir(parents=True, exist_ok=True)
            ran = system.run("mount", "--read-only", "--options", _OPTIONS, device, str(point))
            if ran.status == 0:
                mounted.append(point)
        yield mounted
    finally:
        for point in mounted:
            system.run("umount", "--lazy", str(point))


def _unmounted(system: System) -> list[str]:
    try:
        rows: list[dict[str, Any]] = json.loads(system.run(*_LSBLK).said)["blockdevices"]
        return [
            row["path"]
            for row in rows
            if (row["hotplug"] or row["rm"])
            and not row["mountpoint"]
            and row["fstype"] in FILE_SYSTEMS
        ]
    except (ValueError, KeyError, TypeError):
        return []  # no lsblk, or nothing it could tell


def _statements(folder: Path) -> list[Path]:
    """Without following links, which could lead anywhere."""
    found: list[Path] = []
    level = [folder]
    for _ in range(DEEP):
        below: list[Path] = []
        for place in level:
            try:
                entries = sorted(place.iterdir())
            except OSError:
                continue
            plain = [entry for entry in entries if not entry.is_symlink()]
            found += [e for e in plain if e.suffix == SUFFIX and e.is_file()]
            below += [e for e in plain if e.is_dir()]
        level = below
    return found[:MOST_FOUND]
