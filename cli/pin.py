"""Set the staff's PIN of this device, or take it back: at the device, as its owner, alone."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from pathlib import Path

from contracts.settings import EXIT_SETTINGS, SettingsError, load_settings
from device.frontends.web.staff_pin import PinError, forget_pin, set_pin
from device.settings import DeviceSettings

CHANCE_DIGITS = 8


def run(arguments: list[str]) -> int:
    """Ask for a PIN twice and keep it; 1 when it is none or cannot be kept."""
    parser = argparse.ArgumentParser(prog="mlfym pin", description=__doc__)
    parser.add_argument("--settings", type=Path, help="the device's TOML, to find it")
    parser.add_argument("--new", action="store_true", help="make one by chance and show it once")
    parser.add_argument("--forget", action="store_true", help="nobody is staff until one is set")
    options = parser.parse_args(arguments)
    try:
        folder = Path(load_settings(options.settings, DeviceSettings).state_folder).expanduser()
        print(_done(folder, forget=options.forget, new=options.new))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except (PinError, OSError) as error:
        print(f"mlfym pin: {error}", file=sys.stderr)
        return 1
    return 0


def _done(folder: Path, *, forget: bool, new: bool) -> str:
    if forget:
        forget_pin(folder)
        return "no PIN is set: nobody is staff"
    if new:
        return f"the staff's PIN is {new_pin(folder)}; it is shown only now"
    set_pin(folder, _asked())
    return "the staff's PIN is set; whoever was in with the old one has to come in anew"


def new_pin(folder: Path) -> str:
    """Set a PIN made by chance; returns it."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(CHANCE_DIGITS))
        try:
            set_pin(folder, pin)
        except PinError:
            continue  # one of the few that are easy to guess
        return pin


def _asked() -> str:
    """A PIN typed twice, or a line of standard input where that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    pin = getpass.getpass("new PIN, 6 to 12 digits: ")
    if getpass.getpass("once more: ") != pin:
        msg = "the two differ: try again"
        raise PinError(msg)
    return pin
