"""Core's end of the reader of files: starts it, asks it, starts it again."""

from __future__ import annotations

import logging
import os
import select
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from device.analysis.wire import (
    AnalysisLineError,
    FileArtwork,
    FileSound,
    FileTags,
    Kind,
    ReadRequest,
    Sandbox,
    Want,
    decode_answer,
    encode_line,
)

log = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "device.analysis")
FILE_TIMEOUT_SECONDS = 5.0
"""Of processor time: at the least priority on a busy computer, waiting is no file's fault."""
SOUND_TIMEOUT_SECONDS = 120.0
"""Of processor time, for ten minutes of music on a Raspberry Pi 3."""
PATIENCE_SECONDS = 120.0
"""By the clock, beyond the processor time: a disk may sleep, a network share may hang."""
START_TIMEOUT_SECONDS = 60.0
MAX_ANSWER_BYTES = 1 << 20


class TagReader:
    """Asks one file at a time; a file that crashes or hangs the reader is answered with `error`.

    The program is started by the first question and has to be ended with `close`. It opens
    nothing: it is handed a descriptor of each file.
    """

    def __init__(
        self, *, program: Sequence[str] = PROGRAM, timeout_seconds: float = FILE_TIMEOUT_SECONDS
    ) -> None:
        self._program, self._timeout = list(program), timeout_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self.sandbox: Sandbox | None = None
        """What keeps the program from doing harm; None before it was first started."""

    @property
    def process_id(self) -> int | None:
        """Of the program; None while it does not run."""
        return self._process.pid if self._process else None

    def read(self, path: Path) -> FileTags:
        """Tags of a file; `error` when they cannot be read."""
        return self._read(path, "tags", FileTags, self._timeout)

    def listen(self, path: Path) -> FileSound:
        """What the sound of a file tells; `error` when it cannot be decoded."""
        return self._read(path, "sound", FileSound, max(self._timeout, SOUND_TIMEOUT_SECONDS))

    def artwork(self, path: Path) -> FileArtwork:
        """The picture in a music file, or in a file that is one."""
        return self._read(path, "artwork", FileArtwork, self._timeout)

    def close(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        requests, self._requests = self._requests, None
        if requests:
            requests.close()
        if process is None:
            return
        process.kill()
        if process.stdout:
            process.stdout.close()
        process.wait()

    def _read(self, path: Path, want: Want, kind: type[Kind], seconds: float) -> Kind:
        try:
            file = _opened(path)
        except OSError as error:
            return kind(path=str(path), error=f"cannot be opened: {error.strerror or error}")
        try:
            line = self._ask(ReadRequest(path=str(path), want=want), seconds, file)
            if line is None:
                self.close()
                return kind(path=str(path), error=f"reading took over {seconds:g} s")
            return decode_answer(line, kind)
        except (OSError, AnalysisLineError):
            self.close()
            return kind(path=str(path), error="damaged: the reader of files crashed on it")
        finally:
            os.close(file)

    def _ask(self, request: ReadRequest, seconds: float, *files: int) -> bytes | None:
        """The answer's line; empty when the program ended, None when it took too long."""
        if self._process is None:
            self._start()
        requests, process = self._requests, self._process
        assert requests is not None  # noqa: S101 - told to the type checker
        assert process is not None  # noqa: S101 - told to the type checker
        socket.send_fds(requests, [encode_line(request)], list(files))
        assert process.stdout is not None  # noqa: S101 - told to the type checker
        return _line(process, process.stdout, seconds)

    def _start(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            # numpy's own threads would fight the player for the processor.
            environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
            self._process = subprocess.Popen(
                self._program,
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                bufsize=0,
                env=environment,
            )
        # Starting is no file's fault: it is waited for with a request of no file.
        line = self._ask(ReadRequest(path=""), START_TIMEOUT_SECONDS)
        self._tell_sandbox(decode_answer(line, Sandbox) if line else Sandbox(path=""))

    def _tell_sandbox(self, sandbox: Sandbox) -> None:
        if sandbox.lacking and self.sandbox is None:
            log.warning("the reader of files goes without: %s", ", ".join(sandbox.lacking))
        self.sandbox = sandbox


def _opened(path: Path) -> int:
    """A descriptor of an ordinary file; a pipe or a device in its place must not be waited for.

    Raises:
        OSError: it cannot be opened, or is no file.

    """
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(None, "not an ordinary file")
    return file


def _line(process: subprocess.Popen[bytes], answers: IO[bytes], seconds: float) -> bytes | None:
    """The next line; None when it cost more processor time than that, or nobody can wait more."""
    ready = select.poll()
    ready.register(answers, select.POLLIN)
    line, began, asked_at = b"", _processor_seconds(process), time.monotonic()
    while not line.endswith(b"\n") and len(line) < MAX_ANSWER_BYTES:
        if not ready.poll(min(seconds, 1.0) * 1000):
            spent = _processor_seconds(process) - began
            if spent > seconds or time.monotonic() - asked_at > seconds + PATIENCE_SECONDS:
                return None
            continue
        part = os.read(answers.fileno(), 65_536)
        if not part:
            break
        line += part
    return line


def _processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """All threads of a child so far; the clock's number is made as by clock_getcpuclockid(3)."""
    return time.clock_gettime((~process.pid << 3) | 2)
