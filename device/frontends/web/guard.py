"""Stands before every request: whose page it is meant for, whose page it came from.

A page elsewhere on the web can make a guest's browser send requests here. Three things stop it:
the Host has to be a name of this device or an address (DNS rebinding needs a name of its own);
what changes anything has to come from this device's own page; and cookies are SameSite.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
"""The page never asks a browser for its camera: a photo is a file that the guest picks."""
SAFE_METHODS = frozenset({"GET", "HEAD"})


def own_names(more: Iterable[str] = ()) -> frozenset[str]:
    """Names that this device goes by."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name}.local", *(n.lower() for n in more)})


def host_of(host: str) -> str:
    """The Host header without its port, and without the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def is_ours(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header names this device: by its name, or by any address."""
    name = host_of(host)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in names
    return True


class Guard:
    """ASGI middleware: refuses what is not meant for this device, and marks what is."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refused = self._refusal(scope)
        app = PlainTextResponse(refused[1], refused[0]) if refused else self._app
        await app(scope, receive, marked)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not is_ours(hosts[0], self._names):
            return 421, "this device goes by another name: open it by its address"
        if scope["method"] in SAFE_METHODS:
            return None
        origin = headers.get("origin", "")
        if origin.partition("://")[2] != hosts[0]:
            return 403, "only the page of this device may do that"
        return None
