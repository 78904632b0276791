"""A TCP proxy that is a bad network: it swallows, delays, throttles and cuts."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
BLOCK_BYTES = 16_384


class Proxy:
    """Stands between clients and a port of this machine, in a thread of its own.

    Attributes:
        host: its address.
        port: where clients connect to.
        swallowing: what is sent goes nowhere, and nobody is told: a partition. TCP would send it
            again when the network is back; so does this, since what was swallowed waits here.
        delay_seconds: each way.
        bytes_per_second: each way; 0 is as fast as it goes.

    """

    def __init__(self, target_port: int, host: str = HOST) -> None:
        self.host, self.target_port = host, target_port
        self.port = 0
        self.swallowing = False
        self.delay_seconds = 0.0
        self.bytes_per_second = 0.0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def cut(self) -> None:
        """End every connection as a broker does that goes away."""
        self._loop.call_soon_threadsafe(self._cut)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, self.host, 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._while_swallowing()  # nobody answers a new connection in a partition
        try:
            onward, back = await asyncio.open_connection(HOST, self.target_port)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, back}
        both = [
            asyncio.ensure_future(self._carry(reader, back)),
            asyncio.ensure_future(self._carry(onward, writer)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            self._writers -= {writer, back}
            writer.close()
            back.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(BLOCK_BYTES):
                await self._while_swallowing()
                if self.delay_seconds or self.bytes_per_second:
                    rate = self.bytes_per_second or float("inf")
                    await asyncio.sleep(self.delay_seconds + len(block) / rate)
                writer.write(block)
                await writer.drain()

    async def _while_swallowing(self) -> None:
        while self.swallowing:  # noqa: ASYNC110 - it is set from another thread
            await asyncio.sleep(0.05)

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
