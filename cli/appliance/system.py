"""A system beneath a root: this machine's own, a card or image that is being made, or a test's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PROGRAM_SECONDS = 1800.0
"""Packages over a slow link; nothing here waits for ever."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Ran(NamedTuple):
    """How a program ended."""

    status: int
    """0 is well; 127 when there is no such program, 124 when it took too long."""
    said: str
    """Its output and complaints."""


Runner = Callable[[tuple[str, ...], float], Ran]
"""Runs words to their end, at most so many seconds."""


def run_program(words: tuple[str, ...], seconds: float) -> Ran:
    """As `Runner`, for real."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "DEBIAN_FRONTEND": "noninteractive"}
    environment["PATH"] = f"{environment.get('PATH', '')}:{_PATH}".strip(":")
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except OSError as error:
        return Ran(127, f"{words[0]}: {error.strerror}")
    except subprocess.TimeoutExpired:
        return Ran(124, f"{words[0]} took longer than {seconds:.0f} s")
    return Ran(done.returncode, done.stdout.decode(errors="replace"))


@dataclass(frozen=True)
class System:
    """Where files go, and how programs are run there."""

    root: Path
    runner: Runner = run_program
    entered: bool = False
    """Programs run inside the root (chroot): packages and users are the other system's."""
    live: bool = False
    """systemd runs it: units can be started, and watched."""

    @classmethod
    def at(cls, root: Path) -> System:
        """The machine itself for `/`; for another root, a system if there is one in it."""
        own = root == Path("/")
        entered = not own and os.geteuid() == 0 and (root / "usr/bin/dpkg").exists()
        return cls(root, entered=entered, live=own and Path("/run/systemd/system").is_dir())

    @property
    def complete(self) -> bool:
        """Whether programs can be run for it; else it gets files only."""
        return self.entered or self.live or self.root == Path("/")

    def inside(self, path: Path) -> str:
        """A path beneath the root as programs that run for it see it."""
        return f"/{path.relative_to(self.root)}" if self.entered else str(path)

    def words(self, *words: str) -> tuple[str, ...]:
        """The command line that runs these words for this system."""
        # Not the caller's PATH: on Debian it may lack /usr/sbin, where useradd is.
        enter = ("chroot", str(self.root), "/usr/bin/env", f"PATH={_PATH}")
        return (*enter, *words) if self.entered else words

    def run(self, *words: str, seconds: float = PROGRAM_SECONDS) -> Ran:
        """Run a program for this system."""
        return self.runner(self.words(*words), seconds)

    def user(self, name: str) -> tuple[int, int] | None:
        """Numbers of a user and its group in this system; none when it has no such user."""
        rows = self._rows("passwd", 4)
        return next(((int(row[2]), int(row[3])) for row in rows if row[0] == name), None)

    def group(self, name: str) -> int | None:
        """Number of a group; none when there is no such group."""
        return next((int(row[2]) for row in self._rows("group", 3) if row[0] == name), None)

    def members(self, group: str) -> list[str]:
        """Users in a group beside the one that it is the first of."""
        rows = self._rows("group", 4)
        return next((row[3].split(",") for row in rows if row[0] == group), [])

    def _rows(self, table: str, columns: int) -> list[list[str]]:
        try:
            text = (self.root / "etc" / table).read_text(encoding="utf-8")
        except OSError:
            return []
        rows = [line.split(":") for line in text.splitlines()]
        return [row for row in rows if len(row) >= columns]
