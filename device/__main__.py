"""`python -m device --settings FILE`: the core program of an appliance."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.settings import EXIT_REFUSED, EXIT_SETTINGS, SettingsError, load_settings
from contracts.topics import TopicError, checked_id
from device.app import App
from device.music.player import PygamePlayer, SoundUnavailableError
from device.settings import DeviceSettings
from device.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import AnyEvent
    from device.music.ports import Player
    from device.settings import SoundSettings

log = logging.getLogger("device")


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; 2 for wrong settings, 78 for what no restart can mend."""
    parser = argparse.ArgumentParser(prog="python -m device", description=__doc__)
    parser.add_argument("--settings", type=Path, help="TOML; without it, the defaults")
    parser.add_argument("--verbose", action="store_true", help="log each decision")
    options = parser.parse_args(arguments)
    level = logging.DEBUG if options.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = load_settings(options.settings, DeviceSettings)
        checked_id(settings.device_id)
        app = _app(settings)
    except (SettingsError, TopicError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person who started it
        return EXIT_SETTINGS
    except SoundUnavailableError as error:
        log.error("%s", error)  # noqa: TRY400 - the words say it all
        return 1  # a card may be plugged in: try again
    except StoreError as error:
        log.error("%s", error)  # noqa: TRY400 - the words say it all
        return EXIT_REFUSED
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: app.end())
    app.run()
    return 0


def _app(settings: DeviceSettings) -> App:
    inherited = int(os.environ.get("LISTEN_FDS", "0"))

    def player(put: Callable[[AnyEvent], None]) -> Player:
        return open_player(settings.sound, put)

    return App(
        settings,
        player,
        clock=time.monotonic,
        unix_clock=time.time,
        inherited_sockets=inherited,
    )


def open_player(sound: SoundSettings, put: Callable[[AnyEvent], None]) -> Player:
    """The player on the card that the settings name, or on their named fall-back.

    Raises:
        SoundUnavailableError: no card, and no fall-back was asked for.

    """
    try:
        return PygamePlayer(
            put, clock=time.monotonic, driver=sound.driver or None, device=sound.device or None
        )
    except SoundUnavailableError as error:
        if not sound.fallback_driver:
            raise
        log.warning("%s: going on with the %s driver", error, sound.fallback_driver)
        return PygamePlayer(put, clock=time.monotonic, driver=sound.fallback_driver)


if __name__ == "__main__":
    sys.exit(main())
