"""Answers of the page's server as JSON; what was refused says why, in a code and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping


class RefusedError(Exception):
    """A request that is not granted.

    Args:
        status: of HTTP.
        code: a word that the page has in every language.
        text: in English, for whoever speaks to the server by hand.
        more: what else the page is told.

    """

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        *,
        wait_seconds: float = 0.0,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(text)
        self.more = more or {}
        self.status, self.code, self.text = status, code, text
        self.wait_seconds = wait_seconds


def answer(content: msgspec.Struct | Mapping[str, Any] | list[Any], status: int = 200) -> Response:
    """JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def refusal(error: RefusedError) -> Response:
    """What the page shows of it."""
    wait = int(error.wait_seconds + 0.999)
    told = {"code": error.code, "error": error.text, "wait": wait, **error.more}
    response = answer(told, error.status)
    if wait:
        response.headers["retry-after"] = str(wait)
    return response
