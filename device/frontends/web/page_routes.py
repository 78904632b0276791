"""Reading: the page's files, the state as events, the library, covers, the QR code."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import msgspec
import segno
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from contracts.track import TrackId
from device.browse import BrowseQuery
from device.frontends.web.address import page_address
from device.frontends.web.assets import INDEX
from device.frontends.web.people import is_kiosk
from device.frontends.web.requests import query_of
from device.frontends.web.streams import TooManyStreamsError
from device.frontends.web.view import pulse_of, view_of
from device.frontends.web.words import RefusedError, answer
from device.policy import BY_HAND

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from device.frontends.web.sessions import Guest
    from device.frontends.web.site import Site

FACES = ("/", "/kiosk", "/staff")
"""Paths of the three faces: one page, which reads from its address what it is."""
COVER_KEPT = "private, max-age=600, stale-while-revalidate=86400"
"""A song comes again soon; a picture that was changed in its file is seen within minutes."""
KEPT = "no-cache"
"""A browser keeps files and asks whether they are still the same."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a page asks once."""

    device: str
    cafe: bool
    kiosk: bool
    """It runs on the device's own screen."""
    staff: bool
    pin: bool
    """Staff can come in."""
    wishes: bool
    wish_minutes: float
    idle_seconds: float
    session_seconds: float
    address: str
    moods: dict[str, tuple[float, float]]
    """Valence and arousal of each that can be picked by hand."""
    photo_bytes: int


class PageRoutes:
    """Everything that changes nothing."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            *(Route(path, self.index) for path in FACES),
            Route("/page/{name}", self.asset),
            Route("/api/about", self.about),
            Route("/api/events", self.events),
            Route("/api/state", self.state),
            Route("/api/browse", self.browse),
            Route("/api/cover/{track}", self.cover),
            Route("/api/qr.svg", self.code),
        ]

    async def index(self, request: Request) -> Response:
        """The page; whoever is new gets a cookie."""
        response = self._file(request, INDEX)
        response.headers["cache-control"] = "no-store"
        if self._site.people.guest(request) is None:
            secure = request.url.scheme == "https"
            self._site.people.welcome(response, secure=secure)
        return response

    async def asset(self, request: Request) -> Response:
        """One of its files, out of memory."""
        return self._file(request, request.path_params["name"])

    async def about(self, request: Request) -> Response:
        """What this device is, and what this person may do."""
        site = self._site
        web = site.house.settings.web
        return answer(
            About(
                device=site.house.settings.device_id,
                cafe=web.cafe,
                kiosk=is_kiosk(request),
                staff=site.people.is_staff(request),
                pin=site.people.has_pin,
                wishes=site.wishes.rules.open,
                wish_minutes=site.wishes.rules.minutes,
                idle_seconds=web.idle_seconds,
                session_seconds=web.session_seconds,
                address=page_address(web, site.port),
                moods={word: (mood.valence, mood.arousal) for word, mood in BY_HAND.items()},
                photo_bytes=site.photo_bytes,
            )
        )

    async def events(self, request: Request) -> Response:
        """The state and what the face reads as, as server-sent events."""
        guest = self._site.people.known_guest(request)
        staff = self._site.people.is_staff(request)
        return EventStream(self._site, guest, staff=staff)

    async def state(self, request: Request) -> Response:
        """Both once, for a page that got no stream."""
        staff = self._site.people.is_staff(request)
        status = self._site.house.status()
        told = {"state": view_of(status, staff=staff), "pulse": pulse_of(status, staff=staff)}
        return answer(told)

    async def browse(self, request: Request) -> Response:
        """A page of the library."""
        self._site.people.known_guest(request)
        query = query_of(request, BrowseQuery)
        # A search through 10,000 tracks must not hold up the event streams.
        return answer(await asyncio.to_thread(self._site.house.shelves.look, query))

    async def cover(self, request: Request) -> Response:
        """The picture of a track."""
        self._site.people.known_guest(request)
        picture = await self._site.covers.find(TrackId(request.path_params["track"]))
        if picture is None:
            raise RefusedError(404, "no_cover", "this track has no picture")
        headers = {"cache-control": COVER_KEPT, "etag": picture.tag}
        if request.headers.get("if-none-match") == picture.tag:
            return Response(status_code=304, headers=headers)
        return Response(picture.jpeg, media_type="image/jpeg", headers=headers)

    async def code(self, _request: Request) -> Response:
        """The way to the phone page as a QR code."""
        picture = io.BytesIO()
        address = page_address(self._site.house.settings.web, self._site.port)
        segno.make(address, error="m").save(
            picture,
            kind="svg",
            border=2,
            dark="#141019",
            light="#fff",
            omitsize=True,
            xmldecl=False,
        )
        return Response(picture.getvalue(), media_type="image/svg+xml")

    def _file(self, request: Request, name: str) -> Response:
        asset = self._site.assets.get(name)
        if asset is None:
            raise RefusedError(404, "not_found", "there is nothing here: open the start page")
        headers = {"etag": asset.tag, "cache-control": KEPT, "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == asset.tag:
            return Response(status_code=304, headers=headers)
        packed = "gzip" in request.headers.get("accept-encoding", "")
        if packed:
            headers["content-encoding"] = "gzip"
        body = asset.packed if packed else asset.content
        return Response(body, media_type=asset.kind, headers=headers)


class EventStream(StreamingResponse):
    """An event stream that is counted for exactly as long as it is open."""

    def __init__(self, site: Site, guest: Guest, *, staff: bool) -> None:
        self._site, self._guest, self._staff = site, guest, staff
        try:
            told = site.streams.enter(guest, staff=staff)
        except TooManyStreamsError as error:
            text = "too many pages are open: this one asks now and then"
            raise RefusedError(503, "busy", text, wait_seconds=5.0) from error
        super().__init__(told, media_type="text/event-stream")
        self.headers["x-accel-buffering"] = "no"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the page is gone."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._site.streams.leave(self._guest, staff=self._staff)
