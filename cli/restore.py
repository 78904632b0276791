"""Bring back what `./mlfym backup` wrote; what is there now is backed up first.

The programs have to be stopped. A backup that was altered, damaged or is of a newer version is
refused before anything is changed. Secrets that it does not hold stay as they are here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.backup import add_sides, back_up, sides
from cli.moving.archive import ArchiveError, Manifest, read_archive
from cli.moving.returning import (
    StillRunningError,
    former_name,
    is_empty,
    must_be_stopped,
    must_fit,
    places,
    put_back,
)
from contracts.settings import EXIT_SETTINGS, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.moving.contents import Side


def run(arguments: list[str]) -> int:
    """Restore; 1 when the backup is refused or cannot be put back, 2 for wrong settings."""
    parser = argparse.ArgumentParser(prog="mlfym restore", description=__doc__)
    parser.add_argument("file", type=Path, help="a backup")
    add_sides(parser)
    parser.add_argument("--dry-run", action="store_true", help="check it, and change nothing")
    options = parser.parse_args(arguments)
    try:
        lines = restore(options.file, sides(options), dry_run=options.dry_run)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except (ArchiveError, StillRunningError) as error:
        print(f"mlfym restore: {error}; nothing was changed", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"mlfym restore: {error}: make room there, or use sudo", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def restore(file: Path, chosen: Sequence[Side], *, dry_run: bool) -> list[str]:
    """Check a backup and put it back; what came of it, in lines.

    Raises:
        ArchiveError: it is none that can be restored; nothing was changed.
        StillRunningError: a program has its database open; nothing was changed.
        OSError: it cannot be read, or its files not be written.

    """
    with tempfile.TemporaryDirectory(dir=_roomy(chosen), prefix=".mlfym-") as folder:
        manifest, laid = read_archive(file, Path(folder))
        must_fit(laid)
        lines = [_told(manifest)]
        if dry_run:
            return [*lines, "it is whole and fits this program; nothing was changed"]
        meant = [s for s in chosen if any(n.startswith(f"{s.name}/") for n in laid)]
        there = [place for one in meant for place in places(one, laid)]
        for place in there:
            must_be_stopped(place.folder)
        for place in there:
            if not is_empty(place):
                former = former_name(place.folder)
                back_up([place], former, secrets=True)
                lines.append(f"what was there before is in {former}")
        for one in meant:
            names = put_back(one, manifest, laid)
            lines.append(f"{one.name}: restored {', '.join(names)}")
    left = {name.partition("/")[0] for name in laid} - {one.name for one in meant}
    lines += [f"not restored: the {name}; name its settings with --{name}" for name in sorted(left)]
    return lines


def _told(manifest: Manifest) -> str:
    made = datetime.fromtimestamp(manifest.made_unix_seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    secrets = "with its secrets" if manifest.secrets else "without secrets"
    return f"backup of {manifest.device_id or 'a server'}, {made}, {manifest.version}, {secrets}"


def _roomy(chosen: Sequence[Side]) -> Path:
    """Where the backup is laid out: on the disk that has to take it anyway."""
    folder = chosen[0].folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder
