from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from contracts.vision_wire import MAX_PHOTO_BYTES, PhotoAnalysed, PhotoRefused
from device.vision.fakes import photo_memfd
from device.vision.photo import analyse_photo, decode_picture, read_sealed
from device.vision.picture_header import (
    PictureHeader,
    PictureRefusedError,
    checked_header,
    read_header,
)
from tests.vision_scene import drawn_face, encoded, real_sight, wall


@contextmanager
def memfd(content: bytes, seals: int | None = None) -> Iterator[int]:
    descriptor = photo_memfd(content) if seals is None else photo_memfd(content, seals)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def png_header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(5)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif"])
def test_kind_and_size_are_read_from_the_header(suffix: str) -> None:
    """Width and height of each kind of picture are read without decoding it."""
    header = read_header(encoded(wall(301, 200), suffix))
    assert header == PictureHeader("jpeg" if suffix == ".jpg" else suffix[1:], 301, 200)


def test_all_three_webp_layouts_are_read() -> None:
    """Lossy, lossless and extended WebP each keep their size elsewhere."""
    lossless = cv2.imencode(".webp", wall(301, 200), [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    lossy = cv2.imencode(".webp", wall(301, 200), [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes()
    size = (300).to_bytes(3, "little") + (199).to_bytes(3, "little")
    extended = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + size
    assert (lossy[12:16], lossless[12:16]) == (b"VP8 ", b"VP8L")
    for content in (lossless, lossy, extended):
        assert read_header(content) == PictureHeader("webp", 301, 200)


def test_a_jpeg_with_fill_bytes_and_segments_before_its_frame_is_read() -> None:
    """Fill bytes, comments and restart markers before the frame header are passed over."""
    jpeg = encoded(wall(301, 200))
    comment = b"\xff\xff\xfe" + struct.pack(">H", 2 + 5) + b"hello" + b"\xff\xd0"
    assert read_header(jpeg[:2] + comment + jpeg[2:]) == PictureHeader("jpeg", 301, 200)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\xff\xd8\xff", b"\xff\xd8\x00\x00", b"\x89PNG\r\n\x1a\n", b"GIF89a\x01"],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    """Bytes that are no picture, or one cut short, are refused in words."""
    with pytest.raises(PictureRefusedError, match=r"again|whole file"):
        read_header(content)


@pytest.mark.parametrize(("width", "height"), [(100_000, 100_000), (4001, 3200), (0, 10)])
def test_a_picture_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    """A few bytes that promise gigapixels never reach a decoder."""
    with pytest.raises(PictureRefusedError, match=f"{width} x {height}"):
        checked_header(png_header(width, height))


def test_what_a_phone_calls_12_megapixels_is_taken() -> None:
    """4032 x 3024 is a little over twelve million, and the commonest photo there is."""
    assert checked_header(png_header(4032, 3024)).width == 4032


def test_a_damaged_picture_is_refused() -> None:
    """A good header before rubbish is refused when it is decoded."""
    with pytest.raises(PictureRefusedError, match="damaged"):
        decode_picture(png_header(64, 64))


def test_a_jpeg_is_turned_as_its_exif_says() -> None:
    """Orientation 6 is turned a quarter clockwise: wide becomes tall."""
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06"
    exif += bytes(6)
    jpeg = encoded(wall(320, 200))
    turned = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + jpeg[2:]
    assert decode_picture(turned).shape == (320, 200, 3)


def test_a_sealed_photo_is_read() -> None:
    """The bytes of a memfd sealed against writing and shrinking come back."""
    with memfd(b"picture") as descriptor:
        assert read_sealed(descriptor) == b"picture"


@pytest.mark.parametrize("seals", [0, fcntl.F_SEAL_WRITE, fcntl.F_SEAL_SHRINK])
def test_a_photo_without_its_seals_is_refused(seals: int) -> None:
    """Either seal missing, the sender could change the photo after it was checked."""
    with memfd(b"picture", seals) as descriptor, pytest.raises(PictureRefusedError, match="sealed"):
        read_sealed(descriptor)


def test_a_descriptor_that_is_no_memfd_is_refused() -> None:
    """A pipe has no seals."""
    reading, writing = os.pipe()
    with pytest.raises(PictureRefusedError, match="sealed"):
        read_sealed(reading)
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("size", [0, MAX_PHOTO_BYTES + 1])
def test_an_empty_or_huge_photo_is_refused(size: int) -> None:
    """The size is asked before a byte is read."""
    with memfd(bytes(size)) as descriptor, pytest.raises(PictureRefusedError, match="bytes"):
        read_sealed(descriptor)


def test_a_photo_is_analysed() -> None:
    """Size and faces of the picture come back under its name."""
    with memfd(encoded(drawn_face())) as descriptor:
        answer = analyse_photo("p1", descriptor, real_sight())
    assert isinstance(answer, PhotoAnalysed)
    assert (answer.photo, answer.width, answer.height, len(answer.faces)) == ("p1", 640, 480, 1)


def test_a_request_without_a_photo_is_refused() -> None:
    """No descriptor came: refused under the photo's name, with the reason."""
    answer = analyse_photo("p1", None, real_sight())
    assert isinstance(answer, PhotoRefused)
    assert answer.photo == "p1"
    assert "no photo came" in answer.why


def test_grey_pictures_are_decoded_in_colour() -> None:
    """A grey picture has three equal channels afterwards."""
    grey = encoded(np.full((40, 60), 99, np.uint8), ".png")
    assert decode_picture(grey).shape == (40, 60, 3)
