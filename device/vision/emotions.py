"""A found face → its emotion: crop, int8 network, calibrated probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contracts.emotion import EMOTIONS, VALENCE_AROUSAL
from contracts.model_manifest import ModelError
from contracts.preprocess import crop_face, square_around, standardise
from contracts.vision_wire import Box, Face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contracts.model_manifest import ModelManifest
    from device.vision.faces import FoundFace
    from device.vision.runtime import TfliteModel

FRACTION_LIMITS = (-1.0, 2.0)
"""What contracts.vision_wire.Fraction admits."""

_COORDINATES = np.array([VALENCE_AROUSAL[e] for e in EMOTIONS])


class EmotionClassifier:
    """Reads the emotion of one face at a time.

    Raises:
        ModelError: the model's labels, input or output are not what this program speaks of.

    """

    def __init__(self, model: TfliteModel, manifest: ModelManifest) -> None:
        self._model, self._manifest = model, manifest
        self._size = manifest.input_size
        _check(model, manifest)

    def crop(self, frame: NDArray[np.uint8], found: FoundFace) -> NDArray[np.uint8]:
        """The face as the trainer framed faces, upright, uint8 [CROP_SIZE, CROP_SIZE]."""
        framing = self._manifest.crop
        x, y, side = square_around(found.box, framing["scale"], framing["lower_by"])
        return crop_face(frame, (x, y), side, found.roll_degrees)

    def probabilities(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Calibrated probabilities in the order of EMOTIONS; they add up to 1."""
        logits = self._model.run(standardise(crop, self._size)[None])[0].reshape(-1)
        return softmax(logits.astype(np.float64) / self._manifest.temperature)

    def read(self, frame: NDArray[np.uint8], found: FoundFace) -> Face:
        """The face as it crosses the wire.

        Args:
            frame: uint8 [height, width, 3] BGR.
            found: where the detector found it.

        """
        chances = self.probabilities(self.crop(frame, found))
        valence, arousal = chances @ _COORDINATES
        return Face(
            box=box_of(found, frame),
            score=min(1.0, round(found.score, 4)),
            emotions=tuple(min(1.0, round(float(p), 4)) for p in chances),
            valence=round(float(valence), 4),
            arousal=round(float(arousal), 4),
            known=bool(chances.max() >= self._manifest.unknown_below),
            roll_degrees=round(found.roll_degrees, 1),
        )


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of logits [n]."""
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum(), np.float64)


def _check(model: TfliteModel, manifest: ModelManifest) -> None:
    if manifest.labels != EMOTIONS:
        msg = f"{manifest.file} tells {manifest.labels}, this program speaks of {EMOTIONS}"
        raise ModelError(msg)
    if not {"scale", "lower_by"} <= manifest.crop.keys() or manifest.temperature <= 0:
        msg = f"the manifest of {manifest.file} lacks crop.scale, crop.lower_by or a temperature"
        raise ModelError(msg)
    wanted = (1, manifest.input_size, manifest.input_size, 1)
    shapes = model.inputs[0].shape, int(np.prod(model.outputs[0].shape))
    if shapes != (wanted, len(EMOTIONS)):
        msg = f"{manifest.file} takes and gives {shapes}, not {(wanted, len(EMOTIONS))}"
        raise ModelError(msg)


def box_of(found: FoundFace, frame: NDArray[np.uint8]) -> Box:
    """Where a face is, in fractions of its frame."""
    height, width = frame.shape[:2]
    left, top, wide, high = found.box
    fractions = left / width, top / height, wide / width, high / height
    kept = [round(min(max(f, FRACTION_LIMITS[0]), FRACTION_LIMITS[1]), 4) for f in fractions]
    return Box(left=kept[0], top=kept[1], width=kept[2], height=kept[3])
