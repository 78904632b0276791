"""What vision is shown on both machines: the bundled reel, and faces cut out of it.

The crops are made on one machine alone, so that what the network answers to them can be compared
whatever the other machine makes of the frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from contracts.preprocess import crop_face, square_around
from device.vision.faces import FoundFace

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from device.vision.sight import Sight

FRAME_STEP = 20
"""Every so many frames of the reel one is looked at: one every two seconds."""
VIEWS = 8
"""Crops of each face: as it was found, and so as a trembling detector and a camera may give it."""
SHIFT, ZOOM, ROLL_DEGREES = 0.06, 0.1, 8.0
"""Standard deviations: in sides of the box, as a share, and in degrees."""
GAIN, OFFSET, NOISE = (0.3, 1.3), (-20.0, 60.0), 6.0
"""Light: factors, grey levels added, and grey levels of a sensor's noise."""
SEED = 8


def reel_frames(path: Path, step: int = FRAME_STEP) -> NDArray[np.uint8]:
    """Every so many frames of a video, uint8 [n, height, width, 3] BGR.

    Raises:
        ValueError: it cannot be read.

    """
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    taken = []
    number = 0
    while capture.grab():
        if number % step == 0:
            taken.append(capture.retrieve()[1])
        number += 1
    capture.release()
    if not taken:
        msg = f"{path} cannot be read as a video"
        raise ValueError(msg)
    return np.asarray(taken, np.uint8)


def face_row(faces: list[FoundFace]) -> NDArray[np.float64]:
    """The largest face as left, top, width, height, score, roll; NaN when there is none."""
    if not faces:
        return np.full(6, np.nan)
    return np.array([*faces[0].box, faces[0].score, faces[0].roll_degrees], np.float64)


def found_face(row: NDArray[np.float64]) -> FoundFace:
    """The face of a `face_row`."""
    left, top, width, height, score, roll = (float(value) for value in row)
    return FoundFace((left, top, width, height), score, roll)


def made(reel: Path, sight: Sight, framing: dict[str, float]) -> dict[str, NDArray[Any]]:
    """Frames of the reel, the face found in each, and crops: `VIEWS` of each face.

    Returns:
        `frames` uint8 [n, 480, 640, 3], `found` float64 [n, 6] (see `face_row`), `crops` uint8
        [m, 48, 48].

    """
    random = np.random.default_rng(SEED)
    frames = reel_frames(reel)
    found = np.stack([face_row(sight.find(frame)) for frame in frames])
    seen = ~np.isnan(found).any(axis=1)
    crops = [
        _view(frame, found_face(row), framing, random if view else None)
        for frame, row in zip(frames[seen], found[seen], strict=True)
        for view in range(VIEWS)
    ]
    return {"frames": frames, "found": found, "crops": np.stack(crops)}


def _view(
    frame: NDArray[np.uint8], face: FoundFace, framing: dict[str, float], random: Generator | None
) -> NDArray[np.uint8]:
    """The face as it was found; or, by chance, a little beside it and in another light."""
    x, y, side = square_around(face.box, framing["scale"], framing["lower_by"])
    if random is None:
        return crop_face(frame, (x, y), side, face.roll_degrees)
    shift_x, shift_y = random.normal(0, SHIFT * face.box[2], 2)
    zoomed = side * float(np.exp(random.normal(0, ZOOM)))
    leaning = face.roll_degrees + random.normal(0, ROLL_DEGREES)
    crop = crop_face(frame, (x + shift_x, y + shift_y), zoomed, leaning)
    lit = crop * random.uniform(*GAIN) + random.uniform(*OFFSET)
    noisy = lit + random.normal(0, NOISE, crop.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)
