"""Frame → faces: BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047), decoded here.

Both models look at a letterboxed square. The short-range one (128 pixels) gives 896 candidates:
two at each cell of a 16 x 16 grid and six at each of an 8 x 8 one; the full-range one (192
pixels) gives one at each cell of a 48 x 48 grid. A candidate is a box and six points (the eyes
first), in input pixels relative to its cell's centre.
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
"""By side of the input: stride in input pixels and candidates a cell of each grid."""

MIN_SCORES = {128: 0.5, 192: 0.6}
"""By side of the input: candidates under this are no faces. MediaPipe's own thresholds."""

SAME_FACE_OVERLAP = 0.3
"""Intersection over union above which two candidates are one face: MediaPipe's."""

MAX_LOGIT = 80.0
"""Beyond this exp() of a float32 overflows."""

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
        ModelError: the model's input has neither side.

    """

    def __init__(self, model: TfliteModel) -> None:
        self._model, self._size = model, model.inputs[0].shape[1]
        if self._size not in ANCHOR_GRIDS:
            msg = f"a face detector looks at {list(ANCHOR_GRIDS)} pixels, not at {self._size}"
            raise ModelError(msg)
        self._min_score = MIN_SCORES[self._size]
        self._centres = anchor_centres(self._size)
        by_width = {tensor.shape[-1]: i for i, tensor in enumerate(model.outputs)}
        self._points_output, self._score_output = by_width[16], by_width[1]

    def find(self, frame: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces of a uint8 [height, width, 3] BGR frame, largest first."""
        square, scale, offset = letterboxed(frame, self._size)
        values = (square[..., ::-1].astype(np.float32) / 127.5 - 1.0)[None]
        outputs = self._model.run(values)
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


def anchor_centres(size: int) -> NDArray[np.float32]:
    """Centres x, y of the candidates' cells in input pixels, float32 [n, 2], in output order."""
    grids = []
    for stride, candidates in ANCHOR_GRIDS[size]:
        cells = size // stride
        y, x = np.mgrid[0:cells, 0:cells] + 0.5
        grid = np.stack([x, y], axis=-1).reshape(-1, 2) * stride
        grids.append(np.repeat(grid, candidates, axis=0))
    return np.concatenate(grids).astype(np.float32)


def letterboxed(
    frame: NDArray[np.uint8], size: int
) -> tuple[NDArray[np.uint8], float, NDArray[np.float32]]:
    """The frame shrunk into the middle of a black square, with the scale and offset used.

    Returns:
        uint8 [size, size, 3]; input pixels a frame pixel; left and top of the frame within.

    """
    height, width = frame.shape[:2]
    scale = size / max(height, width)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.zeros((size, size, 3), np.uint8)
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    square[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        frame, inner, interpolation=method
    )
    return square, scale, np.array([left, top], np.float32)


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
