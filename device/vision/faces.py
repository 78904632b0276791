"""Frame → faces: BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047), decoded here.

Both models look at a letterboxed picture. The short-range one (128 pixels wide) gives two
candidates at each cell of a grid of 8 pixels and six at each of one of 16; the full-range one
(192 pixels wide) gives one at each cell of 4 pixels. A candidate is a box and six points (the
eyes first), in input pixels relative to its cell's centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees
from typing import TYPE_CHECKING

import cv2
import numpy as np

from contracts.model_manifest import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device.vision.runtime import TfliteModel

ANCHOR_GRIDS = {128: ((8, 2), (16, 6)), 192: ((4, 1),)}
"""By width of the input: stride in input pixels and candidates a cell of each grid."""

MIN_SCORES = {128: 0.5, 192: 0.6}
"""By width of the input: candidates under this are no faces. MediaPipe's own thresholds."""

SAME_FACE_OVERLAP = 0.3
"""Intersection over union above which two candidates are one face: MediaPipe's."""

MAX_LOGIT = 80.0
"""Beyond this exp() of a float32 overflows."""

BLACK = -1.0
"""What the models read of a black pixel; a white one is 1."""

_LEVELS = np.linspace(BLACK, 1, 256, dtype=np.float32)
"""Of each brightness of a pixel, 0 to 255."""

_LEFT, _TOP, _RIGHT, _BOTTOM = range(4)


@dataclass(frozen=True)
class FoundFace:
    """A face in a frame."""

    box: tuple[float, float, float, float]
    """Left, top, width, height in pixels; may reach beyond the frame."""
    score: float
    """0 to 1."""
    roll_degrees: float
    """How far the face leans clockwise in the picture, by its eyes."""

    @property
    def area(self) -> float:
        """Square pixels of the box."""
        return self.box[2] * self.box[3]


class FaceDetector:
    """Finds faces: with 128 pixels those near the camera, with 192 those across the room.

    Raises:
        ModelError: the model's input has neither width.

    """

    def __init__(self, model: TfliteModel) -> None:
        self._model = model
        _, rows, side, _ = model.inputs[0].shape
        if side not in ANCHOR_GRIDS:
            msg = f"a face detector looks at {list(ANCHOR_GRIDS)} pixels, not at {side}"
            raise ModelError(msg)
        self._rows, self._side = rows, side
        self._min_score = MIN_SCORES[side]
        self._centres = anchor_centres(side, rows)
        by_width = {tensor.shape[-1]: i for i, tensor in enumerate(model.outputs)}
        self._points_output, self._score_output = by_width[16], by_width[1]

    def find(self, frame: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces of a uint8 [height, width, 3] BGR frame, largest first."""
        values, scale, offset = letterboxed(frame, self._side, self._rows)
        outputs = self._model.run(values[None])
        scores = _sigmoid(outputs[self._score_output].reshape(-1))
        likely = scores >= self._min_score
        if not likely.any():
            return []
        corners = self._corners(outputs[self._points_output][0][likely], likely)
        corners = (corners - np.tile(offset, corners.shape[1] // 2)) / scale
        found = [_face(c, s) for c, s in _merged(corners, scores[likely])]
        return sorted(found, key=lambda face: face.area, reverse=True)

    def _corners(self, raw: NDArray[np.float32], likely: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Left, top, right, bottom and six points of candidates, [n, 16] in input pixels."""
        centres = self._centres[likely]
        middle, half = raw[:, :2] + centres, raw[:, 2:4] / 2
        points = raw[:, 4:].reshape(len(raw), -1, 2) + centres[:, None]
        return np.hstack([middle - half, middle + half, points.reshape(len(raw), -1)])


def anchor_centres(side: int, rows: int) -> NDArray[np.float32]:
    """Centres x, y of the candidates' cells in input pixels, float32 [n, 2], in output order."""
    grids = []
    for stride, candidates in ANCHOR_GRIDS[side]:
        y, x = np.mgrid[0 : rows // stride, 0 : side // stride] + 0.5
        grid = np.stack([x, y], axis=-1).reshape(-1, 2) * stride
        grids.append(np.repeat(grid, candidates, axis=0))
    return np.concatenate(grids).astype(np.float32)


def letterboxed(
    frame: NDArray[np.uint8], side: int, rows: int
) -> tuple[NDArray[np.float32], float, NDArray[np.float32]]:
    """A BGR frame as the models read it, shrunk into the middle of a black picture.

    Returns:
        float32 [rows, side, 3], RGB from -1 to 1; input pixels a frame pixel; left and top of the
        frame within.

    """
    height, width = frame.shape[:2]
    scale = min(side / width, rows / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    rgb = cv2.cvtColor(shrunk(frame, inner), cv2.COLOR_BGR2RGB)
    left, top = (side - inner[0]) // 2, (rows - inner[1]) // 2
    values = np.full((rows, side, 3), BLACK, np.float32)
    values[top : top + inner[1], left : left + inner[0]] = cv2.LUT(rgb, _LEVELS)
    return values, scale, np.array([left, top], np.float32)


def shrunk(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The frame at this width and height; every one of its pixels counts when it shrinks.

    Halved as often as possible first, which OpenCV does several times faster than taking the
    mean over any other area; what is left is less than a half.
    """
    while frame.shape[1] >= 2 * size[0] and frame.shape[0] >= 2 * size[1]:
        half = frame.shape[1] // 2, frame.shape[0] // 2
        frame = np.asarray(cv2.resize(frame, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    one = np.float32(1)
    return one / (one + np.exp(-np.clip(logits, -MAX_LOGIT, MAX_LOGIT)))


def _merged(
    corners: NDArray[np.float32], scores: NDArray[np.float32]
) -> list[tuple[NDArray[np.float32], float]]:
    """Weighted non-maximum suppression: overlapping candidates become their weighted mean."""
    left = np.argsort(-scores)
    faces = []
    while len(left):
        same = _overlaps(corners[left[0]], corners[left]) >= SAME_FACE_OVERLAP
        same[0] = True
        group = left[same]
        mean = np.average(corners[group], axis=0, weights=scores[group]).astype(np.float32)
        faces.append((mean, float(scores[group[0]])))
        left = left[~same]
    return faces


def apart(face: FoundFace, others: list[FoundFace]) -> bool:
    """Whether a face is none of those already found."""
    boxes = np.array([f.box for f in (face, *others)], np.float32)
    boxes[:, 2:] += boxes[:, :2]
    return bool((_overlaps(boxes[0], boxes[1:]) < SAME_FACE_OVERLAP).all())


def _overlaps(one: NDArray[np.float32], many: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one box with each of many."""
    width = np.minimum(one[_RIGHT], many[:, _RIGHT]) - np.maximum(one[_LEFT], many[:, _LEFT])
    height = np.minimum(one[_BOTTOM], many[:, _BOTTOM]) - np.maximum(one[_TOP], many[:, _TOP])
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    areas = (many[:, _RIGHT] - many[:, _LEFT]) * (many[:, _BOTTOM] - many[:, _TOP])
    own = (one[_RIGHT] - one[_LEFT]) * (one[_BOTTOM] - one[_TOP])
    return np.asarray(shared / np.maximum(areas + own - shared, 1e-6), np.float32)


def _face(corners: NDArray[np.float32], score: float) -> FoundFace:
    left, top, right, bottom, x0, y0, x1, y1 = (float(v) for v in corners[:8])
    return FoundFace(
        box=(left, top, right - left, bottom - top),
        score=score,
        roll_degrees=degrees(atan2(y1 - y0, x1 - x0)),
    )
