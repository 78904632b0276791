"""What comes in: bodies of bounded size, queries of known shape, cookies of known people."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from starlette.requests import ClientDisconnect

from device.frontends.web.words import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_JSON_BYTES = 16_384
T = TypeVar("T", bound=msgspec.Struct)


async def body_of(request: Request, most: int) -> bytes:
    """The whole body.

    Raises:
        RefusedError: it is longer than `most` bytes, as it says or as it turns out.

    """
    said = request.headers.get("content-length", "0")
    too_long = RefusedError(413, "too_large", f"send up to {most // 1024} KiB")
    if not said.isascii() or not said.isdecimal() or int(said) > most:
        raise too_long
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise too_long
            parts.append(part)
    except ClientDisconnect as error:
        raise RefusedError(400, "cut_short", "the request ended too soon") from error
    return b"".join(parts)


async def json_of(request: Request, kind: type[T], *, most: int = MAX_JSON_BYTES) -> T:
    """The body as a struct.

    Raises:
        RefusedError: it is something else.

    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RefusedError(415, "not_json", "send JSON, and say so in content-type")
    body = await body_of(request, most)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, "malformed", str(error)) from error


def query_of(request: Request, kind: type[T]) -> T:
    """The query string as a struct.

    Raises:
        RefusedError: it does not fit.

    """
    try:
        return msgspec.convert(dict(request.query_params), kind, strict=False)
    except msgspec.ValidationError as error:
        raise RefusedError(400, "malformed", str(error)) from error
