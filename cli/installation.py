"""Making an environment: the virtual environment itself, then what pyproject.toml pins.

`uv` when it is on PATH, for it is ten times as fast; pip otherwise, for the trainer (whose
wheels may come from a folder that only pip's configuration names), and when uv gives up.
"""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from typing import TYPE_CHECKING, Any

from cli.environment import LOCK, EnvironmentFailedError
from cli.progress import InstallerError, run_shown

if TYPE_CHECKING:
    from pathlib import Path

_OURS = re.compile(r"mlfym\[([^]]+)\]")


def make(folder: Path, root: Path, extras: frozenset[str]) -> None:
    """Make or complete an environment with these extras of pyproject.toml.

    Raises:
        EnvironmentFailedError: says what the installer said last, and what to do.

    """
    what = f"environment for {', '.join(sorted(extras))}"
    needs = requirements(root / "pyproject.toml", extras)
    training = "export" in extras
    uv = None if training else shutil.which("uv")
    limits = [] if training else ["--constraint", str(root / "constraints.txt")]
    try:
        _create(folder)
        _install(folder, needs, limits, what, uv)
        if training:
            weights = _project(root / "pyproject.toml")["optional-dependencies"]["imagenet"]
            _install(folder, weights, ["--no-deps"], "start of the training", None)
    except InstallerError as failure:
        msg = (
            f"the {what} could not be made. The installer's last words:\n{failure}\n"
            "Look at what it says (no network? disk full?), then start the same command again:"
            " it goes on where it stopped."
        )
        raise EnvironmentFailedError(msg) from failure
    _name_root(folder, root)


def _project(pyproject: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return project


def requirements(pyproject: Path, extras: frozenset[str]) -> list[str]:
    """Pinned requirements of the product with these extras, extras of extras resolved."""
    project = _project(pyproject)
    found = list(project["dependencies"])
    pending = sorted(extras)
    while pending:
        for requirement in project["optional-dependencies"][pending.pop()]:
            ours = _OURS.fullmatch(requirement)
            if ours:
                pending += ours[1].split(",")
            else:
                found.append(requirement)
    return list(dict.fromkeys(found))


def _create(folder: Path) -> None:
    """An environment of this Python without an installer; another Python's is emptied first."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    settled = folder / "lib" / f"python{version}" / "site-packages"
    if (folder / "pyvenv.cfg").exists() and not settled.is_dir():
        _empty(folder)
    base = getattr(sys, "_base_executable", sys.executable)  # we may run inside the old one
    run_shown([base, "-m", "venv", "--without-pip", str(folder)], "environment")


def _empty(folder: Path) -> None:
    """Take away all but the lock that we hold."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()


def _install(folder: Path, needs: list[str], limits: list[str], what: str, uv: str | None) -> None:
    python = str(folder / "bin" / "python")
    if uv:
        try:
            return run_shown([uv, "pip", "install", "--python", python, *limits, *needs], what)
        except InstallerError as failure:
            print(f"uv gave up, trying pip:\n{failure}", file=sys.stderr)
    if not any(folder.glob("lib/python*/site-packages/pip/__main__.py")):
        _bring_pip(python)
    command = [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    return run_shown([*command, *limits, *needs], what)


def _bring_pip(python: str) -> None:
    try:
        run_shown([python, "-m", "ensurepip"], "pip")
    except InstallerError as failure:
        if "ensurepip" not in str(failure):
            raise
        msg = (
            "this Python comes without pip (Debian packs it apart): "
            "sudo apt install python3-venv, then start the same command again"
        )
        raise EnvironmentFailedError(msg) from failure


def _name_root(folder: Path, root: Path) -> None:
    """Let the environment's Python find our programs from any directory."""
    for packages in folder.glob("lib/python*/site-packages"):
        (packages / "mlfym.pth").write_text(f"{root}\n", encoding="utf-8")
