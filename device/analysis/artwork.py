"""The picture of a track, small enough for a page and a message: a JPEG of at most 512 pixels."""

from __future__ import annotations

from pathlib import PurePath
from typing import BinaryIO

import cv2
import numpy as np

from device.analysis.tags import UnreadableFileError, cover, opened
from device.analysis.wire import FileArtwork
from device.vision.picture_header import PictureRefusedError, checked_header

SIDE = 512
QUALITY = 85
MAX_BYTES = 30_000_000
MAX_PIXELS = 40_000_000
"""Scans of covers are larger than photos; a reader has a gigabyte."""
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


def read_artwork(path: str, file: BinaryIO) -> FileArtwork:
    """The picture in a music file, or the file itself when it is a picture.

    Raises:
        UnreadableFileError: it is no picture, too large, or damaged.
        OSError: the file cannot be read.

    """
    if PurePath(path).suffix.lower() in PICTURES:
        content = file.read(MAX_BYTES + 1)
    else:
        content = cover(opened(path, file))
    if not content:
        return FileArtwork(path=path)
    return FileArtwork(path=path, jpeg=small_jpeg(content))


def small_jpeg(content: bytes) -> bytes:
    """A JPEG of at most SIDE pixels each way, the right way up, without anything but pixels.

    Raises:
        UnreadableFileError: it is no picture, too large, or damaged.

    """
    if len(content) > MAX_BYTES:
        msg = f"its picture has over {MAX_BYTES // 1_000_000} MB"
        raise UnreadableFileError(msg)
    try:
        checked_header(content, MAX_PIXELS)
    except PictureRefusedError as error:
        raise UnreadableFileError(str(error)) from error
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        msg = "its picture is damaged"
        raise UnreadableFileError(msg)
    scale = SIDE / max(picture.shape[:2])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in picture.shape[1::-1]]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()
