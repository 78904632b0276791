"""The test faces as a worse camera or a harder pose would have shown them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from contracts.preprocess import CROP_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Crop = NDArray[np.uint8]
    Harm = Callable[[Crop], Crop]


def _levels(values: NDArray[np.floating]) -> Crop:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def blurred(crop: Crop, sigma: float = 1.5) -> Crop:
    """Out of focus: a Gaussian of `sigma` pixels of 48."""
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8)


def noisy(crop: Crop, deviation: float = 15.0) -> Crop:
    """Sensor noise of `deviation` grey levels; the same crop always gets the same."""
    random = np.random.default_rng(int(crop.sum()))
    return _levels(crop + random.normal(0, deviation, crop.shape))


def dark(crop: Crop, share: float = 0.2) -> Crop:
    """Underexposed: a `share` of the light, rounded to whole grey levels."""
    return _levels(crop * share)


def pale(crop: Crop, share: float = 0.25) -> Crop:
    """A `share` of the contrast around the mean: haze or light behind the face."""
    mean = float(crop.mean())
    return _levels((crop - mean) * share + mean)


def small(crop: Crop, side: int = 24) -> Crop:
    """A face only `side` pixels wide in the frame."""
    few = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    many = cv2.resize(few, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(many, np.uint8)


def rolled(crop: Crop, degrees: float) -> Crop:
    """A head that leans by `degrees` and was not turned upright."""
    centre = (CROP_SIZE / 2 - 0.5, CROP_SIZE / 2 - 0.5)
    matrix = np.array(cv2.getRotationMatrix2D(centre, degrees, 1.0))
    turned = cv2.warpAffine(crop, matrix, (CROP_SIZE, CROP_SIZE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def covered(crop: Crop, rows: slice, columns: slice) -> Crop:
    """A part hidden by something of the face's mean brightness."""
    hidden = crop.copy()
    hidden[rows, columns] = round(float(crop.mean()))
    return hidden


HALF = CROP_SIZE // 2
WHOLE = slice(None)
HARMS: dict[str, Harm] = {
    "as it is": lambda crop: crop,
    "blur, 1.5 px": blurred,
    "noise, 15 levels": noisy,
    "a fifth of the light": dark,
    "a quarter of the contrast": pale,
    "24-pixel face": small,
    "leaning 20° left": lambda crop: rolled(crop, 20),
    "leaning 20° right": lambda crop: rolled(crop, -20),
    "lower half hidden": lambda crop: covered(crop, slice(HALF, None), WHOLE),
    "upper half hidden": lambda crop: covered(crop, slice(None, HALF), WHOLE),
    "left half hidden": lambda crop: covered(crop, WHOLE, slice(None, HALF)),
}


def harmed(crops: Crop, harm: Harm) -> Crop:
    """Every crop of [n, 48, 48] after one harm."""
    return np.stack([harm(crop) for crop in crops])
