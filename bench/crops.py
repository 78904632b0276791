"""What the detector's crops cost: test faces put into camera frames, found, cropped and read.

`python -m bench.crops --faces fer2013plus.npz` prints accuracy on the pictures as they are and
on the crops that the appliance itself makes of the same faces; `--page` fills in a page's
table. FER2013's pictures are cut so tightly that the detector misses more of them than of faces
in a room: accuracy is compared on those it finds.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import msgspec
import numpy as np

from contracts.model_manifest import read_manifest, verified_bytes
from device.vision.emotions import EmotionClassifier
from device.vision.faces import FaceDetector
from device.vision.runtime import TfliteModel
from model_export import dataset, figures, tables

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

MODELS = Path(__file__).parents[1] / "models"
FRAME = (480, 640)
"""Height and width of the frames in pixels."""
SIDES = (110, 260)
"""Least and greatest side of the picture within its frame, in pixels."""


@dataclass(frozen=True)
class Eye:
    """The appliance's own detector and classifier."""

    detector: FaceDetector
    classifier: EmotionClassifier

    @staticmethod
    def shipped() -> Eye:
        """Both, from the models that are shipped."""
        faces = read_manifest(MODELS / "face_detector.json")
        emotions = read_manifest(MODELS / "emotion.json")
        return Eye(
            FaceDetector(TfliteModel(verified_bytes(faces, MODELS))),
            EmotionClassifier(TfliteModel(verified_bytes(emotions, MODELS)), emotions),
        )


def framed(picture: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
    """A picture somewhere in a grey camera frame, uint8 [480, 640, 3]."""
    side = int(random.integers(*SIDES))
    top, left = (int(random.integers(0, limit - side)) for limit in FRAME)
    frame = np.full(FRAME, round(float(picture.mean())), np.uint8)
    enlarged = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
    frame[top : top + side, left : left + side] = enlarged
    return np.repeat(frame[..., None], 3, axis=2)


def measured(eye: Eye, faces: dataset.Faces, seed: int = 42) -> dict[str, Any]:
    """Accuracy on the pictures and on the crops of those faces that were found."""
    random = np.random.default_rng(seed)
    rows, plain, cropped = [], [], []
    for row, picture in enumerate(faces.images):
        frame = framed(picture, random)
        found = eye.detector.find(frame)
        if not found:
            continue
        rows.append(row)
        plain.append(eye.classifier.probabilities(picture))
        cropped.append(eye.classifier.probabilities(eye.classifier.crop(frame, found[0])))
    labels = faces.labels[rows]
    before, after = np.stack(plain), np.stack(cropped)
    return {
        "faces": len(faces),
        "found": figures.share(np.isin(np.arange(len(faces)), rows)),
        "pictures": _accuracies(before, labels),
        "crops": _accuracies(after, labels),
        "agreement": figures.share(before.argmax(axis=1) == after.argmax(axis=1)),
    }


def _accuracies(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    return {
        "eight": figures.accuracy(probabilities, labels),
        "three": figures.accuracy_three(probabilities, labels),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser("python -m bench.crops", description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="fer2013plus.npz")
    parser.add_argument("--split", choices=tuple(dataset.SPLITS), default="private_test")
    parser.add_argument("--page", type=Path, help="page whose table of crops is filled in")
    chosen = parser.parse_args()
    found = measured(Eye.shipped(), dataset.load(chosen.faces, chosen.split))
    if chosen.page:
        filled = tables.filled(chosen.page.read_text("utf-8"), {"crops": found})
        chosen.page.write_text(filled, "utf-8")
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")


if __name__ == "__main__":
    main()
