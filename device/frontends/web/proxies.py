"""A reverse proxy before the page: who really asks, from the proxies of the settings alone.

A proxy adds the address of its own client at the end of X-Forwarded-For. Read from the right,
the first address that is none of our proxies is the guest's; whatever stands left of it is what
the guest claims, and is not believed. From everybody else the header is not read at all.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PROXIED = "mlfym.proxied"
"""In a scope: it came by a proxy, and so from no screen of the device itself."""


class Proxies:
    """ASGI middleware: puts the guest's own address in the place of the proxy's."""

    def __init__(self, app: ASGIApp, trusted: Iterable[str]) -> None:
        self._app = app
        self._trusted = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its client as it really is."""
        if scope["type"] == "http" and scope.get("client"):
            scope = self._seen_through(scope)
        await self._app(scope, receive, send)

    def _seen_through(self, scope: Scope) -> Scope:
        proxy, port = scope["client"]
        headers = Headers(scope=scope)
        said = ",".join(headers.getlist("x-forwarded-for"))
        if not said or not is_among(address_of(proxy), self._trusted):
            return scope
        client = client_behind(said, self._trusted)
        scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        return {
            **scope,
            PROXIED: True,
            "client": (str(client) if client else proxy, 0 if client else port),
            "scheme": scheme if scheme in {"http", "https"} else scope["scheme"],
        }


def client_behind(said: str, trusted: Iterable[Network]) -> Address | None:
    """Who asked the outermost of our proxies; None when the header does not tell."""
    proxies = list(trusted)
    for entry in reversed(said.split(",")):
        address = address_of(entry)
        if address is None:
            return None
        if not is_among(address, proxies):
            return address
    return None


def address_of(said: str) -> Address | None:
    """An address as proxies write it, with a port or without; None when it is none."""
    text = said.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_among(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether one of the networks holds it."""
    return address is not None and any(address in network for network in networks)
