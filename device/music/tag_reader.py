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
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
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
ASKED_AHEAD = 16
"""Files that wait at the program: on a busy computer each hand-over costs more than its tags."""


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
        self._come = b""
        self.sandbox: Sandbox | None = None
        """What keeps the program from doing harm; None before it was first started."""

    @property
    def process_id(self) -> int | None:
        """Of the program; None while it does not run."""
        return self._process.pid if self._process else None

    def read(self, path: Path) -> FileTags:
        """Tags of a file; `error` when they cannot be read."""
        return next(self.read_all([path]))

    def read_all(self, paths: Iterable[Path]) -> Iterator[FileTags]:
        """As `read`, of many files in their order, asking ahead; to be read to its end."""
        return self._read(paths, "tags", FileTags, self._timeout)

    def listen(self, path: Path) -> FileSound:
        """What the sound of a file tells; `error` when it cannot be decoded."""
        seconds = max(self._timeout, SOUND_TIMEOUT_SECONDS)
        return next(self._read([path], "sound", FileSound, seconds))

    def artwork(self, path: Path) -> FileArtwork:
        """The picture in a music file, or in a file that is one."""
        return next(self._read([path], "artwork", FileArtwork, self._timeout))

    def close(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        requests, self._requests = self._requests, None
        self._come = b""
        if requests:
            requests.close()
        if process is None:
            return
        process.kill()
        if process.stdout:
            process.stdout.close()
        process.wait()

    def _read(
        self, paths: Iterable[Path], want: Want, kind: type[Kind], seconds: float
    ) -> Iterator[Kind]:
        asked: deque[tuple[Path, Kind | None]] = deque()
        try:
            for path in paths:
                asked.append((path, self._ask_for(path, want, kind)))
                if len(asked) == ASKED_AHEAD:
                    yield self._answer(asked, want, kind, seconds)
            while asked:
                yield self._answer(asked, want, kind, seconds)
        finally:
            if asked:  # given up half-way: the next question must not get these answers
                self.close()

    def _ask_for(self, path: Path, want: Want, kind: type[Kind]) -> Kind | None:
        """Hand the program a file; its answer when there is nothing to hand over."""
        try:
            file = _opened(path)
        except OSError as error:
            return kind(path=str(path), error=f"cannot be opened: {error.strerror or error}")
        try:
            # A program that crashed on a file before this one is noticed when that one is due.
            with suppress(OSError):
                self._ask(ReadRequest(path=str(path), want=want), file)
        finally:
            os.close(file)
        return None

    def _answer(
        self, asked: deque[tuple[Path, Kind | None]], want: Want, kind: type[Kind], seconds: float
    ) -> Kind:
        """The answer that is due, taken off `asked`; what a crash swallowed is asked for again."""
        path, answer = asked.popleft()
        if answer is not None:
            return answer
        try:
            line = self._line(seconds)
            answer = decode_answer(line, kind) if line is not None else None
            why = f"reading took over {seconds:g} s"
        except (OSError, AnalysisLineError):
            why = "damaged: the reader of files crashed on it"
        if answer is not None:
            return answer
        self.close()
        again = [(p, known or self._ask_for(p, want, kind)) for p, known in asked]
        asked.clear()
        asked.extend(again)
        return kind(path=str(path), error=why)

    def _ask(self, request: ReadRequest, *files: int) -> None:
        if self._process is None:
            self._start()
        assert self._requests is not None  # noqa: S101 - told to the type checker
        socket.send_fds(self._requests, [encode_line(request)], list(files))

    def _line(self, seconds: float) -> bytes | None:
        """The next answer's line; empty when the program ended, None when it took too long."""
        if self._process is None or self._process.stdout is None:
            return b""
        found = _lines(self._process, self._process.stdout, self._come, seconds)
        if found is None:
            return None
        line, newline, self._come = found.partition(b"\n")
        return line + newline

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
        self._ask(ReadRequest(path=""))
        line = self._line(START_TIMEOUT_SECONDS)
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


def _lines(
    process: subprocess.Popen[bytes], answers: IO[bytes], come: bytes, seconds: float
) -> bytes | None:
    """`come` and what follows it, one line at the least, or all that there is.

    None when the line cost more processor time than that, or nobody can wait for it any more.
    """
    ready = select.poll()
    ready.register(answers, select.POLLIN)
    began, asked_at = _processor_seconds(process), time.monotonic()
    while b"\n" not in come and len(come) < MAX_ANSWER_BYTES:
        if not ready.poll(min(seconds, 1.0) * 1000):
            spent = _processor_seconds(process) - began
            if spent > seconds or time.monotonic() - asked_at > seconds + PATIENCE_SECONDS:
                return None
            continue
        part = os.read(answers.fileno(), 65_536)
        if not part:
            break
        come += part
    return come


def _processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """All threads of a child so far; the clock's number is made as by clock_getcpuclockid(3)."""
    return time.clock_gettime((~process.pid << 3) | 2)
