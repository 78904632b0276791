"""What a bench heard in files, kept on the disk: what was broken off goes on where it was.

A line of JSON a file, in the user's cache folder. A file is known by its content; each program
that hears has a file of its own, named by the digest of its source.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from device.music.listening import fingerprint

Features = dict[str, float]


def digest_of(sources: Iterable[Path]) -> str:
    """16 hex digits of what these files say."""
    said = hashlib.blake2b(digest_size=8)
    for source in sources:
        said.update(source.read_bytes())
    return said.hexdigest()


class HeardCache:
    """Features of files, each of its first so many seconds.

    A last line that is cut off, as by a kill, is left out.
    """

    def __init__(self, file: Path, seconds: float) -> None:
        self._file, self._seconds = file, seconds
        self._rows: dict[str, Features] = {}
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for line in lines:
            if line.endswith("}"):
                row = json.loads(line)
                self._rows[row.pop("file")] = row

    def get(self, path: Path) -> Features | None:
        """What was heard in a file of this content, if anything.

        Raises:
            OSError: the file cannot be read.

        """
        return self._rows.get(self._key(path))

    def put(self, path: Path, found: Mapping[str, float]) -> None:
        """Keep it, and have it on the disk before the next is heard."""
        key = self._key(path)
        self._rows[key] = dict(found)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        whole = not self._file.exists() or self._file.read_bytes()[-1:] in {b"", b"\n"}
        with self._file.open("a", encoding="utf-8") as rows:
            rows.write(("" if whole else "\n") + json.dumps({"file": key, **found}) + "\n")

    def heard(self, path: Path, hear: Callable[[Path], Features]) -> Features:
        """What is kept of a file, else what `hear` finds in it, which is kept then."""
        found = self.get(path)
        if found is None:
            found = hear(path)
            self.put(path, found)
        return found

    def _key(self, path: Path) -> str:
        return f"{fingerprint(path)} {self._seconds:g}"


def say_progress(what: str, done: int, total: int) -> None:
    """On one line of standard error; on ten where nothing can be redrawn, as in a log."""
    line = f"{what}: {done} of {total}"
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}" + ("\n" if done == total else ""))
    elif done == total or done % max(1, total // 10) == 0:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
