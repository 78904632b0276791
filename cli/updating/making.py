"""What a maintainer does: an archive of this checkout, its packages if wanted, its statement."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cli.appliance.steps import Copy
from cli.appliance.system import Runner, run_program
from cli.updating.archive import file_sha256, make_archive
from cli.updating.errors import UpdateError
from cli.updating.statement import SUMMARY_CHARACTERS, Statement, version_order, write_statement

PROGRAM = ("cli", "contracts", "device", "recommender_server", "models", "systemd")
FILES = ("mlfym", "pyproject.toml", "constraints.txt", "LICENSE")
PYTHONS, MACHINES = ("3.11", "3.13"), ("aarch64", "x86_64")
_GLIBC = ("manylinux2014", *(f"manylinux_2_{n}" for n in (17, 24, 26, 27, 28, 31, 34)))
"""Tags of wheels that Bookworm's C library (2.36) and later can load."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A release to be made."""

    checkout: Path
    out: Path
    """Folder for the archive and its statement."""
    private: Path
    summary: str = ""
    wheels: tuple[tuple[str, str], ...] = ()
    """Python and machine of each environment that is to be made without a network."""


def make_release(wanted: Wanted, runner: Runner = run_program) -> tuple[Path, Statement]:
    """Write the archive and its signed statement; where the statement is, and what it says.

    Raises:
        UpdateError: something is missing or refuses; says what.

    """
    project = tomllib.loads((wanted.checkout / "pyproject.toml").read_text(encoding="utf-8"))
    version = project["project"]["version"]
    version_order(version)
    if len(wanted.summary) > SUMMARY_CHARACTERS:
        msg = f"the summary has more than {SUMMARY_CHARACTERS} characters"
        raise UpdateError(msg)
    wanted.out.mkdir(parents=True, exist_ok=True)
    only = "".join(f"-py{p}-{m}" for p, m in wanted.wheels)
    archive = wanted.out / f"mlfym-{version}{only}.tar.gz"
    files = program_files(wanted.checkout)
    with tempfile.TemporaryDirectory() as folder:
        for python, machine in wanted.wheels:
            fetch_wheels(wanted.checkout, Path(folder), python, machine, runner)
        files |= {f"wheels/{path.name}": path for path in Path(folder).iterdir()}
        unpacked = make_archive(files, archive)
    statement = Statement(
        version=version,
        file=archive.name,
        size=archive.stat().st_size,
        sha256=file_sha256(archive),
        unpacked=unpacked,
        pythons=tuple(dict.fromkeys(p for p, _ in wanted.wheels)) or PYTHONS,
        machines=tuple(dict.fromkeys(m for _, m in wanted.wheels)) or MACHINES,
        wheels=bool(wanted.wheels),
        summary=wanted.summary,
    )
    return write_statement(statement, wanted.out, wanted.private), statement


def program_files(checkout: Path) -> dict[str, Path]:
    """The program's files by their names in an archive."""
    names = tuple(name for name in (*PROGRAM, *FILES) if (checkout / name).exists())
    found = Copy(checkout, checkout, names).files()
    return {f"app/{file}": checkout / file for file in found}


def fetch_wheels(
    checkout: Path, folder: Path, python: str, machine: str, runner: Runner = run_program
) -> None:
    """Download the wheels of every role for a Python and a machine, by their hashes.

    Raises:
        UpdateError: pip refuses; says what it said.

    """
    tags = [word for tag in _GLIBC for word in ("--platform", f"{tag}_{machine}")]
    for lock in sorted((checkout / "systemd/requirements").glob("*.txt")):
        words = (sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes")
        kept = ("--only-binary", ":all:", "--python-version", python, "--dest", str(folder))
        ran = runner((*words, *kept, *tags, "--requirement", str(lock)), 1800.0)
        if ran.status:
            last = "\n".join(ran.said.strip().splitlines()[-3:])
            msg = f"the wheels of {lock.stem} could not be fetched:\n{last}"
            raise UpdateError(msg)
