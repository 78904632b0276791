"""The set-up page: one form that needs no script, and the way into it for phones.

A phone that joins the hotspot asks some address of its maker whether it is in the internet. The
hotspot's name server answers every name with this device, and whatever is asked under another
name or path leads to the page: so the phone opens it by itself.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from device.frontends.web.assets import FOLDER as PAGE_FOLDER
from device.frontends.web.guard import SECURITY
from device.setup.choices import FormError, read_form
from device.setup.paper import Paper, language_of
from device.setup.policy import FormSent, Visited

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from device.setup.desk import Desk
    from device.setup.policy import Event

HEADERS = {
    **SECURITY,
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    # With no-referrer a form says that it came from nowhere.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
MOST_FORM_BYTES = 16_384
SAFE = frozenset({"GET", "HEAD"})


class Door:
    """ASGI middleware: what is meant for another name is led to the page, and never obeyed."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], home: str) -> None:
        self._app, self._hosts, self._home = app, hosts, home

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or lead it to the page."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *told]
            await send(message)

        hosts = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]
        if len(hosts) == 1 and hosts[0].lower() in self._hosts:
            await self._app(scope, receive, marked)
        elif scope["method"] in SAFE:
            await RedirectResponse(self._home, 302)(scope, receive, marked)
        else:
            text = f"open {self._home} and send the form there"
            await PlainTextResponse(text, 421)(scope, receive, marked)


class Site:
    """The routes.

    Args:
        desk: what is shown.
        put: takes events; may be called from the page's thread.
        port: where it listens.

    """

    def __init__(self, desk: Desk, put: Callable[[Event], None], port: int) -> None:
        self._desk, self._put = desk, put
        self._paper = Paper(desk.settings)
        self._styles = {
            "style.css": (PAGE_FOLDER / "style.css").read_bytes(),
            "setup.css": self._paper.style,
        }
        # A page elsewhere cannot read it, so it cannot send a form in somebody's name.
        self._token = secrets.token_urlsafe(16)
        host = desk.settings.address
        self.host = host if port == 80 else f"{host}:{port}"  # noqa: PLR2004 - HTTP's own
        self.home = f"http://{self.host}/"

    def application(self) -> Starlette:
        """For the server."""
        return Starlette(
            routes=[
                Route("/", self.form, methods=["GET"]),
                Route("/", self.send, methods=["POST"]),
                Route("/page/{name}", self.style),
                Route("/{path:path}", self.elsewhere),
            ],
            middleware=[Middleware(Door, hosts=frozenset({self.host}), home=self.home)],
        )

    async def form(self, request: Request) -> Response:
        """The page."""
        self._put(Visited())
        wanted = request.query_params.get("lang", "")
        language = language_of(wanted, request.headers.get("accept-language", ""))
        return self._form(language, {}, {}, 200)

    async def send(self, request: Request) -> Response:
        """A form: goodbye, or the form again with what is wrong."""
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return PlainTextResponse("that is too long for a form", 413)
        form = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=40))
        language = language_of(form.get("language", ""), "")
        if not secrets.compare_digest(form.get("token", "").encode(), self._token.encode()):
            # The program started anew since the page was opened.
            return self._form(language, form, {"form": "wrong.old_page"}, 403)
        shown = self._desk.shown
        try:
            wish = read_form(form, {n.ssid: n.secured for n in shown.networks}, shown.typed)
        except FormError as error:
            return self._form(language, form, error.problems, 422)
        self._put(FormSent(wish))
        return self._answer(self._paper.goodbye(wish), 200)

    async def style(self, request: Request) -> Response:
        """How it looks."""
        content = self._styles.get(request.path_params["name"])
        if content is None:
            return RedirectResponse(self.home, 302)
        return Response(content, media_type="text/css")

    async def elsewhere(self, _request: Request) -> Response:
        """What phones ask to find out where they are: here is a page to open first."""
        return RedirectResponse(self.home, 302)

    def _form(
        self, language: str, form: dict[str, str], problems: dict[str, str], status: int
    ) -> Response:
        page = self._paper.form(language, self._desk.shown, form, problems, self._token)
        return self._answer(page, status)

    @staticmethod
    def _answer(page: str, status: int) -> Response:
        return Response(page, status, media_type="text/html; charset=utf-8")


async def _body(request: Request) -> bytes | None:
    """All of it; None when it is longer than any form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_FORM_BYTES:
            return None
    return body
