"""Run an MQTT 5 broker of our own, for the demo, for tests and for trying things.

Not for a home: it checks no passwords and keeps nothing. systemd/ sets up mosquitto there.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
DEFAULT_PORT = 1883
MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
"""An offline pack of 20,000 tracks is 5 MB."""
READY_WITHIN_SECONDS = 10.0
LOOKED_EVERY_SECONDS = 0.01
_ROOT = Path(__file__).resolve().parents[1]

_SETTINGS = """\
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 1000
max_segment_size = {segment}
max_segment_count = 10
# Only the section's name decides that this listener speaks MQTT 5.
[v5.1]
name = "mlfym"
listen = "{host}:{port}"
next_connection_delay_ms = 0
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {payload}
max_inflight_count = 1000
dynamic_filters = true
"""


class BrokerError(RuntimeError):
    """The broker does not run; the message says what to do."""


class EmbeddedBroker:
    """An MQTT 5 broker in a process of its own, on this machine's loopback.

    It ends with us, however we end.

    Attributes:
        host: address it listens at.
        port: port it listens at; chosen when it starts if 0 was asked for.

    """

    def __init__(self, port: int = 0) -> None:
        self.host, self.port = HOST, port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id.

        Raises:
            BrokerError: it was not started.

        """
        if self._process is None:
            msg = "the broker was not started: call start() first"
            raise BrokerError(msg)
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it accepts connections.

        Raises:
            BrokerError: the port is taken, or it does not come up.

        """
        self.port = self.port or free_port()
        if _accepts(self.host, self.port):
            msg = f"port {self.port} is taken: stop what listens there or choose another port"
            raise BrokerError(msg)
        command = [sys.executable, __file__, "--port", str(self.port), "--owned"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=_ROOT)
        if not wait_until_accepting(self.port, self._process):
            self.stop()
            msg = f"the broker did not start on port {self.port}; it says why above"
            raise BrokerError(msg)

    def stop(self) -> None:
        """End it and free its port; a second time does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()  # it keeps nothing that could be lost
        process.wait()
        if process.stdin:
            process.stdin.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def run(arguments: list[str]) -> int:
    """Run a broker in the foreground until it is interrupted."""
    parser = argparse.ArgumentParser(prog="mlfym broker", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
    parser.add_argument("--owned", action="store_true", help="end when standard input closes")
    options = parser.parse_args(arguments)
    port = options.port or free_port()
    if _accepts(HOST, port):
        print(f"port {port} is taken: choose another with --port", file=sys.stderr)
        return 1
    if options.owned:
        threading.Thread(target=_end_with_owner, daemon=True).start()
    else:
        print(f"MQTT 5 broker on {HOST}:{port}; Ctrl-C stops it", flush=True)
    _serve(port)
    return 0


def _serve(port: int) -> None:
    from iotcore import Broker  # noqa: PLC0415 - a library of 14 MB that only this process loads

    # It logs each packet as an error: rumqttd opens its spans at that level.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL + 1)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as settings:
        settings.write(
            _SETTINGS.format(
                host=HOST, port=port, payload=MAX_PAYLOAD_BYTES, segment=8 * MAX_PAYLOAD_BYTES
            )
        )
        settings.flush()
        broker = Broker(config_path=settings.name)
    broker.run_forever()


def _end_with_owner() -> None:
    sys.stdin.buffer.read()  # returns when the owner's end of the pipe is gone
    os._exit(0)


def wait_until_accepting(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait for a program to listen on a port of this machine; False when it never does."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not _accepts(HOST, port):
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(LOOKED_EVERY_SECONDS)
    return True


def free_port() -> int:
    """A port of this machine's loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _accepts(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


if __name__ == "__main__":
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
