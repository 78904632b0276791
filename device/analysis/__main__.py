"""`python -m device.analysis`: paths in on stdin, tags out on stdout, a JSON line each.

Failure policy: a file that cannot be read is answered with its `error`. A file that makes the
reader crash or hang costs that file alone: whoever started this program starts it again.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import BinaryIO

from device.analysis.tags import UnreadableFileError, read_tags
from device.analysis.wire import AnalysisLineError, FileTags, decode_request, encode_line

NICENESS = 10
MAX_MEMORY_BYTES = 1 << 30


def restrict() -> None:
    """Music comes first, and a malicious file gets neither all the memory nor a file to write."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def answer(line: bytes) -> FileTags:
    """What is to be said to one request."""
    try:
        path = decode_request(line).path
    except AnalysisLineError as error:
        return FileTags(path="", error=str(error))
    try:
        return read_tags(path)
    except OSError as error:
        return FileTags(path=path, error=f"cannot be opened: {error.strerror or error}")
    except (UnreadableFileError, MemoryError) as error:
        return FileTags(path=path, error=str(error) or "needs too much memory")
    except Exception as error:  # noqa: BLE001 - outermost: a reader's bug costs one file
        return FileTags(path=path, error=f"damaged: {type(error).__name__}: {error}")


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more requests."""
    for line in requests:
        answers.write(encode_line(answer(line)))
        answers.flush()


if __name__ == "__main__":
    restrict()
    serve(sys.stdin.buffer, sys.stdout.buffer)
