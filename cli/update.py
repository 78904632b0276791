"""Bring this appliance to a newer release, and back if that is not healthy.

From a release's statement (mlfym-0.2.0.release, its archive beside it), or with --look from
folders and sticks. Only what a trusted maintainer signed is installed. The former version runs
again when the new one does not play, see and recommend as before within two minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cli.appliance.system import System
from cli.updating.errors import RolledBackError, UpdateError
from cli.updating.finding import newest, sticks
from cli.updating.layout import CONFIRMED, CURRENT
from cli.updating.statement import version_order
from cli.updating.updater import Updater

FOLDERS = ("media", "run/media", "mnt", "var/lib/mlfym-update/inbox")
"""Beneath the root, where --look looks."""
WISH = "var/lib/mlfym/update-wanted"
EXIT_REFUSED, EXIT_ROLLED_BACK = 1, 3


def run(arguments: list[str]) -> int:
    """Update; 1 when it is refused, 2 for wrong options, 3 when the former version runs again."""
    options = _parser().parse_args(arguments)
    if options.root == Path("/") and os.geteuid() and not options.status:
        print("mlfym update: needs root: sudo mlfym update …", file=sys.stderr)
        return 2
    updater = Updater(System.at(options.root))
    try:
        print(carry_out(updater, options))
    except RolledBackError as error:
        print(f"mlfym update: {error}", file=sys.stderr)
        return EXIT_ROLLED_BACK
    except UpdateError as error:
        print(f"mlfym update: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def carry_out(updater: Updater, options: argparse.Namespace) -> str:
    """What came of it, in words.

    Raises:
        UpdateError: it was refused, or the former version runs again.

    """
    if options.status:
        return _status(updater)
    if options.resume:
        return f"{updater.resume()} runs"
    if options.look or options.release is None:
        return look_and_install(updater, options.folder, only_tell=options.only_tell)
    return f"{updater.install(options.release, force=options.force)} is installed"


def look_and_install(updater: Updater, more: list[Path], *, only_tell: bool) -> str:
    """Install the newest release that is to be found.

    Raises:
        UpdateError: it was refused, or the former version runs again.

    """
    root = updater.layout.root
    wished = (root / WISH).exists()
    (root / WISH).unlink(missing_ok=True)
    # What was rolled back is not tried again every night, but when somebody wishes for it.
    refused = () if wished else updater.teller.told().refused
    folders = [*more, *(root / name for name in FOLDERS)]
    with sticks(updater.system, updater.layout.kept / "sticks") as plugged:
        found = newest([*folders, *plugged], updater.layout.trusted_keys(), refused)
        running = updater.layout.version_at(CURRENT)
        updater.teller.tell(installed=updater.layout.version_at(CONFIRMED))
        if not found or found[1].order <= version_order(running or "0.0.0"):
            updater.teller.tell(latest=running)
            return f"nothing newer than {running or 'nothing'} is to be found"
        path, statement = found
        updater.teller.tell(latest=statement.version, summary=statement.summary)
        if only_tell:
            return f"{statement.version} is at {path}: sudo mlfym update {path}"
        return f"{updater.install(path)} is installed"


def _status(updater: Updater) -> str:
    told, layout = updater.teller.told(), updater.layout
    lines = [
        f"runs       {layout.version_at(CURRENT) or 'nothing that was installed'}",
        f"healthy    {layout.version_at(CONFIRMED)}",
        f"is there   {', '.join(layout.versions())}",
        f"newest     {told.latest} {told.summary}".rstrip(),
        f"at work    {told.phase}",
        f"last       {told.outcome} {told.why}".rstrip(),
        f"trusts     {', '.join(str(key) for key in layout.trusted_keys()) or 'nobody'}",
    ]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlfym update", description=__doc__)
    parser.add_argument("release", nargs="?", type=Path, metavar="FILE", help="its statement")
    parser.add_argument("--look", action="store_true", help="look for one; so it does without FILE")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="look here too")
    parser.add_argument("--only-tell", action="store_true", help="say what --look found")
    parser.add_argument("--force", action="store_true", help="also a version that is not newer")
    parser.add_argument("--resume", action="store_true", help="finish what a power cut left")
    parser.add_argument("--status", action="store_true", help="say how updating stands")
    parser.add_argument("--root", type=Path, default=Path("/"), help="another system's root")
    return parser
