"""Under which address a phone finds this device."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.settings import WebSettings

HTTP_PORT = 80
ELSEWHERE = ("192.0.2.1", 9)
"""TEST-NET-1 (RFC 5737): never reached, but the kernel picks the way there without a packet."""


def page_address(web: WebSettings, port: int) -> str:
    """That of the settings, else one made of where the server listens."""
    if web.address:
        return web.address
    host = web.listen
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - compared, not listened on
        host = own_address()
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}/" if port == HTTP_PORT else f"http://{named}:{port}/"


def own_address() -> str:
    """The address in its network; a name while it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            own = str(probe.getsockname()[0])
        except OSError:
            own = ""
    usable = own and not ipaddress.ip_address(own).is_unspecified
    return own if usable else f"{socket.gethostname()}.local"
