"""Brokers and a listener for tests that want the real thing."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import subprocess
from typing import TYPE_CHECKING, Self

from cli.broker import free_port, wait_until_accepting
from contracts.bus import Bus, Publication
from contracts.settings import BrokerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

ANSWER_SECONDS = 20.0
"""A test that waits this long has failed; none waits by the clock."""
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


class Mosquitto:
    """A mosquitto on a port of its own, configured as little as can be."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.port = port or free_port()
        self._settings = folder / f"mosquitto-{self.port}.conf"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it accepts connections."""
        lines = f"listener {self.port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n"
        self._settings.write_text(lines, encoding="utf-8")
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._settings)])
        assert wait_until_accepting(self.port, self._process)

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def guarded_mosquitto(folder: Path, users: Iterable[str], rules: str) -> Iterator[int]:
    """Port of a mosquitto that lets in these users alone (password `USER-pw`), by these rules."""
    passwords, acl = folder / "passwords", folder / "acl"
    passwords.write_text("".join(f"{user}:{user}-pw\n" for user in users))
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)  # noqa: S607
    acl.write_text(rules)
    for path in (folder, passwords, acl):
        path.chmod(0o755 if path.is_dir() else 0o644)
    port, settings = free_port(), folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\nlog_dest none\nuser root\n"
        f"password_file {passwords}\nacl_file {acl}\n"
    )
    process = subprocess.Popen([MOSQUITTO, "-c", str(settings)])
    try:
        assert wait_until_accepting(port, process)
        yield port
    finally:
        process.kill()
        process.wait()


class Listener:
    """A bus whose messages and link changes wait in queues."""

    def __init__(
        self,
        port: int,
        name: str,
        subscriptions: Sequence[str] = (),
        *,
        will: Publication | None = None,
        received: Callable[[Publication], None] | None = None,
    ) -> None:
        self.messages: queue.Queue[Publication] = queue.Queue()
        self.links: queue.Queue[bool] = queue.Queue()
        self._echoes: queue.Queue[Publication] = queue.Queue()
        self._echo = f"echo/{name}"
        self._given = received or self.messages.put
        self.bus = Bus(
            BrokerSettings(port=port),
            name,
            subscriptions=[*subscriptions, self._echo],
            received=self._sort,
            link_changed=self.links.put,
            will=will,
        )

    def _sort(self, publication: Publication) -> None:
        put = self._echoes.put if publication.topic == self._echo else self._given
        put(publication)

    def settle(self) -> None:
        """Wait until the broker dealt with all that we asked of it so far."""
        assert self.bus.publish(Publication(topic=self._echo))
        self._echoes.get(timeout=ANSWER_SECONDS)

    def next(self) -> Publication:
        """The next message; fails when none comes."""
        return self.messages.get(timeout=ANSWER_SECONDS)

    def link(self) -> bool:
        """The next change of the link; fails when none comes."""
        return self.links.get(timeout=ANSWER_SECONDS)

    def __enter__(self) -> Self:
        self.bus.start()
        assert self.link()
        self.settle()
        return self

    def __exit__(self, *_error: object) -> None:
        self.bus.stop()
