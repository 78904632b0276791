"""What a bench needs of the computer that it is to run on, and what to do where it lacks."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXIT_SKIPPED = 77
"""As automake's tests say that they could not be run."""


def program(*names: str) -> str:
    """Where the first of these programs is, or nothing; root by `su` does not look in /usr/sbin."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    return next(filter(None, (shutil.which(name, path=path) for name in names)), "")


@dataclass(frozen=True)
class Computer:
    """What decides it."""

    architecture: str
    """As `uname -m` prints it."""
    user: int
    find: Callable[..., str] = program

    def lacks(self, needed: Mapping[tuple[str, ...], str], command: str) -> str:
        """What to do before a bench runs; empty when nothing.

        Args:
            needed: programs, any of each, and the Debian package that brings them.
            command: that starts the bench.

        """
        if self.user:
            return f"it needs root for chroot: sudo {command}"
        missing = [package for names, package in needed.items() if not self.find(*names)]
        return f"sudo apt install {' '.join(missing)}" if missing else ""


def this_computer() -> Computer:
    """The one that this runs on."""
    return Computer(platform.machine(), os.geteuid())
