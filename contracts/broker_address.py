"""The address of a broker as one writes it: `mqtt://user@host`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from contracts.settings import BrokerSettings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

PASSWORD_VARIABLE = "MLFYM_BROKER_PASSWORD"  # noqa: S105 - the name of a variable
PORTS = {"mqtt": 1883, "mqtts": 8883}
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""Debian's; another authority stands in the settings, as `broker.ca_file`."""


def broker_of(address: str, environment: Mapping[str, str]) -> BrokerSettings:
    """Settings out of `mqtt://user@host:port`, or `mqtts://` for TLS.

    The password comes from the environment, since every program of a machine can read the
    arguments of all others; one in the address is taken, too.

    Raises:
        SettingsError: it is no such address; never repeats a password.

    """
    parts = urlsplit(address if "://" in address else f"mqtt://{address}")
    password = unquote(parts.password or "") or environment.get(PASSWORD_VARIABLE, "")
    why = _wrong(parts, password)
    if why:
        hint = f"mqtt://user@host:1883 or mqtts://user@host, the password in {PASSWORD_VARIABLE}"
        source = "--broker"
        raise SettingsError(source, [f"{why}: write {hint}"])
    return BrokerSettings(
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=password,
        ca_file=AUTHORITIES if parts.scheme == "mqtts" else "",
    )


def _wrong(parts: SplitResult, password: str) -> str:
    """What is wrong with an address; empty when it is right."""
    try:
        port = parts.port
    except ValueError as error:
        return str(error)
    wrongs = {
        f"{parts.scheme}:// is not known": parts.scheme not in PORTS,
        "the host is missing": not parts.hostname,
        "nothing follows the port": parts.path.strip("/") or parts.query or parts.fragment,
        "port 0 is none": port == 0,
        "a password needs a user": password and not parts.username,
    }
    return next((why for why, wrong in wrongs.items() if wrong), "")
