from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.notify import PINGS_A_PERIOD, Notifier
from tests.brokers import ANSWER_SECONDS

ROOT = Path(__file__).parents[1]


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """Where systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(str(tmp_path / "notify"))
        ours.settimeout(ANSWER_SECONDS)
        yield ours


def told(systemd: socket.socket) -> list[bytes]:
    """What has arrived so far."""
    systemd.settimeout(0)
    found = []
    try:
        while True:
            found.append(systemd.recv(256))
    except BlockingIOError:
        return found


def test_nothing_is_said_where_nobody_asked() -> None:
    """Without systemd's variables every call is silent."""
    notifier = Notifier({})
    notifier.ready()
    notifier.alive(0.0)
    notifier.stopping()


def test_pings_come_four_times_a_period(systemd: socket.socket) -> None:
    """However fast the loop turns."""
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "8000000"})
    for hundredth in range(800):
        notifier.alive(hundredth / 100)
    assert told(systemd) == [b"WATCHDOG=1"] * PINGS_A_PERIOD


@pytest.mark.parametrize(
    "environment", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "8000000", "WATCHDOG_PID": "1"}]
)
def test_no_ping_without_a_watchdog_of_ours(
    systemd: socket.socket, environment: dict[str, str]
) -> None:
    """No period, or one that is meant for another process."""
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname(), **environment})
    notifier.alive(1e9)
    assert told(systemd) == []


def test_an_abstract_socket_is_reached() -> None:
    """A name that starts with @ is in the kernel's own namespace."""
    name = f"mlfym-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert told(ours) == [b"READY=1"]


def test_a_systemd_that_is_away_ends_nothing(systemd: socket.socket) -> None:
    """A path where nobody listens is no error."""
    Notifier({"NOTIFY_SOCKET": f"{systemd.getsockname()}-gone"}).ready()


def test_core_is_ready_alive_and_stopping(systemd: socket.socket, tmp_path: Path) -> None:
    """The real program says READY=1, pings from its loop, and says the end."""
    settings = tmp_path / "device.toml"
    (tmp_path / "music").mkdir()
    settings.write_text(
        f'music_folder = "{tmp_path / "music"}"\nstate_folder = "{tmp_path}"\n'
        f'vision_socket = "{tmp_path / "vision.sock"}"\n'
        '[broker]\nport = 1\n[sound]\ndriver = "dummy"\n',
        encoding="utf-8",
    )
    told_by = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "2000000"}
    process = subprocess.Popen(
        [sys.executable, "-m", "device", "--settings", str(settings)],
        cwd=ROOT,
        env={**os.environ, **told_by},
    )
    try:
        assert [systemd.recv(256) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(ANSWER_SECONDS) == 0
        assert told(systemd)[-1] == b"STOPPING=1"
    finally:
        process.kill()
        process.wait()
