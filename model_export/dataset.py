"""FER2013 pictures with FER+ votes, and the distortions a camera and a detector make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from contracts.emotion import EMOTIONS
from contracts.preprocess import CROP_SIZE, standardise

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

Split = Literal["training", "public_test", "private_test"]
SPLITS: dict[Split, int] = {"training": 0, "public_test": 1, "private_test": 2}
OWN_CLASSES = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}
"""FER2013's classes as FER+ calls them."""
LEAKAGE_MAD = 15.0
"""Grey levels: test pictures nearer than this to a training picture are near copies of it."""


class DatasetMissingError(FileNotFoundError):
    """The training pictures are not where they were looked for."""


@dataclass(frozen=True)
class Faces:
    """Faces of one split that have a clear majority emotion, or all usable ones for training."""

    images: NDArray[np.uint8]
    """uint8 [n, 48, 48]."""
    votes: NDArray[np.float32]
    """Share of the raters for each emotion, [n, 8], rows sum to 1."""
    labels: NDArray[np.int64]
    """Majority emotion [n], index into EMOTIONS."""
    clean: NDArray[np.bool_]
    """False where the picture is a near copy of a training picture [n]."""

    def __len__(self) -> int:
        return len(self.images)


def load(path: Path, split: Split) -> Faces:
    """One split of fer2013plus.npz under the FER+ protocol.

    Rows whose majority is unknown or not a face are left out everywhere; tied rows only from
    the test splits, since a tie still has a vote distribution to learn from.

    Raises:
        DatasetMissingError: there is no such file.

    """
    if not path.is_file():
        msg = f"no faces at {path}: pass --faces /path/to/fer2013plus.npz"
        raise DatasetMissingError(msg)
    with np.load(path, allow_pickle=False) as arrays:
        votes = arrays["ferplus_votes"].astype(np.float32)
        rows = arrays["usage"] == SPLITS[split]
        images, mad = arrays["images"], arrays["nearest_train_mad"]
        classes = [str(name) for name in arrays["ferplus_classes"]]
    if tuple(classes[:8]) != EMOTIONS:
        msg = f"{path}: classes {classes[:8]}, wanted {list(EMOTIONS)}"
        raise ValueError(msg)
    top = votes.max(axis=1)
    usable = rows & (votes.argmax(axis=1) < len(EMOTIONS)) & (votes[:, 8:].max(axis=1) < top)
    if split != "training":
        usable &= (votes == top[:, None]).sum(axis=1) == 1
    shares = votes[usable, :8]
    shares = shares / shares.sum(axis=1, keepdims=True)
    return Faces(images[usable], shares, shares.argmax(axis=1), mad[usable] >= LEAKAGE_MAD)


def load_own_labels(path: Path, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All pictures of a split with FER2013's own single label (seven classes, no contempt).

    Returns:
        Pictures uint8 [n, 48, 48] and labels [n], index into EMOTIONS.

    """
    with np.load(path, allow_pickle=False) as arrays:
        rows = arrays["usage"] == SPLITS[split]
        names = [OWN_CLASSES[str(name)] for name in arrays["fer_classes"]]
        order = np.array([EMOTIONS.index(name) for name in names], np.int64)
        return arrays["images"][rows], order[arrays["fer_label"][rows]]


def mirrored(faces: Faces) -> Faces:
    """The same faces, left and right exchanged."""
    flipped = np.ascontiguousarray(faces.images[:, :, ::-1])
    return Faces(flipped, faces.votes, faces.labels, faces.clean)


def sampling_weights(labels: NDArray[np.int64], power: float) -> NDArray[np.float64]:
    """Chance of drawing each row, so that a class counts (rows ** -power) times as often.

    0 leaves the data as it is, 1 draws all classes equally often.
    """
    counts = np.bincount(labels, minlength=len(EMOTIONS)).clip(min=1)
    weights: NDArray[np.float64] = counts[labels].astype(np.float64) ** -power
    return np.asarray(weights / weights.sum(), np.float64)


def distort(
    image: NDArray[np.uint8], random: Generator, strength: float = 1.0
) -> NDArray[np.uint8]:
    """One picture as another camera, pose or detector box would have shown it.

    Args:
        image: uint8 [CROP_SIZE, CROP_SIZE].
        random: source of chance.
        strength: 1 is as bad as rooms get; below, movements are smaller by this factor and
            hidden parts, odd light, blur and noise rarer by it.

    """
    size = CROP_SIZE
    if random.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
    matrix: NDArray[np.float64] = np.array(
        cv2.getRotationMatrix2D(
            (size / 2 - 0.5, size / 2 - 0.5),
            random.normal(0, 8 * strength),
            1 + strength * random.uniform(-0.15, 0.18),
        ),
        np.float64,
    )
    matrix[0, 1] += strength * random.uniform(-0.08, 0.08)  # shear: a head half turned
    matrix[:, 2] += strength * random.uniform(-0.09, 0.09, 2) * size
    mode = cv2.BORDER_REPLICATE if random.random() < 0.5 else cv2.BORDER_CONSTANT
    warped = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=mode)
    moved: NDArray[np.uint8] = np.asarray(warped, np.uint8)
    if random.random() < strength:
        moved = _erased(moved, random)
    return _camera(moved, random) if random.random() < strength else moved


def _erased(image: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
    """A hand, a mask or a mug hides a part, one time in four."""
    if random.random() >= 0.25:
        return image
    height, width = random.integers(6, 22, 2)
    top, left = random.integers(0, CROP_SIZE - height), random.integers(0, CROP_SIZE - width)
    image = image.copy()
    image[top : top + height, left : left + width] = random.integers(0, 256)
    return image


def _camera(image: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
    """Exposure, side light, blur and noise; plain brightness is standardised away anyway."""
    if random.random() < 0.5:
        curve = (np.linspace(0, 1, 256) ** np.exp(random.normal(0, 0.35))) * 255
        image = np.asarray(cv2.LUT(image, curve.astype(np.uint8)), np.uint8)
    levels: NDArray[np.float32] = image.astype(np.float32)
    if random.random() < 0.25:
        ramp = np.linspace(-1, 1, CROP_SIZE, dtype=np.float32) * random.uniform(-40, 40)
        levels = levels + (ramp[None] if random.random() < 0.5 else ramp[:, None])
    if random.random() < 0.2:
        blurred = cv2.GaussianBlur(levels, (0, 0), random.uniform(0.4, 1.4))
        levels = np.asarray(blurred, np.float32)
    if random.random() < 0.2:
        noise = random.standard_normal(levels.shape, dtype=np.float32)
        levels = levels + noise * random.uniform(2, 14)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def inputs(images: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Model inputs [n, size, size, 1] of face crops, as the appliance makes them."""
    return np.stack([standardise(image, size) for image in images])
