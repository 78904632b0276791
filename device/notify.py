"""Tells systemd that core is up and alive (sd_notify(3)); silent where nobody asked for it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

PINGS_A_PERIOD = 4
"""One that comes late is no reason to be killed."""


class Notifier:
    """The datagram socket that systemd named in the environment, if it did.

    Args:
        environment: `NOTIFY_SOCKET` is a path, or `@` and an abstract name; `WATCHDOG_USEC`
            microseconds without a ping after which systemd ends the program; `WATCHDOG_PID`,
            when it is there, the process that is meant.

    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        period = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        wanted = ours and period.isdecimal() and int(period)
        self._every_seconds = int(period) / 1e6 / PINGS_A_PERIOD if wanted else float("inf")
        self._pinged_at = float("-inf")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if self._address else None

    def ready(self) -> None:
        """Music can play."""
        self._tell("READY=1")

    def alive(self, now: float) -> None:
        """The loop turned; `now` in monotonic seconds. Cheap enough for every turn."""
        if self._every_seconds < float("inf") and now - self._pinged_at >= self._every_seconds:
            self._pinged_at = now
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The end was asked for."""
        self._tell("STOPPING=1")
        if self._socket:
            self._socket.close()
            self._socket = None

    def _tell(self, what: str) -> None:
        if self._socket is None:
            return
        address = self._address
        name = f"\0{address[1:]}" if address.startswith("@") else address
        with contextlib.suppress(OSError):  # systemd restarts; the next ping reaches it
            self._socket.sendto(what.encode(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, name)
