"""Write all that this appliance has learnt into one file: settings, history, likes, model.

The programs may run. The music is not in it, and no password and no PIN unless they are asked
for. `./mlfym restore FILE` brings it back, here or on another machine (docs/reliability.md).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli.appliance.plan import version_of
from cli.moving.archive import FORMAT, Manifest, write_archive
from cli.moving.contents import DEVICE, SERVER, Side, gathered, side
from contracts.settings import EXIT_SETTINGS, SettingsError
from contracts.whole_file import replacing
from device.settings import DeviceSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
INSTALLED = {
    DEVICE: Path("/etc/mlfym/device.toml"),
    SERVER: Path("/etc/mlfym/recommender-1.toml"),
}


def run(arguments: list[str]) -> int:
    """Write it; 1 when that fails, 2 when the settings are wrong."""
    parser = argparse.ArgumentParser(prog="mlfym backup", description=__doc__)
    parser.add_argument("file", type=Path, help="what to write; it is replaced when it is there")
    add_sides(parser)
    parser.add_argument("--with-secrets", action="store_true", help="passwords and the PIN too")
    options = parser.parse_args(arguments)
    try:
        whole = back_up(sides(options), options.file, secrets=options.with_secrets)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except OSError as error:
        print(f"mlfym backup: {error}: nothing was written", file=sys.stderr)
        return 1
    if not whole.files:
        print("there is nothing to back up yet: name the settings with --settings")
        return 1
    size = sum(member.bytes for member in whole.files) / 1e6
    print(f"{options.file}: {len(whole.files)} files, {size:.1f} MB before compression")
    if options.with_secrets:
        print("It holds passwords: keep it where nobody else reads it.")
    return 0


def add_sides(parser: argparse.ArgumentParser) -> None:
    """Options that name a device and a server."""
    parser.add_argument("--settings", type=Path, help=f"the device's; else {INSTALLED[DEVICE]}")
    parser.add_argument("--server", type=Path, help=f"the server's; else {INSTALLED[SERVER]}")


def sides(options: argparse.Namespace) -> list[Side]:
    """The device, and the server where one is named or installed.

    Raises:
        SettingsError: the settings of one are wrong.

    """
    named = {DEVICE: options.settings, SERVER: options.server}
    files = {
        name: file or (INSTALLED[name] if INSTALLED[name].is_file() else None)
        for name, file in named.items()
    }
    return [side(name, file) for name, file in files.items() if file or name == DEVICE]


def back_up(chosen: Sequence[Side], file: Path, *, secrets: bool) -> Manifest:
    """Write a backup for its owner alone; whole, or not at all.

    Raises:
        OSError: something cannot be read, or the file not be written.

    """
    with (
        tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".mlfym-") as folder,
        replacing(file.absolute()) as part,
    ):
        files: dict[str, Path] = {}
        for one in chosen:
            files |= gathered(one, Path(folder), secrets=secrets)
        device = next((o.settings for o in chosen if isinstance(o.settings, DeviceSettings)), None)
        manifest = Manifest(
            format=FORMAT,
            version=version_of(ROOT),
            made_unix_seconds=time.time(),
            device_id=device.device_id if device else "",
            secrets=secrets,
            files=(),
        )
        part.touch(mode=0o600, exist_ok=False)
        with part.open("r+b") as out:
            return write_archive(out, manifest, files)
