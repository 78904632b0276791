"""Frame → faces with their emotions: detector and classifier together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from contracts.model_manifest import ModelError, read_manifest, verified_bytes
from device.vision.emotions import EmotionClassifier
from device.vision.faces import FaceDetector
from device.vision.runtime import TfliteModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from contracts.model_manifest import ModelManifest
    from contracts.vision_wire import Box, Face

MODELS = Path(__file__).parents[2] / "models"
"""Where a checkout keeps its models."""

MAX_FACES = 16
"""Smaller ones in a crowd are left out, so that a frame costs a bounded time."""


class Sight:
    """Both models, ready."""

    def __init__(self, detector: FaceDetector, classifier: EmotionClassifier) -> None:
        self.detector, self.classifier = detector, classifier
        self.detector_name = ""
        self.classifier_name = ""

    def faces(self, frame: NDArray[np.uint8], masks: Sequence[Box] = ()) -> tuple[Face, ...]:
        """Faces of a uint8 [height, width, 3] BGR frame, largest first.

        A face whose centre lies in one of `masks` is left out before its emotion is read.
        """
        height, width = frame.shape[:2]
        seen = []
        for found in self.detector.find(frame):
            left, top, wide, high = found.box
            centre = (left + wide / 2) / width, (top + high / 2) / height
            if not any(_holds(mask, *centre) for mask in masks):
                seen.append(self.classifier.read(frame, found))
            if len(seen) == MAX_FACES:
                break
        return tuple(seen)


def load_sight(folder: Path = MODELS, threads: int = 1) -> Sight:
    """Both models out of a folder, each verified before it is opened.

    Raises:
        ModelError: one is missing, altered or of the wrong kind; says how to get it back.

    """
    cv2.setNumThreads(threads)
    detector, detector_model = _loaded(folder, "face_detector", "face-detector", threads)
    emotion, emotion_model = _loaded(folder, "emotion", "emotion", threads)
    sight = Sight(FaceDetector(detector_model), EmotionClassifier(emotion_model, emotion))
    sight.detector_name, sight.classifier_name = detector.name, emotion.name
    return sight


def _loaded(folder: Path, stem: str, kind: str, threads: int) -> tuple[ModelManifest, TfliteModel]:
    manifest = read_manifest(folder / f"{stem}.json")
    if manifest.kind != kind:
        msg = f"{folder / stem}.json describes a model of kind {manifest.kind!r}, not {kind!r}"
        raise ModelError(msg)
    return manifest, TfliteModel(verified_bytes(manifest, folder), threads)


def _holds(mask: Box, x: float, y: float) -> bool:
    across, down = x - mask.left, y - mask.top
    return 0 <= across <= mask.width and 0 <= down <= mask.height
