"""Core's end of the reader of files: starts it, asks it, starts it again."""

from __future__ import annotations

import logging
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from device.analysis.wire import (
    AnalysisLineError,
    FileTags,
    ReadRequest,
    decode_answer,
    encode_line,
)

log = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "device.analysis")
FILE_TIMEOUT_SECONDS = 5.0
START_TIMEOUT_SECONDS = 30.0
"""A Raspberry Pi under load takes seconds to start Python; that is no file's fault."""
MAX_ANSWER_BYTES = 1 << 20


class TagReader:
    """Asks one file at a time; a file that crashes or hangs the reader is answered with `error`.

    The program is started by the first question and has to be ended with `close`.
    """

    def __init__(
        self, *, program: Sequence[str] = PROGRAM, timeout_seconds: float = FILE_TIMEOUT_SECONDS
    ) -> None:
        self._program, self._timeout = list(program), timeout_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, path: Path) -> FileTags:
        """Tags of a file; `error` when they cannot be read."""
        try:
            process = self._running()
            line = _ask(process, path, self._timeout)
            if line is None:
                self.close()
                return FileTags(path=str(path), error=f"reading took over {self._timeout:g} s")
            answer = decode_answer(line)
        except (OSError, AnalysisLineError):
            self.close()
            return FileTags(path=str(path), error="damaged: the reader of files crashed on it")
        return answer

    def close(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
            # Starting is no file's fault: it is waited for with a request of no file.
            _ask(self._process, Path(), START_TIMEOUT_SECONDS)
        return self._process


def _ask(process: subprocess.Popen[bytes], path: Path, seconds: float) -> bytes | None:
    """The answer's line; empty when the program ended, None when it took too long."""
    requests, answers = _pipes(process)
    requests.write(encode_line(ReadRequest(path=str(path))))
    ready = select.poll()
    ready.register(answers, select.POLLIN)
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_ANSWER_BYTES:
        if not ready.poll(seconds * 1000):
            return None
        part = os.read(answers.fileno(), 65_536)
        if not part:
            break
        line += part
    return line


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None  # noqa: S101 - told to the type checker
    assert process.stdout is not None  # noqa: S101 - told to the type checker
    return process.stdin, process.stdout
