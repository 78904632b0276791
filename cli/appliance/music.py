"""The music folder of an appliance, and the one folder in it that core may write."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path, PurePosixPath

from cli.appliance.steps import Folder, Step, Write
from cli.appliance.system import System

DEFAULT = "/srv/music"
UPLOADS = "Uploads"
"""Where music that people send goes; device/music/uploads.py calls it so."""
DROP_IN = "mlfym-core.service.d/music.conf"
"""Beside the units: it is this machine's own, so a new version leaves it alone."""
_UNIT = """\
# Made by systemd/install: what people add on the page goes here, and core writes nowhere else.
[Service]
ReadWritePaths="-{folder}"
"""
_NOT_IN_UNITS = frozenset('"\\')


def music_folder(root: Path, asked: str) -> str:
    """Where the music of this machine is.

    Args:
        root: of the system.
        asked: by option; empty: as was chosen on the set-up page or stands in the settings.

    Raises:
        ValueError: it is no path that a unit may name, or another than in the settings.

    """
    here = _chosen(root) or _settled(root)
    if here and asked and PurePosixPath(asked) != PurePosixPath(here):
        msg = (
            f"the music of this machine is in {here}, and settings are never changed: "
            "write another music_folder into /etc/mlfym/device.toml, then install without --music"
        )
        raise ValueError(msg)
    found = here or asked or DEFAULT
    path = PurePosixPath(found)
    unsafe = _NOT_IN_UNITS & set(found) or not found.isprintable()
    if not path.is_absolute() or ".." in path.parts or unsafe:
        msg = f"--music {found!r}: name a folder from the root on, such as /srv/music"
        raise ValueError(msg)
    return str(path)


def upload_steps(system: System, units: Path, music: str) -> list[Step]:
    """What lets people add music on the page: the folder, and core's right to write there.

    Args:
        system: that is installed.
        units: its folder of units.
        music: the music folder, as that system names it.

    """
    uploads = f"{music}/{UPLOADS}"
    written = _UNIT.format(folder=uploads.replace("%", "%%"))
    return [
        Folder(system.root / uploads.lstrip("/"), 0o2775, "mlfym", system),
        Write(units / DROP_IN, written),
    ]


def _chosen(root: Path) -> str:
    try:
        table = json.loads((root / "var/lib/mlfym/chosen.json").read_bytes())
        return str(table.get("music_folder", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _settled(root: Path) -> str:
    try:
        text = (root / "etc/mlfym/device.toml").read_text(encoding="utf-8")
        found = str(tomllib.loads(text).get("music_folder", ""))
    except (OSError, ValueError):
        return ""
    return found if found.startswith("/") else ""
