"""Where versions of the program are, side by side, and which of them runs.

    /opt/mlfym/versions/0.2.0/app, venv, whole.json
    /opt/mlfym/current   -> versions/0.2.0    what the units start
    /opt/mlfym/confirmed -> versions/0.1.0    the last that was found healthy; runs the updater

Both links are replaced in one step, so there is no moment without a version that starts. When
they differ, an update has not been proved yet.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from cli.updating.statement import version_order
from contracts.whole_file import sync, write_whole

CURRENT, CONFIRMED = "current", "confirmed"
WHOLE = "whole.json"
"""Written into a version last of all: without it the version is half made, and never started."""


@dataclass(frozen=True)
class Layout:
    """Paths of an appliance beneath a root."""

    root: Path

    @property
    def opt(self) -> Path:
        """The program."""
        return self.root / "opt/mlfym"

    @property
    def units(self) -> Path:
        """Units of this machine's own."""
        return self.root / "etc/systemd/system"

    @property
    def kept(self) -> Path:
        """What the updater remembers."""
        return self.root / "var/lib/mlfym-update"

    @property
    def pending(self) -> Path:
        """An update that is between two versions; not there otherwise."""
        return self.kept / "pending.json"

    def folder(self, version: str) -> Path:
        """Of a version."""
        return self.opt / "versions" / version

    def app(self, version: str) -> Path:
        """Its program."""
        return self.folder(version) / "app"

    def python(self, version: str) -> Path:
        """Its Python."""
        return self.folder(version) / "venv/bin/python"

    def trusted_keys(self) -> list[Path]:
        """Public keys of maintainers that are trusted: the owner's, and the running version's."""
        folders = (self.root / "etc/mlfym/release_keys", self.opt / CONFIRMED / KEYS_IN_APP)
        return [key for folder in folders for key in sorted(folder.glob("*.pem"))]

    def version_at(self, link: str) -> str:
        """Version that `current` or `confirmed` points to; empty when there is none."""
        try:
            return (self.opt / link).readlink().name
        except OSError:
            return ""

    def point(self, link: str, version: str) -> None:
        """Have `current` or `confirmed` point to a version, in one step that is on the disk."""
        fresh = self.opt / f".{link}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("versions", version))
        fresh.replace(self.opt / link)
        sync(self.opt)

    def whole(self, version: str) -> bool:
        """Whether a version is there with all that it needs."""
        return bool(version) and (self.folder(version) / WHOLE).is_file()

    def declare_whole(self, version: str) -> None:
        """Say so, as the last of its making."""
        write_whole(self.folder(version) / WHOLE, json.dumps({"version": version}).encode())

    def versions(self) -> list[str]:
        """Every version that is there, whole or not, the newest last."""
        found = [path.name for path in (self.opt / "versions").glob("*") if path.is_dir()]
        return sorted(found, key=_order)

    def remove(self, version: str) -> None:
        """Take a version away; at every moment it is whole or says that it is not."""
        folder = self.folder(version)
        if folder.is_dir():
            (folder / WHOLE).unlink(missing_ok=True)
            sync(folder)
            shutil.rmtree(folder)


KEYS_IN_APP = Path("app/systemd/release_keys")


def _order(version: str) -> tuple[int, ...]:
    try:
        return version_order(version)
    except RuntimeError:
        return (-1,)  # a folder that somebody put there
