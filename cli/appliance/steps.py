"""What an installation consists of: steps that say what they would do, and do it once.

A step that finds its work done does nothing, so that an installation can be repeated.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cli.appliance.accounts import write_secret
from cli.appliance.system import System


class StepError(RuntimeError):
    """A step failed; the message says which, and what its program said."""


class Step(Protocol):
    """One thing to do."""

    def told(self) -> str:
        """What it would do, in one line."""

    def done(self) -> bool:
        """Whether there is nothing to do."""

    def do(self) -> None:
        """Do it.

        Raises:
            StepError: it cannot be done.

        """


@dataclass(frozen=True)
class Run:
    """A program to its end. `unless` says that its work is done."""

    words: tuple[str, ...]
    unless: Callable[[], bool] = field(default=lambda: False)

    def told(self) -> str:
        """The command line."""
        return "run   " + " ".join(self.words)

    def done(self) -> bool:
        """As `unless` says."""
        return self.unless()

    def do(self) -> None:
        """Run it; its output is shown."""
        try:
            subprocess.run(self.words, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            msg = f"{' '.join(self.words)} failed ({error}): mend it and run the installer again"
            raise StepError(msg) from error


@dataclass(frozen=True)
class Show(Run):
    """A program whose words are for the person; whatever it finds, the installation is done."""

    def do(self) -> None:
        """Run it; its output is shown."""
        with contextlib.suppress(StepError):
            super().do()


@dataclass(frozen=True)
class Write:
    """A file with this content. `keep` leaves one that is there as it is."""

    path: Path
    content: str
    mode: int = 0o644
    owner: str = ""
    keep: bool = False
    system: System = field(default_factory=lambda: System(Path("/")))
    """That knows the owner."""

    def told(self) -> str:
        """Path and rights; never the content, which may be secret."""
        return f"write {self.path} ({self.mode:04o}{f', {self.owner}' if self.owner else ''})"

    def done(self) -> bool:
        """Whether it is there as wanted."""
        if not self.path.is_file():
            return False
        same = self.keep or self.path.read_text(encoding="utf-8") == self.content
        return same and self.path.stat().st_mode & 0o777 == self.mode

    def do(self) -> None:
        """Write it whole or not at all."""
        if not (self.keep and self.path.is_file()):
            write_secret(self.path, self.content)
        self.path.chmod(self.mode)
        if self.owner and (numbers := self.system.user(self.owner)):
            os.chown(self.path, *numbers)


@dataclass(frozen=True)
class Folder:
    """A folder that a user of the system owns. What is in it is left alone."""

    path: Path
    mode: int
    owner: str
    system: System

    def told(self) -> str:
        """Path, rights and owner."""
        return f"make  {self.path} ({self.mode:04o}, {self.owner})"

    def done(self) -> bool:
        """Whether it is there, and its owner can write in it."""
        if not self.path.is_dir():
            return False
        numbers, now = self.system.user(self.owner), self.path.stat()
        if numbers is None:
            return True
        user, group = numbers
        needed = 0o200 if now.st_uid == user else 0o020 if now.st_gid == group else 0o002
        return bool(now.st_mode & needed)

    def do(self) -> None:
        """Make it; a disk that knows no owners, or cannot be written, is told and left."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if numbers := self.system.user(self.owner):
                os.chown(self.path, *numbers)
            self.path.chmod(self.mode)
        except OSError as error:
            # Music is played from there all the same.
            print(f"      {self.path}: {error.strerror}; {self.owner} cannot write there")


@dataclass(frozen=True)
class Copy:
    """Folders and files of the program, as they are in the checkout."""

    source: Path
    target: Path
    names: tuple[str, ...]

    def told(self) -> str:
        """From where, to where."""
        return f"copy  {', '.join(self.names)} to {self.target}"

    def done(self) -> bool:
        """Whether every file is there with the same content."""
        return all(
            (self.target / file).is_file()
            and (self.target / file).read_bytes() == (self.source / file).read_bytes()
            for file in self.files()
        )

    def do(self) -> None:
        """Copy beside, then swap: a program never sees half of it."""
        fresh, old = (self.target.with_name(f"{self.target.name}.{n}") for n in ("new", "old"))
        for left in (fresh, old):
            shutil.rmtree(left, ignore_errors=True)
        for file in self.files():
            (fresh / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.source / file, fresh / file)
        if self.target.exists():
            self.target.rename(old)
        fresh.rename(self.target)
        shutil.rmtree(old, ignore_errors=True)

    def files(self) -> list[Path]:
        """Every file, by its path in the checkout."""
        found = []
        for name in self.names:
            path = self.source / name
            inner = path.rglob("*") if path.is_dir() else [path]
            found += [p.relative_to(self.source) for p in inner if p.is_file()]
        return [file for file in found if "__pycache__" not in file.parts]


@dataclass(frozen=True)
class Remove:
    """A file or folder is taken away."""

    path: Path
    folder_too: bool = False
    """Also the folder that it is in, when nothing else is."""

    def told(self) -> str:
        """Which."""
        return f"remove {self.path}"

    def done(self) -> bool:
        """Whether it is gone."""
        return not (self.path.exists() or self.path.is_symlink())

    def do(self) -> None:
        """Take it away."""
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        else:
            self.path.unlink()
        if self.folder_too and not any(self.path.parent.iterdir()):
            self.path.parent.rmdir()


@dataclass(frozen=True)
class Call:
    """Anything else, told in words."""

    words: str
    action: Callable[[], object]
    unless: Callable[[], bool]

    def told(self) -> str:
        """The words."""
        return self.words

    def done(self) -> bool:
        """As `unless` says."""
        return self.unless()

    def do(self) -> None:
        """Call it."""
        self.action()
