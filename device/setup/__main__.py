"""`python -m device.setup`: brings a device without a screen into a Wi-Fi.

Failure policy: wrong settings exit 2; everything else is said once and tried again.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from queue import SimpleQueue

import msgspec

from contracts.settings import EXIT_SETTINGS, SettingsError, load_settings
from device.chosen import HANDOVER
from device.setup.choices import Wish, keep_wish
from device.setup.desk import Desk
from device.setup.hotspot_key import HotspotKey, hotspot_key
from device.setup.nmcli import Nmcli
from device.setup.running import Events, Setup, World
from device.setup.serving import PageServer
from device.setup.settings import SetupSettings
from device.setup.site import Site

log = logging.getLogger("device.setup")

RESTART = ("systemctl", "--no-ask-password", "restart", "mlfym-core.service")
RESTART_SECONDS = 120.0


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; 2 for wrong settings."""
    parser = argparse.ArgumentParser(prog="python -m device.setup", description=__doc__)
    parser.add_argument("--settings", type=Path, help="TOML; it need not be there")
    parser.add_argument("--folder", type=Path, default=HANDOVER, help="what is kept, and handed on")
    parser.add_argument("--nmcli", default="nmcli", help="command line of nmcli or its stand-in")
    parser.add_argument("--no-restart", action="store_true", help="core is not started anew")
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        settings = _settings(options.settings)
        key = hotspot_key(options.folder)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person who started it
        return EXIT_SETTINGS
    except (OSError, msgspec.DecodeError) as error:
        log.error("the hotspot's password cannot be had: %s", error)  # noqa: TRY400
        return 1
    setup = make(options, settings, key)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: setup.end())
    setup.run()
    return 0


def make(options: argparse.Namespace, settings: SetupSettings, key: HotspotKey) -> Setup:
    """The loop and its page, put together."""
    desk = Desk(settings)
    events: Events = SimpleQueue()
    site = Site(desk, events.put, settings.port)

    def keep(wish: Wish) -> None:
        keep_wish(options.folder, wish, time.time())
        if not options.no_restart:
            start_core_anew()

    world = World(
        network=Nmcli(shlex.split(options.nmcli)),
        page=PageServer(site.application(), settings.address, settings.port),
        key=key,
        keep=keep,
    )
    return Setup(world, desk, events)


def start_core_anew() -> None:
    """Core reads what was chosen when it starts; when that fails, the next start does.

    Raises:
        OSError: systemd refused, see the unit's polkit rule.

    """
    try:
        subprocess.run(RESTART, check=True, timeout=RESTART_SECONDS, capture_output=True)
    except subprocess.SubprocessError as error:
        msg = f"core was not started anew, so it takes what was chosen at its next start: {error}"
        raise OSError(msg) from error


def _settings(path: Path | None) -> SetupSettings:
    """Those of the file, or the defaults where there is none."""
    there = path if path and path.exists() else None
    return load_settings(there, SetupSettings)


if __name__ == "__main__":
    sys.exit(main())
