"""The control socket: commands in, status out, for programs on this device only.

One packet in, one packet out (SOCK_SEQPACKET): `{"command": "next"}`, `{"command": "volume",
"argument": "40"}`, `{"browse": {"what": "albums"}}`, or `{}` for the status alone. Answers
`{"error": …}`, or `{"status": …}` with what the command was `said` to come to or a `page`.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import TYPE_CHECKING

import msgspec

from device.browse import BrowseQuery, Page
from device.commands import CommandError
from device.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from device.answers import Answers
    from device.browse import Shelves

log = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 8192
MAX_ANSWER_BYTES = 128 * 1024
"""Linux refuses packets over its send buffer, 208 KiB by default; the oldest happenings yield."""
ANSWER_SECONDS = 2.0


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command, a look into the library, or nothing for the status alone."""

    command: str = ""
    argument: str = ""
    browse: BrowseQuery | None = None


class ControlAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of it, or what was wrong with it."""

    status: Status | None = None
    """After the command was done."""
    said: str = ""
    """What the command came to, in words."""
    page: Page | None = None
    error: str = ""


class DeviceAwayError(ConnectionError):
    """No device program answers on the control socket."""


class Control:
    """Serves the control socket on a thread of its own."""

    def __init__(
        self, path: Path, status: Callable[[], Status], answers: Answers, shelves: Shelves
    ) -> None:
        self._status, self._answers, self._shelves = status, answers, shelves
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.open = False
        """Whether commands of this machine can come in."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._listener.bind(str(path))
            path.chmod(0o600)
        except OSError as error:  # the music does not wait for a disk that takes nothing
            log.warning("no commands from this machine: %s: %s", path, error)
            return
        self._listener.listen(8)
        self.open = True

    def start(self) -> None:
        """Serve from now on."""
        if not self.open:
            return
        threading.Thread(target=self._serve, name="control", daemon=True).start()

    def stop(self) -> None:
        """Close the socket."""
        if self.open:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread
        self._listener.close()

    def answer(self, packet: bytes) -> ControlAnswer:
        """What one request is answered with."""
        try:
            request = msgspec.json.decode(packet, type=ControlRequest)
            if request.browse:
                return ControlAnswer(page=self._shelves.look(request.browse))
            said = self._command(request.command, request.argument) if request.command else ""
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, CommandError) as error:
            return ControlAnswer(error=str(error))
        return ControlAnswer(status=self._status(), said=said)

    def _command(self, name: str, argument: str) -> str:
        answered = self._answers.command(name, argument)
        if answered.refused:
            raise CommandError(answered.text)
        return answered.text

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return  # closed by stop
            # One that connects and stays silent must not keep the next one waiting.
            threading.Thread(
                target=self._converse, args=(peer,), name="control-peer", daemon=True
            ).start()

    def _converse(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            peer.settimeout(ANSWER_SECONDS)
            while packet := peer.recv(MAX_REQUEST_BYTES):
                peer.send(_encoded(self.answer(packet)))


def _encoded(answer: ControlAnswer) -> bytes:
    packet = msgspec.json.encode(answer)
    while len(packet) > MAX_ANSWER_BYTES and answer.status and answer.status.happenings:
        kept = answer.status.happenings[len(answer.status.happenings) // 2 + 1 :]
        status = msgspec.structs.replace(answer.status, happenings=kept)
        answer = msgspec.structs.replace(answer, status=status)
        packet = msgspec.json.encode(answer)
    if len(packet) > MAX_ANSWER_BYTES:
        packet = msgspec.json.encode(ControlAnswer(error="too much for one answer: ask for less"))
    return packet


def converse(path: Path, request: ControlRequest) -> ControlAnswer:
    """Ask a running device.

    Raises:
        DeviceAwayError: nobody answers at `path`.
        CommandError: the device refused, and why.

    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
            peer.settimeout(2 * ANSWER_SECONDS)
            peer.connect(str(path))
            peer.send(msgspec.json.encode(request))
            packet = peer.recv(MAX_ANSWER_BYTES)
        answer = msgspec.json.decode(packet, type=ControlAnswer)
    except TimeoutError as error:
        msg = f"the device at {path} is busy or still starting: try again in a moment"
        raise DeviceAwayError(msg) from error
    except (OSError, msgspec.DecodeError) as error:
        msg = f"no device answers at {path}: is it running?"
        raise DeviceAwayError(msg) from error
    if answer.error or (answer.status is None and answer.page is None):
        raise CommandError(answer.error)
    return answer


def ask_device(path: Path, command: str = "", argument: str = "") -> Status:
    """Give a running device a command, or only look.

    Raises:
        DeviceAwayError: nobody answers at `path`.
        CommandError: the device refused the command, and why.

    """
    answer = converse(path, ControlRequest(command=command, argument=argument))
    return answer.status or Status()
