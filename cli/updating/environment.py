"""A version's own virtual environment, from the hashed requirements that came with it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from cli.appliance.roles import Part
from cli.appliance.system import System
from cli.updating.errors import UpdateError
from contracts.whole_file import write_whole

MADE = "made.json"
_LAST_LINES = 4


def make_environment(system: System, folder: Path, parts: tuple[Part, ...]) -> None:
    """Make `venv` in a version's folder, unless it is there as it would be made.

    Packages come from the folder `wheels` beside it when there is one (no network), else from the
    index that pip is configured with; either way they must have the hashes that are written down.

    Raises:
        UpdateError: a program of the system failed; says what it said last.

    """
    locks = _locks(folder, parts)
    wanted = {"python": _python(system), "digest": _digest(locks)}
    venv = folder / "venv"
    if _made(venv) == wanted:
        return
    shutil.rmtree(venv, ignore_errors=True)
    _run(system, "python3", "-m", "venv", "--system-site-packages", system.inside(venv))
    pip = (system.inside(venv / "bin/python"), "-m", "pip", "install", "--no-input")
    wheels = folder / "wheels"
    where = ("--no-index", "--find-links", system.inside(wheels)) if wheels.is_dir() else ()
    for lock in locks:
        hashed = ("--require-hashes", "--only-binary", ":all:", "--requirement")
        _run(system, *pip, "--quiet", *where, *hashed, system.inside(lock))
    name_program(venv)
    write_whole(venv / MADE, json.dumps(wanted).encode())


def environment_is_made(system: System, folder: Path, parts: tuple[Part, ...]) -> bool:
    """Whether `make_environment` would find nothing to do."""
    made = _made(folder / "venv")
    locks = _locks(folder, parts)
    return bool(made) and made == {"python": _python(system), "digest": _digest(locks)}


def name_program(venv: Path) -> None:
    """Let the environment's Python find the program beside it, wherever both are."""
    for packages in venv.glob("lib/python*/site-packages"):
        write_whole(packages / "mlfym.pth", b"../../../../app\n")


def _locks(folder: Path, parts: tuple[Part, ...]) -> list[Path]:
    names = [part.requirements for part in parts if part.requirements]
    return [folder / "app/systemd/requirements" / name for name in names]


def _made(venv: Path) -> dict[str, str]:
    try:
        made: dict[str, str] = json.loads((venv / MADE).read_bytes())
    except (OSError, ValueError):
        return {}
    return made


def _python(system: System) -> str:
    said = "import sys; print(sys.version_info[0], sys.version_info[1], sep='.')"
    return _run(system, "python3", "-c", said).strip()


def _digest(locks: list[Path]) -> str:
    digest = hashlib.sha256()
    for lock in locks:
        digest.update(lock.read_bytes())
    return digest.hexdigest()


def _run(system: System, *words: str) -> str:
    ran = system.run(*words)
    if ran.status:
        lines = ran.said.strip().splitlines()
        # Among a page of retries, the lines that say why.
        why = [line for line in lines if line.startswith(("ERROR", "Error"))] or lines
        last = "\n".join(why[-_LAST_LINES:])
        msg = (
            f"{' '.join(words[:4])} … failed:\n{last}\nMend that and try again: nothing was changed"
        )
        raise UpdateError(msg)
    return ran.said
