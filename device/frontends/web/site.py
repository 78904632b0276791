"""The application: what all routes share, and how an error is told."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware

from contracts.vision_wire import MAX_PHOTO_BYTES
from device.frontends.web.assets import load_assets
from device.frontends.web.covers import Covers
from device.frontends.web.deed_routes import DeedRoutes
from device.frontends.web.guard import Guard, own_names
from device.frontends.web.page_routes import PageRoutes
from device.frontends.web.people import People
from device.frontends.web.proxies import Proxies
from device.frontends.web.streams import Streams
from device.frontends.web.upload_routes import UploadRoutes
from device.frontends.web.wishes import Wishes
from device.frontends.web.words import RefusedError, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from device.frontends.web.house import House

WRONG_METHOD, NOT_FOUND = 405, 404


class Site:
    """What the routes share. Make it inside the loop that serves it."""

    photo_bytes = MAX_PHOTO_BYTES

    def __init__(self, house: House, port: int) -> None:
        web = house.settings.web
        self.house, self.port = house, port
        self.assets = load_assets(language=web.language)
        self.people = People(house)
        self.streams = Streams(house.status, house.clock, web.most_streams)
        self.covers = Covers(house.cover, house.clock)
        self.wishes = Wishes(lambda: house.status().controls.wish_rules, house.clock)


def make_application(site: Site) -> Starlette:
    """The ASGI application of a site."""
    uploads, web = UploadRoutes(site), site.house.settings.web

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        looking = asyncio.create_task(site.streams.run())
        yield
        looking.cancel()
        asyncio.get_running_loop().call_soon(uploads.close)

    return Starlette(
        routes=[*PageRoutes(site).routes(), *DeedRoutes(site).routes(), *uploads.routes()],
        middleware=[
            Middleware(Proxies, trusted=web.proxies),
            Middleware(Guard, names=own_names(web.names)),
        ],
        exception_handlers={
            RefusedError: _refused,
            NOT_FOUND: _not_found,
            WRONG_METHOD: _wrong_method,
        },
        lifespan=lifespan,
    )


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # noqa: S101 - registered for it alone
    return refusal(error)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return refusal(RefusedError(404, "not_found", "there is nothing here: open the start page"))


async def _wrong_method(_request: Request, _error: Exception) -> Response:
    return refusal(RefusedError(405, "wrong_method", "that is not done so"))
