"""One line that shows what an installer is doing, and since when."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from typing import IO

KEPT_LINES = 15
REDRAWN_EVERY_SECONDS = 0.1
SAID_EVERY_SECONDS = 15
"""Where nothing can be redrawn, as in a log, a line is written this often."""

_ASIDES = ("WARNING", "INFO", "DEPRECATION", "Looking in")


class InstallerError(RuntimeError):
    """A program ended badly; its text is the program's last words."""


def run_shown(command: list[str], what: str) -> None:
    """Run a program, showing what it does on one line of standard error.

    Raises:
        InstallerError: it could not be started, or ended with another status than 0.

    """
    last: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    except OSError as error:
        msg = f"{command[0]}: {error.strerror}"
        raise InstallerError(msg) from error
    assert process.stdout  # noqa: S101 - a pipe was asked for
    reader = threading.Thread(target=_keep, args=(process.stdout, last), daemon=True)
    reader.start()
    try:
        _show(process, what, last)
    finally:
        process.kill()  # an interrupted start leaves no installer behind
        process.wait()
    reader.join()
    if process.returncode:
        raise InstallerError("\n".join(f"  {line}" for line in last if line))


def _keep(output: IO[str], last: deque[str]) -> None:
    for line in output:
        last.append(line.rstrip())


def _doing(last: deque[str]) -> str:
    """The newest line that tells of work."""
    lines = (line.strip() for line in reversed(tuple(last)))
    return next((line for line in lines if line and not line.startswith(_ASIDES)), "starting")


def _show(process: subprocess.Popen[str], what: str, last: deque[str]) -> None:
    began = said = time.monotonic()
    redrawn = sys.stderr.isatty()
    for mark in itertools.cycle("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"):
        try:
            process.wait(REDRAWN_EVERY_SECONDS)
            break
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        line = f"{mark} {what}: {_doing(last)}"
        if redrawn:
            width = shutil.get_terminal_size().columns
            seconds = f" {now - began:4.0f} s"
            text = f"{line[: width - len(seconds) - 1]}{seconds}"
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif now - said > SAID_EVERY_SECONDS:
            said = now
            print(f"{line[:100]} ({now - began:.0f} s)", file=sys.stderr, flush=True)
    if redrawn:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
