"""Doing: commands, wishes, a photo, and coming in as staff."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Annotated

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from contracts.vision_wire import MAX_PHOTO_BYTES, PhotoAnalysed
from device.frontends.web.giving import give
from device.frontends.web.owner_routes import OwnerRoutes
from device.frontends.web.photo_view import photo_view
from device.frontends.web.requests import body_of, json_of
from device.frontends.web.staff_routes import StaffRoutes
from device.frontends.web.words import RefusedError, answer
from device.vision.picture_header import PictureRefusedError, checked_header

if TYPE_CHECKING:
    from starlette.requests import Request

    from device.frontends.web.site import Site

Text = Annotated[str, msgspec.Meta(max_length=8000)]
PHOTOS_AT_ONCE = 2


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A command as the page gives it."""

    command: Annotated[str, msgspec.Meta(max_length=64)]
    argument: Text = ""


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """What a member of staff types."""

    pin: Annotated[str, msgspec.Meta(max_length=64)]


class DeedRoutes:
    """Everything that changes something."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._photos = asyncio.Semaphore(PHOTOS_AT_ONCE)
        self._trying = asyncio.Lock()

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/api/command", self.command, methods=["POST"]),
            Route("/api/wish", self.waiting),
            Route("/api/photo", self.photo, methods=["POST"]),
            Route("/api/staff/enter", self.enter, methods=["POST"]),
            Route("/api/staff/leave", self.leave, methods=["POST"]),
            *StaffRoutes(self._site).routes(),
            *OwnerRoutes(self._site).routes(),
        ]

    async def command(self, request: Request) -> Response:
        """A command, and what came of it."""
        given = await json_of(request, Given)
        guest = self._site.people.allow(request, given.command)
        if given.command == "wish":
            return await self._wish(request, guest.token, given.argument)
        return answer({"said": await give(self._site.house, given.command, given.argument)})

    async def waiting(self, request: Request) -> Response:
        """How long until this guest may wish again, so that the page can say it beforehand."""
        people, wishes = self._site.people, self._site.wishes
        marks = people.marks(request, people.known_guest(request).token)
        wait = 0.0 if people.is_staff(request) else wishes.wait_seconds(marks)
        return answer({"wait": math.ceil(wait)})

    async def photo(self, request: Request) -> Response:
        """What a guest's photo reads as; it is kept nowhere."""
        self._site.people.allow_photo(request)
        content = await body_of(request, MAX_PHOTO_BYTES)
        try:
            checked_header(content)
        except PictureRefusedError as error:
            raise RefusedError(415, "photo_refused", str(error)) from error
        if self._photos.locked():
            text = "other photos are being looked at: try again in a moment"
            raise RefusedError(503, "photo_busy", text, wait_seconds=3.0)
        async with self._photos:
            seen = await asyncio.to_thread(self._site.house.photo, content)
        if not isinstance(seen, PhotoAnalysed):
            raise RefusedError(422, "photo_refused", seen.why)
        return answer(photo_view(seen))

    async def enter(self, request: Request) -> Response:
        """Become staff by the PIN; one try at a time."""
        people = self._site.people
        people.known_guest(request)
        given = await json_of(request, Pin)
        async with self._trying:
            await asyncio.to_thread(people.check_pin, given.pin)
        response = answer({"staff": True})
        people.let_in(response, secure=request.url.scheme == "https")
        return response

    async def leave(self, request: Request) -> Response:
        """Staff go."""
        response = answer({"staff": False})
        self._site.people.leave(request, response)
        return response

    async def _wish(self, request: Request, token: str, track: str) -> Response:
        wishes, staff = self._site.wishes, self._site.people.is_staff(request)
        if not wishes.rules.open and not staff:
            raise RefusedError(403, "wishes_closed", "no wishes are taken at the moment")
        marks = self._site.people.marks(request, token)
        wait = 0.0 if staff else wishes.wait_seconds(marks)
        if wait:
            minutes = int(wait // 60) + 1
            text = f"one wish at a time: the next is yours in {minutes} minutes"
            raise RefusedError(429, "wish_wait", text, wait_seconds=wait)
        said = await give(self._site.house, "wish", track)
        wishes.granted(marks)
        return answer({"said": said})
