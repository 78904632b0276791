"""Files of a version that other programs of the system read: polkit, dnsmasq, mosquitto."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cli.appliance.roles import Part

MARKS = {"@PORT@": "1883", "@TLS_PORT@": "8883", "@ETC@": "/etc/mlfym"}
"""What stands in them for what only an installation knows."""


def system_files(app: Path, parts: Iterable[Part]) -> dict[str, str]:
    """Content of each by its path beneath the root.

    Args:
        app: the version's program.
        parts: of that version.

    Raises:
        OSError: the version names a file that it does not have.

    """
    return {
        place: _filled((app / "systemd" / file).read_text(encoding="utf-8"))
        for part in parts
        for file, place in part.files
    }


def _filled(text: str) -> str:
    for mark, value in MARKS.items():
        text = text.replace(mark, value)
    return text
