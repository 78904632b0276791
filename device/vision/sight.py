"""Frame → faces with their emotions: detectors and classifier together.

The near detector is quick and sees who sits before the camera. Where it finds nobody
close by the far one looks across the room; in a photo, which has time, both always look.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from contracts.model_manifest import ModelError, read_manifest, verified_bytes
from contracts.preprocess import square_around
from device.vision.emotions import EmotionClassifier
from device.vision.faces import FaceDetector, apart
from device.vision.memory import give_back
from device.vision.runtime import TfliteModel
from device.vision.wide_input import FAR_SIDE, NEAR_SIDE, rows_for, with_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from contracts.model_manifest import ModelManifest
    from contracts.vision_wire import Box, Face
    from device.vision.faces import FoundFace

MODELS = Path(__file__).parents[2] / "models"
"""Where a checkout keeps its models."""

NEAR_SHARE = 1 / 6
"""A face as wide as this share of the frame's longer side is somebody before the camera."""

MAX_FACES = 16
"""Smaller ones in a crowd are left out, so that a frame costs a bounded time."""


class ShapedDetector:
    """A face detector that opens its model for the shape of the frames that it is shown.

    Args:
        content: the published .tflite.
        side: of its input in pixels.
        threads: how many the runtime may use.

    """

    def __init__(self, content: bytes, side: int, threads: int) -> None:
        self._content, self._side, self._threads = content, side, threads
        self._rows = 0
        self._detector: FaceDetector | None = None

    @property
    def is_open(self) -> bool:
        """Whether it takes memory now."""
        return self._detector is not None

    def find(self, frame: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces of a uint8 [height, width, 3] BGR frame, largest first."""
        height, width = frame.shape[:2]
        return self.open(rows_for(width, height, self._side)).find(frame)

    def open(self, rows: int) -> FaceDetector:
        """The detector whose input has so many rows.

        Raises:
            ModelError: the content is not the published model.

        """
        if self._detector is None or rows != self._rows:
            content = with_rows(self._content, self._side, rows)
            model = TfliteModel(content, self._threads, (1, rows, self._side, 3))
            self._detector, self._rows = FaceDetector(model), rows
        return self._detector

    def close(self) -> None:
        """Let the memory go; the next frame opens it again."""
        self._detector = None


class Sight:
    """All models, ready.

    Args:
        near: the detector whose boxes the classifier's manifest frames.
        far: the detector for the room, opened when it is first needed.
        far_framing: `scale` and `lower_by` that make a box of `far` one of `near`.
        classifier: reads the emotions.

    """

    def __init__(
        self,
        near: ShapedDetector,
        far: ShapedDetector,
        far_framing: dict[str, float],
        classifier: EmotionClassifier,
    ) -> None:
        self._near, self._far, self._far_framing = near, far, far_framing
        self.classifier = classifier
        self.detector_name = ""
        self.classifier_name = ""

    def find(self, frame: NDArray[np.uint8], *, thorough: bool = False) -> list[FoundFace]:
        """Where faces are in a uint8 [height, width, 3] BGR frame, largest first."""
        near = self.find_near(frame)
        return near if self.is_close(near, frame) and not thorough else self.with_far(frame, near)

    def find_near(self, frame: NDArray[np.uint8]) -> list[FoundFace]:
        """What the near detector finds alone, largest first."""
        return self._near.find(frame)

    def is_close(self, near: Sequence[FoundFace], frame: NDArray[np.uint8]) -> bool:
        """Whether the largest of these faces sits before the camera."""
        return bool(near) and near[0].box[2] >= NEAR_SHARE * max(frame.shape[:2])

    def with_far(self, frame: NDArray[np.uint8], near: list[FoundFace]) -> list[FoundFace]:
        """These faces, and those that the far detector finds besides; largest first."""
        far = [self._as_near(face) for face in self._far.find(frame)]
        both = near + [face for face in far if apart(face, near)]
        return sorted(both, key=lambda face: face.area, reverse=True)

    @property
    def far_is_open(self) -> bool:
        """Whether the far detector takes memory now."""
        return self._far.is_open

    def close_far(self) -> None:
        """Let the far detector's memory go until it is needed again."""
        if self._far.is_open:
            self._far.close()
            give_back()

    def faces(
        self, frame: NDArray[np.uint8], masks: Sequence[Box] = (), *, thorough: bool = False
    ) -> tuple[Face, ...]:
        """Faces of a uint8 [height, width, 3] BGR frame, largest first.

        A face whose centre lies in one of `masks` is left out before its emotion is read.
        """
        found = unmasked(self.find(frame, thorough=thorough), frame, masks)
        return self.read(frame, found)

    def read(self, frame: NDArray[np.uint8], found: Sequence[FoundFace]) -> tuple[Face, ...]:
        """The emotions of faces found in a frame."""
        return tuple(self.classifier.read(frame, face) for face in found)

    def _as_near(self, face: FoundFace) -> FoundFace:
        framing = self._far_framing
        x, y, side = square_around(face.box, framing["scale"], framing["lower_by"])
        return replace(face, box=(x - side / 2, y - side / 2, side, side))


def unmasked(
    found: Sequence[FoundFace], frame: NDArray[np.uint8], masks: Sequence[Box]
) -> list[FoundFace]:
    """Those of the faces found in a frame whose centre no mask holds, MAX_FACES at most."""
    height, width = frame.shape[:2]
    seen = []
    for face in found:
        left, top, wide, high = face.box
        centre = (left + wide / 2) / width, (top + high / 2) / height
        if not any(_holds(mask, *centre) for mask in masks):
            seen.append(face)
    return seen[:MAX_FACES]


def load_sight(folder: Path = MODELS, threads: int = 1) -> Sight:
    """All models out of a folder, each verified before it is opened.

    Raises:
        ModelError: one is missing, altered or of the wrong kind; says how to get it back.

    """
    cv2.setNumThreads(threads)
    near, near_bytes = _verified(folder, "face_detector", "face-detector")
    far, far_bytes = _verified(folder, "face_detector_far", "face-detector")
    emotion, emotion_bytes = _verified(folder, "emotion", "emotion")
    if not {"scale", "lower_by"} <= far.crop.keys():
        msg = f"{folder}/face_detector_far.json lacks crop.scale or crop.lower_by"
        raise ModelError(msg)
    near_detector = ShapedDetector(near_bytes, NEAR_SIDE, threads)
    near_detector.open(rows_for(4, 3, NEAR_SIDE))
    sight = Sight(
        near_detector,
        # Opened, it takes ten megabytes, which a device that hears one person never needs.
        ShapedDetector(far_bytes, FAR_SIDE, threads),
        far.crop,
        EmotionClassifier(TfliteModel(emotion_bytes, threads), emotion),
    )
    sight.detector_name, sight.classifier_name = f"{near.name}; {far.name}", emotion.name
    return sight


def _verified(folder: Path, stem: str, kind: str) -> tuple[ModelManifest, bytes]:
    manifest = read_manifest(folder / f"{stem}.json")
    if manifest.kind != kind:
        msg = f"{folder / stem}.json describes a model of kind {manifest.kind!r}, not {kind!r}"
        raise ModelError(msg)
    return manifest, verified_bytes(manifest, folder)


def _holds(mask: Box, x: float, y: float) -> bool:
    across, down = x - mask.left, y - mask.top
    return 0 <= across <= mask.width and 0 <= down <= mask.height
