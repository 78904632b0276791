"""A guest's photo: out of a sealed memfd, checked, decoded, looked at, forgotten."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import cv2
import numpy as np

from contracts.vision_wire import MAX_PHOTO_BYTES, PhotoAnalysed, PhotoRefused
from device.vision.picture_header import MAX_PIXELS, PictureRefusedError, checked_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device.vision.sight import Sight

NEEDED_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK
"""With these the sender can change neither the bytes nor the size after they were checked."""


def decode_picture(content: bytes, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """uint8 [height, width, 3] BGR, turned as its EXIF orientation says.

    Raises:
        PictureRefusedError: it is no picture, damaged, or has too many pixels.

    """
    checked_header(content, max_pixels)
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        msg = "the picture is damaged; save it anew and try again"
        raise PictureRefusedError(msg)
    return np.asarray(picture, np.uint8)


def read_sealed(descriptor: int | None) -> bytes:
    """What a sealed memfd holds. The descriptor stays open.

    Raises:
        PictureRefusedError: there is none, it is not sealed, is empty, or exceeds
            MAX_PHOTO_BYTES.

    """
    if descriptor is None:
        msg = "no photo came with the request; this is an error in the sender"
        raise PictureRefusedError(msg)
    try:
        seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
    except OSError:
        seals = 0
    if seals & NEEDED_SEALS != NEEDED_SEALS:
        msg = "the photo did not come in a sealed memfd; this is an error in the sender"
        raise PictureRefusedError(msg)
    size = os.fstat(descriptor).st_size
    if not 0 < size <= MAX_PHOTO_BYTES:
        limit = MAX_PHOTO_BYTES // 1024**2
        msg = f"the photo has {size} bytes; send one of up to {limit} MiB"
        raise PictureRefusedError(msg)
    return os.pread(descriptor, size, 0)


def analyse_photo(photo: str, descriptor: int | None, sight: Sight) -> PhotoAnalysed | PhotoRefused:
    """The faces of a photo, or why it was refused. The descriptor stays open."""
    try:
        picture = decode_picture(read_sealed(descriptor))
    except PictureRefusedError as error:
        return PhotoRefused(photo=photo, why=str(error))
    height, width = picture.shape[:2]
    return PhotoAnalysed(
        photo=photo, width=width, height=height, faces=sight.faces(picture, thorough=True)
    )
