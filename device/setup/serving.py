"""Serves the set-up page in a thread of its own, for as long as the hotspot is up."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

BACKLOG, MOST_CONNECTIONS = 64, 100
STOP_SECONDS = 3.0


class PageServer:
    """Opens and closes any number of times.

    Args:
        application: what answers.
        address: the hotspot's own; no other network of the device sees the page.
        port: 0 takes any that is free.

    """

    def __init__(self, application: ASGIApp, address: str, port: int) -> None:
        self._application, self._where = application, (address, port)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = port

    def open(self) -> None:
        """Serve from now on.

        Raises:
            OSError: the address is not this device's, or the port is taken.

        """
        self.close()
        listener = socket.create_server(self._where, backlog=BACKLOG)
        self.port = listener.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(
                self._application,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=16_384,
                ws="none",
                http="h11",
                loop="asyncio",
            )
        )
        self._server = server
        self._thread = threading.Thread(
            target=_serve, args=(server, listener), name="page", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        if self._server:
            self._server.should_exit = True
        if self._thread:
            self._thread.join(STOP_SECONDS)
        self._server = self._thread = None


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    with listener:
        asyncio.run(server.serve(sockets=[listener]))
