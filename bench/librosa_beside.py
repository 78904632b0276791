"""Has librosa hear the same files, by a Python of its own that the product never uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path

from bench.heard_cache import Features, HeardCache, digest_of, say_progress
from cli.cache import cache_folder

SCRIPT = Path(__file__).with_name("librosa_features.py")
PINNED = ("librosa==0.11.0", "numba==0.68.1")
ENVIRONMENT = "librosa-0.11.0"


class LibrosaError(RuntimeError):
    """librosa cannot be asked; says why and what to do."""


def own_python() -> Path:
    """The Python of an environment that holds librosa alone, made when it is missing.

    Raises:
        LibrosaError: it cannot be made.

    """
    folder = cache_folder() / ENVIRONMENT
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        sys.stderr.write(f"making {folder} for librosa (600 MB)\n")
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", *PINNED], check=False)
        if done.returncode:
            msg = "librosa cannot be installed: see pip's words above, or name a Python that has it"
            raise LibrosaError(msg)
        ready.touch()
    return python


def librosa_hears(
    paths: Iterable[Path], seconds: float, python: Path, script: Path = SCRIPT
) -> dict[str, Features]:
    """By its path, what librosa finds in each file; kept over runs.

    Args:
        paths: files to hear.
        seconds: of each, from its beginning.
        python: that has librosa.
        script: that asks it.

    Raises:
        LibrosaError: the program ended before the last file.

    """
    cache = HeardCache(cache_folder() / "bench" / f"librosa-{digest_of([script])}.jsonl", seconds)
    files = list(paths)
    unheard = [path for path in files if cache.get(path) is None]
    if unheard:
        command = [str(python), str(script), "--seconds", f"{seconds:g}"]
        _hear(command, unheard, cache)
    return {str(path): cache.get(path) or {} for path in files}


def _hear(command: list[str], unheard: list[Path], cache: HeardCache) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin  # noqa: S101 - a pipe was asked for
        assert process.stdout  # noqa: S101
        process.stdin.write("\n".join(map(str, unheard)))
        process.stdin.close()
        for done, line in enumerate(process.stdout, start=1):
            row = json.loads(line)
            cache.put(Path(row.pop("path")), row)
            say_progress("librosa", done, len(unheard))
    if process.returncode:
        msg = f"librosa ended with status {process.returncode}; what it heard is kept: run it again"
        raise LibrosaError(msg)
