"""`python -m device.analysis`: files in on stdin, what they hold out on stdout, a JSON line each.

stdin is a Unix socket: each request brings a descriptor of its file. Failure policy: a file that
cannot be read is answered with its `error`. A file that makes the reader crash or hang costs
that file alone: whoever started this program starts it again.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import BinaryIO

from device.analysis.artwork import read_artwork
from device.analysis.sandbox import restrict
from device.analysis.sound import read_sound
from device.analysis.tags import UnreadableFileError, read_tags
from device.analysis.wire import (
    AnalysisLineError,
    Answer,
    FileArtwork,
    FileSound,
    FileTags,
    ReadRequest,
    Sandbox,
    decode_request,
    encode_line,
)

LINE_BYTES = 65_536
READERS = {"tags": read_tags, "sound": read_sound, "artwork": read_artwork}
ANSWERS: dict[str, type[Answer]] = {"tags": FileTags, "sound": FileSound, "artwork": FileArtwork}


def answer(request: ReadRequest, file: BinaryIO) -> Answer:
    """What is to be said of one file."""
    kind = ANSWERS[request.want]
    try:
        return READERS[request.want](request.path, file)
    except OSError as error:
        return kind(path=request.path, error=f"cannot be read: {error.strerror or error}")
    except (UnreadableFileError, MemoryError) as error:
        return kind(path=request.path, error=str(error) or "needs too much memory")
    except Exception as error:  # noqa: BLE001 - outermost: a reader's bug costs one file
        return kind(path=request.path, error=f"damaged: {type(error).__name__}: {error}")


def answer_to(line: bytes, descriptor: int | None, sandbox: Sandbox) -> Answer:
    """What is to be said to one request; closes its descriptor."""
    try:
        request = decode_request(line)
    except AnalysisLineError as error:
        return Answer(path="", error=str(error))
    if descriptor is None:
        return sandbox
    with os.fdopen(descriptor, "rb") as file:
        return answer(request, file)


def serve(requests: socket.socket, answers: BinaryIO, sandbox: Sandbox) -> None:
    """Answer until there are no more requests."""
    while True:
        line, descriptors, _, _ = socket.recv_fds(requests, LINE_BYTES, 1)
        if not line:
            return
        descriptor = descriptors[0] if descriptors else None
        answers.write(encode_line(answer_to(line, descriptor, sandbox)))
        answers.flush()


def main() -> None:
    """Lock the door, then read."""
    locks, lacking = restrict()
    sandbox = Sandbox(path="", locks=tuple(locks), lacking=tuple(lacking))
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as requests:
        serve(requests, sys.stdout.buffer, sandbox)


if __name__ == "__main__":
    main()
