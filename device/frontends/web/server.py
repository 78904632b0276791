"""The page's server: an asyncio loop in a thread of core's process."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

from device.frontends.web.site import Site, make_application

if TYPE_CHECKING:
    from device.frontends.web.house import House

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
BACKLOG = 256
MOST_CONNECTIONS = 400
GOODBYE_SECONDS = 1
STOP_SECONDS = 3.0


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        OSError: the port is taken, or the address is not this device's.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class WebServer:
    """Serves the page until it is stopped; `listener` stands in for the settings' address."""

    def __init__(self, house: House, listener: socket.socket | None = None) -> None:
        self._house, self._listener = house, listener
        self._ended = threading.Event()
        self._server: uvicorn.Server | None = None
        self._site: Site | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye to every page, and end."""
        self._ended.set()
        if self._loop and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._end)
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _end(self) -> None:
        if self._site:
            self._site.streams.end()
        if self._server:
            self._server.should_exit = True

    def _run(self) -> None:
        listener = self._listener or self._bound()
        if listener is None:
            return
        port = listener.getsockname()[1]
        with listener:
            asyncio.run(self._serve(listener, port))

    def _bound(self) -> socket.socket | None:
        """Ours, as soon as it can be had; None when the device ended before."""
        web = self._house.settings.web
        said = False
        while not self._ended.is_set():
            try:
                return listening(web.listen, web.port)
            except OSError as error:
                if not said:
                    log.warning("no page at %s port %d yet: %s", web.listen, web.port, error)
                said = True
            self._ended.wait(RETRY_SECONDS)
        return None

    async def _serve(self, listener: socket.socket, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._site = Site(self._house, port)
        self._server = uvicorn.Server(
            uvicorn.Config(
                make_application(self._site),
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # web.proxies believes those of the settings alone
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=GOODBYE_SECONDS,
                h11_max_incomplete_event_size=16_384,
                ws="none",
                http="h11",
                loop="asyncio",
            )
        )
        if self._ended.is_set():
            return
        log.info("the page is at port %d", port)
        await self._server.serve(sockets=[listener])
