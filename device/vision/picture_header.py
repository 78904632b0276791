"""Format and size of a picture out of its header, without decoding anything.

A few bytes can promise gigapixels; this is asked before a decoder may allocate for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import error as TooShort  # noqa: N812 - it reads as what it means here
from struct import unpack_from

MAX_PIXELS = 12_600_000
"""What phones call 12 megapixels is 4032 x 3024 and a little more. A decoded picture takes
three bytes a pixel of a small computer's memory."""

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})


class PictureRefusedError(ValueError):
    """A picture that is not decoded here; the message is for the person who sent it."""


@dataclass(frozen=True)
class PictureHeader:
    """What a picture says it is, before any rotation by its EXIF orientation."""

    kind: str
    """`jpeg`, `png`, `webp` or `gif`."""
    width: int
    height: int


def read_header(content: bytes) -> PictureHeader:
    """Format and size in pixels of a JPEG, PNG, WebP or GIF.

    Raises:
        PictureRefusedError: it is none of these, or its header is cut short.

    """
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return PictureHeader("png", *unpack_from(">II", content, 16))
        if content.startswith(b"\xff\xd8"):
            return PictureHeader("jpeg", *_jpeg_size(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return PictureHeader("webp", *_webp_size(content))
        if content[:6] in {b"GIF87a", b"GIF89a"}:
            return PictureHeader("gif", *unpack_from("<HH", content, 6))
    except TooShort as error:
        msg = "the picture is cut short; send the whole file"
        raise PictureRefusedError(msg) from error
    msg = "this is not a JPEG, PNG, WebP or GIF picture; save it as a JPEG and try again"
    raise PictureRefusedError(msg)


def checked_header(content: bytes, max_pixels: int = MAX_PIXELS) -> PictureHeader:
    """The header of a picture that is small enough to decode.

    Raises:
        PictureRefusedError: as `read_header`, or it has no pixels or more than `max_pixels`.

    """
    header = read_header(content)
    pixels = header.width * header.height
    if not 0 < pixels <= max_pixels:
        msg = (
            f"the picture is {header.width} x {header.height} pixels; "
            f"up to {max_pixels // 1_000_000} megapixels are read, so shrink it and try again"
        )
        raise PictureRefusedError(msg)
    return header


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Width and height in the first frame header (ITU T.81, B.1.1 and B.2.2)."""
    at = 2
    while True:
        fill, marker = unpack_from(">BB", content, at)
        if fill != 0xFF:  # noqa: PLR2004 - every marker begins with it
            msg = "the JPEG is damaged; save it anew and try again"
            raise PictureRefusedError(msg)
        if marker == 0xFF or marker in _JPEG_WITHOUT_LENGTH:  # noqa: PLR2004 - a fill byte
            at += 1 if marker == 0xFF else 2  # noqa: PLR2004
            continue
        if marker in _JPEG_FRAMES:
            height, width = unpack_from(">HH", content, at + 5)
            return width, height
        at += 2 + unpack_from(">H", content, at + 2)[0]


def _webp_size(content: bytes) -> tuple[int, int]:
    """Width and height in the first chunk (RFC 9649, sections 2.5 to 2.7)."""
    chunk = content[12:16]
    if chunk == b"VP8X":
        low_w, high_w, low_h, high_h = unpack_from("<HBHB", content, 24)
        return (low_w | high_w << 16) + 1, (low_h | high_h << 16) + 1
    if chunk == b"VP8L":
        bits = unpack_from("<I", content, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    msg = "the WebP is damaged; save it anew and try again"
    raise PictureRefusedError(msg)
