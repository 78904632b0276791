"""Show the hotspot of a device without a screen: its name, its password, its QR code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from device.chosen import HANDOVER
from device.setup.hotspot_key import hotspot_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.setup.hotspot_key import HotspotKey


def run(arguments: list[str], key_in: Callable[[Path], HotspotKey] = hotspot_key) -> int:
    """Show it, or draw it for a sticker; 1 when it cannot be read or made.

    Args:
        arguments: of the command line.
        key_in: reads the key in a folder, or makes it there.

    """
    parser = argparse.ArgumentParser(prog="mlfym setup", description=__doc__)
    parser.add_argument("--show", action="store_true", help="in this terminal (the default)")
    parser.add_argument("--picture", type=Path, help="the QR code as .svg or .png, for a sticker")
    parser.add_argument("--folder", type=Path, default=HANDOVER, help="where it is kept")
    options = parser.parse_args(arguments)
    try:
        key = key_in(options.folder)
        if options.picture:
            key.picture(options.picture)
    except PermissionError:
        print("mlfym setup: only root may read it: sudo mlfym setup", file=sys.stderr)
        return 1
    except (OSError, ValueError, msgspec.DecodeError) as error:
        print(f"mlfym setup: {error}", file=sys.stderr)
        return 1
    if options.picture:
        print(f"{options.picture} is drawn: whoever sees it can come into the hotspot")
    if options.show or not options.picture:
        print(f"{key.drawn()}\n\nWi-Fi     {key.ssid}\npassword  {key.password}")
    return 0
