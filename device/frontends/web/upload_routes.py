"""Adding music: a file a request, written to the disk as it comes and never held in memory.

The disk is waited for in two threads of its own, so that neither commands nor event streams wait
for it. Whether a file may come is asked first (`check`), since a browser that is refused in the
middle of sending never learns why.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from contracts.track import TrackId
from device.frontends.web.requests import json_of, query_of
from device.frontends.web.words import RefusedError, answer
from device.music.sound import PLAYABLE
from device.music.upload_refusal import Trouble, UploadRefusedError, cut_short

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from device.frontends.web.site import Site
    from device.music.uploads import Incoming

AT_ONCE = 3
"""Of the whole device: its disk is one."""
PIECE_BYTES = 1 << 20
"""Written at a time."""
STATUS = {
    Trouble.KIND: 415,
    Trouble.LARGE: 413,
    Trouble.FULL: 507,
    Trouble.UNWRITABLE: 503,
    Trouble.BROKEN: 422,
    Trouble.CUT: 400,
}
MOST_ASKED = 60
T = TypeVar("T")


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A file that somebody would like to send."""

    name: Annotated[str, msgspec.Meta(max_length=1000)]
    size: Annotated[int, msgspec.Meta(ge=0)] = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of files that were sent, with commas between them."""

    ids: Annotated[str, msgspec.Meta(max_length=MOST_ASKED * 20)]


class UploadRoutes:
    """Everything that brings music in."""

    def __init__(self, site: Site) -> None:
        self._site, self._uploads = site, site.house.uploads
        self._open = 0
        self._threads = ThreadPoolExecutor(2, "upload")
        self._uploads.clear()

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/api/uploads", self.bounds),
            Route("/api/uploads", self.take, methods=["POST"]),
            Route("/api/uploads/check", self.check, methods=["POST"]),
            Route("/api/uploads/known", self.known),
        ]

    async def bounds(self, request: Request) -> Response:
        """What may be sent: how large, and with which endings; nothing for who may not."""
        most = self._uploads.most_bytes if self._site.people.may_upload(request) else 0
        return answer({"most_bytes": most, "endings": sorted(PLAYABLE), "at_once": AT_ONCE - 1})

    async def check(self, request: Request) -> Response:
        """Whether a file may come, and what it will be called."""
        self._allow(request)
        offered = await json_of(request, Offered)
        return answer({"name": await self._apart(self._uploads.check, offered.name, offered.size)})

    async def take(self, request: Request) -> Response:
        """A file: its bytes are the body, its name stands in the query."""
        self._allow(request)
        name = query_of(request, Offered).name
        if self._open >= AT_ONCE:
            text = "other files are on their way: this one waits a moment"
            raise RefusedError(503, "upload_busy", text, wait_seconds=2.0)
        self._open += 1
        try:
            stored = await self._taken(request, name)
        finally:
            self._open -= 1
            if not self._open:
                self._threads.submit(self._uploads.rest)
                self._site.house.look_for_music()
        return answer(msgspec.to_builtins(stored))

    async def known(self, request: Request) -> Response:
        """Which of these files the library has by now."""
        self._site.people.known_guest(request)
        ids = query_of(request, Asked).ids.split(",")
        return answer(sorted(self._site.house.shelves.known(map(TrackId, ids))))

    def close(self) -> None:
        """The device ends; whatever is still on its way is cut short by then."""
        self._threads.submit(self._uploads.rest)
        self._threads.shutdown(wait=False)

    def _allow(self, request: Request) -> None:
        self._site.people.allow_upload(request)
        if not self._uploads.most_bytes:
            raise RefusedError(403, "upload_off", "no music is taken here: copy it to its folder")

    async def _taken(self, request: Request, name: str) -> object:
        incoming = await self._apart(self._uploads.begin, name, _said_bytes(request))
        try:
            await self._pour(request, incoming)
            return await self._apart(incoming.finish)
        except (ClientDisconnect, TimeoutError) as error:
            await self._apart(incoming.discard)
            raise _refused(cut_short()) from error
        except asyncio.CancelledError as error:
            # The device ends and this outlasted its goodbye: told like all others, not logged.
            self._threads.submit(incoming.discard)
            raise _refused(cut_short()) from error

    async def _pour(self, request: Request, incoming: Incoming) -> None:
        waiting, came = bytearray(), request.stream()
        patience = self._uploads.patience_seconds
        while (part := await asyncio.wait_for(anext(came, None), patience)) is not None:
            waiting += part
            if len(waiting) >= PIECE_BYTES:
                await self._apart(incoming.write, bytes(waiting))
                waiting.clear()
        await self._apart(incoming.write, bytes(waiting))

    async def _apart(self, call: Callable[..., T], *arguments: object) -> T:
        """Call it in a thread of uploads.

        Raises:
            RefusedError: it raised an UploadRefusedError.

        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, partial(call, *arguments))
        except UploadRefusedError as error:
            raise _refused(error) from error


def _refused(error: UploadRefusedError) -> RefusedError:
    return RefusedError(STATUS[error.trouble], f"upload_{error.trouble}", error.text)


def _said_bytes(request: Request) -> int:
    """As its head says; 0 where it does not: then it is counted as it comes."""
    said = request.headers.get("content-length", "0")
    return int(said) if said.isascii() and said.isdecimal() else 0
