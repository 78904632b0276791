"""The demo's page: on a free port of this machine, with a staff PIN made by chance."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import msgspec

from cli.pin import new_pin

if TYPE_CHECKING:
    from pathlib import Path

    from device.settings import DeviceSettings

FAVOURITE_PORT = 8060
HERE = "127.0.0.1"


def with_page(settings: DeviceSettings) -> DeviceSettings:
    """The settings with a port for the page, where they name none."""
    if settings.web.port:
        return settings
    web = msgspec.structs.replace(settings.web, port=free_port(), listen=HERE)
    return msgspec.structs.replace(settings, web=web)


def free_port(wanted: int = FAVOURITE_PORT) -> int:
    """The wanted port, or another that is free now."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HERE, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted


def told(settings: DeviceSettings, state_folder: Path) -> str:
    """Where the page is, in words, with the staff's PIN, which is made here."""
    address = f"http://{HERE}:{settings.web.port}/"
    return f"{address} (kiosk: {address}kiosk, staff: {address}staff, PIN {new_pin(state_folder)})"
