"""The system in the folder, switched on: its own systemd, no network but its own loopback."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

NSPAWN = (
    *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"),
    *("--private-network", "--console=pipe", "--machine=mlfym-bench"),
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOOK_AGAIN_SECONDS = 1.0
EAR = """\
import json, socket, time
end = time.monotonic() + 3600
while time.monotonic() < end:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
            link.settimeout(2)
            link.connect("/var/lib/mlfym/control.sock")
            link.send(b"{}")
            status = json.loads(link.recv(1 << 18))["status"]
        playing = status["state"].get("playing") or {}
        row = [status["state"]["playback"], playing.get("track", ""), status["position_seconds"]]
    except (OSError, ValueError, KeyError):
        row = ["away", "", 0.0]
    print(json.dumps([time.monotonic(), *row]), flush=True)
    time.sleep(0.25)
"""
"""Asks core four times a second what plays; it lasts over every version of core."""


class Said(NamedTuple):
    """How a program in the machine ended."""

    status: int
    text: str


class Heard(NamedTuple):
    """What core said of the music at a moment."""

    at: float
    """Monotonic seconds."""
    playback: str
    track: str
    position_seconds: float


class Machine:
    """A system that is on.

    Args:
        root: of the system.
        log: file for what its console says.

    """

    def __init__(self, root: Path, log: Path) -> None:
        self._root, self._log = root, log
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._ear: subprocess.Popen[bytes] | None = None

    def switch_on(self) -> None:
        """Start it; `until` tells when it is up."""
        with self._log.open("ab") as log:
            self._nspawn = subprocess.Popen(
                (*NSPAWN, "--directory", str(self._root)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def cut_power(self) -> None:
        """Every program in it ends at once, by SIGKILL; what it wrote to its files is there."""
        self._stop_listening()
        if self._nspawn is None:
            return
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(int(self._leader() or 0) or self._nspawn.pid, signal.SIGKILL)
        self._nspawn.kill()
        self._nspawn.wait()
        self._nspawn = None

    def run(self, *words: str, given: bytes = b"") -> Said:
        """Run a program in it, as root, to its end; 255 while there is no system yet."""
        leader = self._leader()
        if not leader:
            return Said(255, "the machine is off")
        done = subprocess.run(
            (*_entered(leader), *words),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return Said(done.returncode, done.stdout.decode(errors="replace").strip())

    def listen(self, to: Path) -> None:
        """Write down from now on what core says of the music."""
        self._stop_listening()
        with to.open("ab") as file:
            words = (*_entered(self._leader() or ""), "python3", "-c", EAR)
            self._ear = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file)

    def _stop_listening(self) -> None:
        if self._ear:
            self._ear.kill()
            self._ear.wait()
            self._ear = None

    def _leader(self) -> str | None:
        """Its first process, as this system numbers it."""
        if self._nspawn is None:
            return None
        pid = self._nspawn.pid
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return children[0] if children else None
        return None


def _entered(leader: str) -> tuple[str, ...]:
    spaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd")
    clean = ("/usr/bin/env", "-i", f"PATH={_PATH}", "LANG=C.UTF-8", "HOME=/")
    return ("nsenter", "--target", leader, *spaces, *clean)


def until(true: Callable[[], Any], seconds: float) -> Any:  # noqa: ANN401 - what it returned
    """Ask until the answer is true; the last answer when that took too long."""
    ends = time.monotonic() + seconds
    while not (answer := true()) and time.monotonic() < ends:
        time.sleep(LOOK_AGAIN_SECONDS)
    return answer


def heard(file: Path) -> list[Heard]:
    """What was written down, but for a line that is not whole yet."""
    lines = file.read_text("utf-8").splitlines(keepends=True) if file.is_file() else []
    return [Heard(*json.loads(line)) for line in lines if line.endswith("\n")]


def longest_silence(rows: list[Heard]) -> float:
    """Seconds of the longest stretch in which no music moved on, up to the last row."""
    moved = [
        now.at
        for before, now in itertools.pairwise(rows)
        if now.playback == "playing" and now[2:] != before[2:]
    ]
    ends = [rows[0].at, *moved, rows[-1].at] if rows else []
    return max((late - early for early, late in itertools.pairwise(ends)), default=0.0)
