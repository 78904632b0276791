"""The environment that a command runs in: made when missing, completed when half made.

Runs before anything is installed, so it knows the standard library only. What an environment
holds is written in its stamp, last of all: without the stamp it counts as half made. A lock
keeps two starts from making it at once. The stamp names a digest of pyproject.toml,
constraints.txt and the Python version, so a change of any of them brings it up to date.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
STAMP, LOCK = "mlfym-stamp.json", "mlfym.lock"

DEMO = frozenset({"demo"})
EXTRAS = {"test": frozenset({"demo", "test"}), "model_export": frozenset({"export"})}
"""What a command needs beyond the demo's extra."""

FOLDER_VARIABLE = "MLFYM_VENV"
"""Names another folder for the environment, for instance one a Python version."""


class EnvironmentFailedError(RuntimeError):
    """The environment could not be made; the message says what to do."""


def run_in_environment(arguments: list[str]) -> int:
    """Run `mlfym` with these arguments, inside an environment where the command needs one.

    Returns only when it fails, or when the answer needs no environment.
    """
    from cli.main import command_of, main  # noqa: PLC0415 - as little as possible on a fast start

    command = command_of(arguments)
    if not command:
        return main(arguments)
    try:
        python = ready_python(folder_of(command), EXTRAS.get(command, DEMO))
    except EnvironmentFailedError as error:
        print(f"mlfym: {error}", file=sys.stderr)
        return 1
    # Without this a folder named `device` in the caller's directory would be taken for ours.
    os.environ["PYTHONSAFEPATH"] = "1"
    return os.execv(python, [str(python), "-m", "cli.main", *arguments])  # noqa: S606 - ourselves


def folder_of(command: str) -> Path:
    """Where the environment of a command is."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).absolute()
    # The trainer is 2 GB and never needed to play music.
    return ROOT / (".venv-export" if "export" in EXTRAS.get(command, DEMO) else ".venv")


def ready_python(folder: Path, extras: frozenset[str]) -> Path:
    """The Python of an environment that holds these extras, making it first if need be.

    Raises:
        EnvironmentFailedError: it cannot be made; says why and what to do.

    """
    python = folder / "bin" / "python"
    digest = digest_of(ROOT)
    if extras <= stamped(folder, digest):
        return python
    from cli import installation  # noqa: PLC0415 - only the first start installs

    try:
        with locked(folder):
            present = stamped(folder, digest)
            if not extras <= present:
                wanted = extras | present | stamped(folder, None)
                write_stamp(folder, "", wanted)  # half made from here on
                installation.make(folder, ROOT, wanted)
                write_stamp(folder, digest, wanted)
    except OSError as error:
        raise EnvironmentFailedError(_unwritable(folder, error)) from error
    return python


def digest_of(root: Path) -> str:
    """Digest of everything that decides what an environment holds."""
    version = f"{sys.version_info.major}.{sys.version_info.minor} {root}"
    digest = hashlib.sha256(version.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def stamped(folder: Path, digest: str | None) -> frozenset[str]:
    """Extras that the environment holds; none when it is half made, broken or out of date.

    Without a digest, what it once held: an update must not take anything away.
    """
    try:
        stamp = json.loads((folder / STAMP).read_bytes())
    except (OSError, ValueError):
        return frozenset()
    usable = os.access(folder / "bin" / "python", os.X_OK) and stamp["digest"] == digest
    return frozenset(stamp["extras"]) if usable or digest is None else frozenset()


def write_stamp(folder: Path, digest: str, extras: frozenset[str]) -> None:
    """Declare the environment complete."""
    told = {"digest": digest, "extras": sorted(extras)}
    write_whole(folder / STAMP, json.dumps(told).encode())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Alone in making this environment; waits for another start that is at it."""
    if folder.is_dir() and any(folder.iterdir()) and not _is_environment(folder):
        msg = f"{folder} is not an environment of Python: empty it, or name another folder"
        raise EnvironmentFailedError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("mlfym: another start is making the environment; waiting", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_environment(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("pyvenv.cfg", LOCK))


def _unwritable(folder: Path, error: OSError) -> str:
    import shutil  # noqa: PLC0415 - a start that succeeds does without

    free = shutil.disk_usage(folder if folder.is_dir() else ROOT).free // 2**20
    return (
        f"the environment cannot be written to {folder} ({error.strerror}; {free} MiB free)."
        f" Name a folder that can: {FOLDER_VARIABLE}=~/.cache/mlfym ./mlfym …"
    )
