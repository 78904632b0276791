"""Install on a Debian, boot it, update it, have it roll back, and cut its power in an update.

Real packages, real systemd (in systemd-nspawn, with no network), real releases that a key of this
run signed; the sound goes to SDL's dummy driver. Root, mmdebstrap and systemd-nspawn are needed,
and the archives of Debian and PyPI for what is not handed over with --base and --wheels.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bench.booted.machine import Machine
from bench.booted.scenes import BROKER, RULES, UNIT, Row, Scenes
from bench.booted.tree import PYTHONS, Tree, TreeError, copy_checkout
from cli.appliance.plan import version_of
from cli.updating.errors import UpdateError
from cli.updating.making import Wanted, make_release
from cli.updating.signing import make_key
from cli.updating.statement import version_order

ROOT = Path(__file__).parents[1]
PROGRAMS = ("systemd-nspawn", "mmdebstrap", "nsenter", "tar", "openssl", "python3")
SETTINGS = '\n[sound]\ndriver = "dummy"\n'
SOURCES = {
    "systemd/units/mlfym-vision.service": ("#", UNIT),
    "systemd/polkit/mlfym-setup.rules": ("//", RULES),
    "systemd/broker/mlfym.conf": ("#", BROKER),
}
BROKEN = {"device/__main__.py": "import nothing_of_this_name\n"}


def run(arguments: list[str]) -> int:
    """Play every scene; 1 when one of them was not well, 2 when this machine cannot."""
    options = _parser().parse_args(arguments)
    lacking = [program for program in PROGRAMS if not shutil.which(program)]
    if os.geteuid() or lacking:
        sys.stderr.write(f"booted-update: needs root, and here lacks: {', '.join(lacking)}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="mlfym-booted-", dir=options.work) as folder:
        work = Path(folder)
        tree = Tree(work / "tree", work, options.suite)
        machine = Machine(tree.folder, options.log or work / "console.log")
        scenes = Scenes(tree, machine)
        try:
            _play(scenes, options)
        except (TreeError, UpdateError, OSError) as error:
            sys.stderr.write(f"booted-update: {error}\n")
            return 1
        finally:
            machine.cut_power()
    sys.stdout.write(f"\n{_table(scenes.rows)}\n\n{options.suite}, {time.strftime('%Y-%m-%d')}\n")
    return 0 if all(row.well for row in scenes.rows) else 1


def _play(scenes: Scenes, options: argparse.Namespace) -> None:
    tree = scenes.tree
    first = version_of(ROOT)
    major, minor, patch = version_order(first)
    second, sick, third = (f"{major}.{minor}.{patch + n}" for n in (1, 2, 3))
    make_key(tree.work / "bench.key", tree.work / "bench.pem")
    tree.make(options.base)
    checkout = copy_checkout(ROOT, tree.work / "first", first, _marks("first"))
    tree.bring_wheels(checkout, options.wheels)
    tree.add_music(3)
    since = time.monotonic()
    roles = [word for role in options.role or ["speaker"] for word in ("--role", role)]
    said = tree.install(checkout, "--release-key", str(tree.work / "bench.pem"), *roles)
    steps, seconds = len(said.splitlines()), time.monotonic() - since
    again = tree.install(checkout, *roles)
    saw = f"in {seconds:.0f} s ({steps} lines), and a second time: {again.strip() or 'nothing'}"
    scenes.said(f"{first} is installed", saw, well=not again.strip())
    tree.add_settings(SETTINGS)
    scenes.starts(first)
    scenes.plays()
    scenes.takes_music()
    scenes.is_healthy()
    scenes.updates(_release(tree, second, _marks("second")), second, "second")
    scenes.is_healthy()
    broken = _marks("broken") | BROKEN
    scenes.refuses(_release(tree, sick, broken), sick, second, "second")
    scenes.is_healthy()
    if not options.without_power_cut:
        scenes.loses_power(_release(tree, third, _marks("third")), third, second)


def _marks(mark: str) -> dict[str, str]:
    """A first line by which each file tells of which version it is."""
    return {source: f"{comment} {mark}\n" for source, (comment, _) in SOURCES.items()}


def _release(tree: Tree, version: str, changes: dict[str, str]) -> Path:
    checkout = copy_checkout(ROOT, tree.work / version, version, changes)
    wanted = Wanted(checkout=checkout, out=tree.work / "out", private=tree.work / "bench.key")
    return make_release(wanted)[0]


def _table(rows: list[Row]) -> str:
    lines = [f"| {row.what} | {row.saw} | {'yes' if row.well else 'NO'} |" for row in rows]
    return "\n".join(["| step | seen | well |", "|---|---|---|", *lines])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlfym bench booted-update", description=__doc__)
    parser.add_argument("--suite", choices=list(PYTHONS), default="bookworm")
    parser.add_argument("--role", action="append", help="as of systemd/install; again for more")
    parser.add_argument("--base", type=Path, metavar="TAR", help="the suite, made by mmdebstrap")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="packages for its Python")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where 4 GB of room are")
    parser.add_argument("--log", type=Path, metavar="FILE", help="for what its console says")
    parser.add_argument("--without-power-cut", action="store_true")
    return parser
