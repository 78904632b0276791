from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.preprocess import (
    CROP_SIZE,
    STANDARD_RANGE,
    crop_face,
    dequantise,
    quantise,
    square_around,
    standardise,
)
from model_export import dataset


def faces(count: int, seed: int = 1) -> np.ndarray:
    """Smooth random crops uint8 [count, 48, 48]."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, 7, 7)).astype(np.uint8)
    return np.stack([cv2.resize(c, (CROP_SIZE, CROP_SIZE)) for c in coarse])


def test_the_trainer_and_the_appliance_make_the_same_pixels() -> None:
    """A trainer's batch is, bit for bit, what the appliance makes of each crop."""
    crops = faces(5)
    batch = dataset.inputs(crops, 64)
    assert batch.shape == (5, 64, 64, 1)
    assert batch.dtype == np.float32
    for crop, made in zip(crops, batch, strict=True):
        assert np.array_equal(standardise(crop, 64), made)


def test_a_picture_at_crop_size_is_cropped_to_itself() -> None:
    """Cropping the whole of a 48-pixel picture gives that picture: nothing is shifted."""
    picture = faces(1)[0]
    centre = (CROP_SIZE / 2, CROP_SIZE / 2)
    assert np.array_equal(crop_face(picture, centre, CROP_SIZE), picture)


def test_a_face_is_cropped_alike_at_any_size() -> None:
    """A face four times as large in the frame gives nearly the same crop."""
    picture = faces(1)[0]
    large = cv2.resize(picture, (CROP_SIZE * 4, CROP_SIZE * 4), interpolation=cv2.INTER_CUBIC)
    crop = crop_face(large, (CROP_SIZE * 2, CROP_SIZE * 2), CROP_SIZE * 4)
    assert np.abs(crop.astype(int) - picture).mean() < 2


def test_colour_and_grey_frames_give_the_same_crop() -> None:
    """A grey frame and its three equal colour channels are the same face."""
    frame = cv2.resize(faces(1)[0], (200, 160))
    colour = np.repeat(frame[..., None], 3, axis=2)
    crops = [crop_face(f, (90.0, 70.0), 100.0, 10.0) for f in (frame, colour)]
    assert np.abs(crops[0].astype(int) - crops[1]).max() <= 1


def test_a_leaning_face_is_turned_upright() -> None:
    """Turning a picture and telling the crop how far gives the picture back."""
    picture = cv2.resize(faces(1)[0], (200, 200))
    for lean in (-25.0, 15.0):
        # OpenCV's positive angle is counter-clockwise, a positive roll leans clockwise.
        turn = np.array(cv2.getRotationMatrix2D((100, 100), -lean, 1.0))
        turned = np.asarray(cv2.warpAffine(picture, turn, (200, 200)), np.uint8)
        straight = crop_face(picture, (100, 100), 100)
        assert np.abs(crop_face(turned, (100, 100), 100, lean).astype(int) - straight).mean() < 3


def test_a_face_beyond_the_edge_repeats_the_edge() -> None:
    """What lies outside the frame is the frame's edge, not black."""
    frame = np.full((100, 100), 200, np.uint8)
    assert (crop_face(frame, (0.0, 0.0), 80.0) == 200).all()


def test_a_crop_needs_a_positive_side() -> None:
    """A side of nothing is refused in words."""
    with pytest.raises(ValueError, match="positive side"):
        crop_face(np.zeros((9, 9), np.uint8), (4, 4), 0)


def test_a_square_is_drawn_around_the_longer_side() -> None:
    """A tall box 20 x 40 at scale 1.5, lowered by a tenth: side 60, centre 4 lower."""
    assert square_around((10, 100, 20, 40), 1.5, 0.1) == (20.0, 124.0, 60.0)


def test_exposure_and_contrast_are_standardised_away() -> None:
    """A face in half the light is nearly the same input."""
    crop = faces(1)[0]
    whole, half = standardise(crop, 64), standardise((crop // 2).astype(np.uint8), 64)
    assert np.abs(whole - half).mean() < 0.02
    assert abs(float(whole.mean())) < 0.1
    assert float(np.abs(whole).max()) <= STANDARD_RANGE


def test_a_flat_crop_stays_flat() -> None:
    """The noise of an empty wall is not blown up into a face."""
    wall = np.full((CROP_SIZE, CROP_SIZE), 120, np.uint8)
    wall[::2] = 121
    assert np.abs(standardise(wall, 64)).max() < 0.2


def test_quantising_rounds_and_clips() -> None:
    """130.2 becomes 127 and never wraps round to -126; halves go to the even step."""
    values = np.array([130.2, -140.0, 0.5, 1.5, -0.6], np.float32)
    assert quantise(values, 1.0, 0, np.int8).tolist() == [127, -128, 0, 2, -1]
    assert quantise(values, 1.0, 128, np.uint8).tolist() == [255, 0, 128, 130, 127]


def test_without_a_scale_nothing_is_quantised() -> None:
    """A float tensor, whose scale is 0, passes as it is in both directions."""
    values = np.array([0.25, -3.0], np.float32)
    assert np.array_equal(quantise(values, 0.0, 0, np.float32), values)
    assert np.array_equal(dequantise(values, 0.0, 0), values)


@given(st.floats(-3, 3, width=32), st.floats(0.015625, 0.25, width=32), st.integers(-20, 20))
def test_a_value_comes_back_within_half_a_step(value: float, scale: float, zero: int) -> None:
    """Quantised and back, a value within range is off by half a step at most."""
    limits = (-128 - zero) * scale, (127 - zero) * scale
    inside = np.array([min(max(value, limits[0]), limits[1])], np.float32)
    back = dequantise(quantise(inside, scale, zero, np.int8), scale, zero)
    assert abs(float(back[0] - inside[0])) <= scale / 2 + 1e-5
