"""`python -m device --settings FILE`: the core program of an appliance."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from contracts.allocator import keep_little
from contracts.broker_address import broker_of
from contracts.settings import EXIT_REFUSED, EXIT_SETTINGS, SettingsError, load_settings
from contracts.topics import TopicError, checked_id
from device.app import App
from device.chosen import with_chosen
from device.music.player import PygamePlayer, SoundUnavailableError
from device.own_broker import with_own_broker
from device.pace import Pace
from device.settings import DeviceSettings
from device.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Event
    from device.music.ports import Player

log = logging.getLogger("device")


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; 2 for wrong settings, 78 for what no restart can mend."""
    parser = argparse.ArgumentParser(prog="python -m device", description=__doc__)
    parser.add_argument("--settings", type=Path, help="TOML; without it, the defaults")
    parser.add_argument("--broker", help="mqtt://user@host, before the settings' own")
    parser.add_argument("--verbose", action="store_true", help="log each decision")
    options = parser.parse_args(arguments)
    level = logging.DEBUG if options.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = with_chosen(load_settings(options.settings, DeviceSettings))
        if options.broker:
            broker = broker_of(options.broker, os.environ)
            settings = msgspec.structs.replace(settings, broker=broker)
        elif named := with_own_broker(settings):
            settings = named
        elif settings.network.find_broker:
            from device.frontends.naming import found_broker  # noqa: PLC0415 - if it is wanted

            settings = msgspec.structs.replace(settings, broker=found_broker(settings.broker))
        checked_id(settings.device_id)
        log.info("%s starts, with music from %s", settings.device_id, settings.music_folder)
        app = _app(settings)
    except (SettingsError, TopicError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person who started it
        return EXIT_SETTINGS
    except (SoundUnavailableError, OSError) as error:
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
    ours = os.environ.get("LISTEN_PID") == str(os.getpid())
    inherited = int(os.environ.get("LISTEN_FDS", "0")) if ours else 0
    pace = Pace()
    keep_little()
    return App(
        settings,
        lambda put: open_player(settings, pace.stamped(put)),
        clock=pace.monotonic,
        unix_clock=pace.unix,
        inherited_sockets=inherited,
    )


def open_player(settings: DeviceSettings, put: Callable[[Event], None]) -> tuple[Player, str]:
    """The player on the card that the settings name, or on their named fall-back; and its driver.

    Raises:
        SoundUnavailableError: no card, and no fall-back was asked for.

    """
    sound, crossfade = settings.sound, settings.music.crossfade_seconds
    make = partial(PygamePlayer, put, clock=time.monotonic, crossfade_seconds=crossfade)
    try:
        player = make(driver=sound.driver or None, device=sound.device or None)
    except SoundUnavailableError as error:
        if not sound.fallback_driver:
            raise
        log.warning("%s: going on with the %s driver", error, sound.fallback_driver)
        driver = sound.fallback_driver
        return make(driver=driver), driver
    return player, sound.driver or "the system's sound card"


if __name__ == "__main__":
    sys.exit(main())
