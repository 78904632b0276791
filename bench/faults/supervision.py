"""What systemd does with our programs, done to child processes by the very unit files.

A program that ended is started again after RestartSec, unless its status is one that no restart
mends. One that told of itself and then fell silent for WatchdogSec gets SIGABRT, and SIGKILL
after TimeoutAbortSec. It runs at the unit's Nice where this user may.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.demonstration.programs import Program

UNITS = Path(__file__).resolve().parents[2] / "systemd" / "units"
LOOK_SECONDS = 0.05


def unit(name: str) -> dict[str, str]:
    """The [Service] keys of a unit of ours, the last of each."""
    lines = (UNITS / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}


@dataclass
class Watched:
    """A program under its unit."""

    program: Program
    unit: Mapping[str, str]
    ended_at: float | None = None
    pinged_at: float | None = None
    """When it last told of itself; None until it said that it is ready."""
    aborted_at: float | None = None
    killed: int = 0
    """How often the watchdog ended it."""
    notify: socket.socket | None = field(default=None, repr=False)

    @property
    def restart_seconds(self) -> float:
        """RestartSec."""
        return float(self.unit.get("RestartSec", "0.1"))

    @property
    def watchdog_seconds(self) -> float:
        """WatchdogSec; for ever without one."""
        return float(self.unit.get("WatchdogSec", "inf"))

    def start(self) -> None:
        """Start it, as it was told to."""
        self.ended_at = self.pinged_at = self.aborted_at = None
        self.program.start()
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self.program.pid, int(self.unit.get("Nice", "0")))


class Supervisor:
    """Looks after programs that run already, on a thread of its own."""

    def __init__(self, folder: Path, programs: Mapping[str, Program]) -> None:
        self._watched = {
            name: self._watch(folder, program, unit(name)) for name, program in programs.items()
        }
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="supervisor", daemon=True)

    def watched(self, name: str) -> Watched:
        """A program by its unit's name."""
        return self._watched[name]

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def stop(self) -> None:
        """Let them be, so that they can be ended."""
        self._ended.set()
        self._thread.join()
        for one in self._watched.values():
            if one.notify:
                one.notify.close()

    def _watch(self, folder: Path, program: Program, settings: Mapping[str, str]) -> Watched:
        watched = Watched(program, settings)
        if "WatchdogSec" in settings:
            path = folder / f"{program.name}.notify"
            watched.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            watched.notify.bind(str(path))
            period = str(int(watched.watchdog_seconds * 1e6))
            program.environment |= {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": period}
        return watched

    def _look_after(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            for one in self._watched.values():
                self._hear(one)
                if one.program.exit_code() is None:
                    self._check(one, time.monotonic())
                else:
                    self._restart(one, time.monotonic())

    def _hear(self, one: Watched) -> None:
        if one.notify is None:
            return
        with contextlib.suppress(BlockingIOError):
            while told := one.notify.recv(256):
                if told in {b"READY=1", b"WATCHDOG=1"}:
                    one.pinged_at = time.monotonic()

    def _check(self, one: Watched, now: float) -> None:
        if one.aborted_at is not None:
            if now - one.aborted_at > float(one.unit.get("TimeoutAbortSec", "90")):
                os.kill(one.program.pid, signal.SIGKILL)
        elif one.pinged_at is not None and now - one.pinged_at > one.watchdog_seconds:
            one.aborted_at = now
            one.killed += 1
            os.kill(one.program.pid, signal.SIGABRT)

    def _restart(self, one: Watched, now: float) -> None:
        final = {int(code) for code in one.unit.get("RestartPreventExitStatus", "").split()}
        if one.program.exit_code() in final:
            return
        one.ended_at = one.ended_at or now
        if now - one.ended_at >= one.restart_seconds:
            one.start()
