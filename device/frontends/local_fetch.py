"""Fetches a small file from a host of the local network, and from nowhere else.

The address that was checked is the address that is connected to, and no redirect is followed: a
name that changes its mind, or a page that points elsewhere, reaches nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_BYTES = 12 * 1024 * 1024
"""A minute of CD-quality WAV is 10.6 MB."""
QUIET_SECONDS = 5.0
WHOLE_SECONDS = 20.0
CHUNK_BYTES = 65_536
_LOCAL = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
"""RFC 1918 and RFC 4193. Not loopback: what listens on this device alone is not asked."""


class FetchError(ValueError):
    """It cannot be fetched; says why."""


def on_local_network(address: Address) -> bool:
    """Whether an address is one that homes give their machines."""
    return any(address in network for network in _LOCAL)


def fetch(
    url: str,
    *,
    allowed: Callable[[Address], bool] = on_local_network,
    most_bytes: int = MOST_BYTES,
    quiet_seconds: float = QUIET_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """The file at an http(s) address, of `most_bytes` at most and within WHOLE_SECONDS.

    `quiet_seconds`: how long its host may say nothing.

    Raises:
        FetchError: the address is not allowed or wrong, or its host does not give the file.

    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        host = parts.hostname or ""
        address = _checked(host, port, allowed)
        deadline = clock() + WHOLE_SECONDS
        connection = _connection(parts, host, (address, port), quiet_seconds)
        try:
            connection.request("GET", _target(parts), headers={"Accept": "audio/*"})
            return _body(connection.getresponse(), most_bytes, deadline, clock)
        finally:
            connection.close()
    except (KeyError, ValueError, OSError, http.client.HTTPException) as error:
        if isinstance(error, FetchError):
            raise
        msg = f"{url!r} cannot be fetched: {error}"
        raise FetchError(msg) from error


def _checked(host: str, port: int, allowed: Callable[[Address], bool]) -> str:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(row[4][0]) for row in found]
    good = [a for a in addresses if allowed(ipaddress.ip_address(a.partition("%")[0]))]
    if not good:
        msg = f"{host!r} is not on the local network: announcements come from there alone"
        raise FetchError(msg)
    return good[0]


def _connection(
    parts: SplitResult, host: str, address: tuple[str, int], quiet_seconds: float
) -> http.client.HTTPConnection:
    """A connection that is open, to this very address."""
    plain = socket.create_connection(address, quiet_seconds)
    try:
        if parts.scheme == "https":
            plain = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise
    connection = http.client.HTTPConnection(host, address[1])
    connection.sock = plain
    return connection


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _body(
    response: http.client.HTTPResponse,
    most_bytes: int,
    deadline: float,
    clock: Callable[[], float],
) -> bytes:
    if response.status != http.HTTPStatus.OK:
        msg = f"its host answers {response.status} {response.reason}"
        raise FetchError(msg)
    body = bytearray()
    while chunk := response.read1(CHUNK_BYTES):
        body += chunk
        if len(body) > most_bytes:
            msg = f"it has more than {most_bytes} bytes: an announcement is shorter"
            raise FetchError(msg)
        if clock() > deadline:
            msg = f"its host takes more than {WHOLE_SECONDS:g} s"
            raise FetchError(msg)
    return bytes(body)
