"""By which address a guest's wishes are counted: one phone, not each address that it can take.

A phone has one IPv4 address, and of IPv6 as many as it likes: whoever is on a line chooses the
lower 64 bits (RFC 4862). So whoever comes from elsewhere counts by their /64. The guests on the
house's own Wi-Fi share such a /64 with one another and with this device; counted by it they would
have one wish between them all. There every address counts by itself.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

from device.frontends.web.proxies import address_of, is_among

if TYPE_CHECKING:
    from collections.abc import Sequence

A_LINE, A_SITE = 64, 56
"""Bits of prefix: of one line, and of all the lines of a house (RFC 6177, section 2)."""
OWN_ADDRESSES = Path("/proc/net/if_inet6")
WITHIN_A_HOUSE = (ipaddress.ip_network("fe80::/10"), ipaddress.ip_network("fc00::/7"))
"""Link-local and unique local addresses: nobody comes with one from outside."""


def mark_of(host: str, sites: Sequence[ipaddress.IPv6Network] | None = None) -> str:
    """What a guest at this address is counted by.

    Args:
        host: an address as the server's socket or a proxy names it; an IPv4 address that comes
            in the form of IPv6 is the same guest's.
        sites: IPv6 networks of this house; None: as the kernel knows them.

    """
    address = address_of(host)
    if address is None:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    address = ipaddress.IPv6Address(int(address))  # without the name of the network card
    if is_among(address, WITHIN_A_HOUSE):
        return str(address)
    if is_among(address, own_sites() if sites is None else sites):
        return str(address)
    return str(ipaddress.ip_network((int(address), A_LINE), strict=False))


def own_sites(table: Path = OWN_ADDRESSES) -> list[ipaddress.IPv6Network]:
    """The IPv6 networks of the house that this device stands in; none where there is no IPv6."""
    try:
        rows = table.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError):
        return []
    own = [ipaddress.IPv6Address(int(row.split()[0], 16)) for row in rows if row.strip()]
    return [
        ipaddress.IPv6Network((int(address), A_SITE), strict=False)
        for address in own
        if not address.is_loopback
    ]
