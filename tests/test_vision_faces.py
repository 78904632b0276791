from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from contracts.model_manifest import ModelError, read_manifest, verified_bytes
from device.vision.faces import FaceDetector, anchor_centres, letterboxed, shrunk
from device.vision.runtime import TfliteModel
from device.vision.sight import MODELS, ShapedDetector
from device.vision.wide_input import rows_for, with_rows
from tests.vision_scene import WALL, drawn_face, real_sight, video, wall

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    manifest = read_manifest(MODELS / "face_detector.json")
    return FaceDetector(TfliteModel(verified_bytes(manifest, MODELS)))


def test_anchors_are_two_a_cell_of_the_fine_grid_and_six_of_the_coarse() -> None:
    """896 candidates: 16 x 16 x 2 at stride 8, then 8 x 8 x 6 at stride 16, row by row."""
    centres = anchor_centres(128, 128)
    assert centres.shape == (896, 2)
    assert centres[:3].tolist() == [[4, 4], [4, 4], [12, 4]]
    assert centres[512:519, 0].tolist() == [8, 8, 8, 8, 8, 8, 24]
    assert centres[-1].tolist() == [120, 120]


def test_the_far_detector_has_one_anchor_a_cell() -> None:
    """48 x 48 cells of four pixels."""
    centres = anchor_centres(192, 192)
    assert centres.shape == (2304, 2)
    assert centres[49].tolist() == [6, 6]


def test_a_room_is_searched_when_nobody_is_near() -> None:
    """Three people across a room are too small for the near detector; the far one sees them."""
    capture = cv2.VideoCapture(
        str(video("face-demographics-walking-and-pause.gif")), cv2.CAP_FFMPEG
    )
    counts = []
    while (grabbed := capture.read())[0]:
        counts.append(len(real_sight().find(np.asarray(grabbed[1], np.uint8))))
    assert np.mean(np.array(counts) == 3) > 0.9


def test_both_detectors_agree_on_a_face() -> None:
    """In a photo both look, and a face that both find is one face."""
    picture = np.full((720, 960, 3), 180, np.uint8)
    picture[120:600, 160:800] = drawn_face()
    (thorough,) = real_sight().find(picture, thorough=True)
    (quick,) = real_sight().find(picture)
    assert thorough == quick


def test_a_photo_shows_near_and_far_faces() -> None:
    """A face across the room is found beside one before the camera."""
    picture = np.full((480, 900, 3), (190, 180, 170), np.uint8)
    picture[:, :640] = drawn_face()
    small = cv2.resize(drawn_face(), (240, 180), interpolation=cv2.INTER_AREA)
    picture[100:280, 650:890] = small
    found = real_sight().find(picture, thorough=True)
    assert len(found) == 2
    assert abs(found[1].box[0] + found[1].box[2] / 2 - 770) < 15


def test_a_wide_frame_is_letterboxed_above_and_below() -> None:
    """640 x 480 becomes 128 x 96, with 16 black rows over and under it in a square."""
    square, scale, offset = letterboxed(wall(), 128, 128)
    assert (scale, offset.tolist()) == (0.2, [0, 16])
    assert (square[:16] == -1).all()
    assert (square[112:] == -1).all()
    wanted = np.array(WALL[::-1], np.float32) / 127.5 - 1
    assert np.allclose(square[16:112], wanted, atol=1e-6)


def test_an_input_has_as_many_rows_as_its_frames_need() -> None:
    """In steps of 16, and never fewer than half of its columns."""
    sizes = [(640, 480), (1280, 720), (480, 640), (4000, 100)]
    assert [rows_for(*size, 128) for size in sizes] == [96, 80, 128, 64]
    assert [rows_for(*size, 192) for size in sizes] == [144, 112, 192, 96]


def test_a_flat_frame_needs_no_bars_in_a_wide_input() -> None:
    """640 x 480 fills 128 x 96; 16:9 leaves 12 black rows above and 12 below."""
    filled, scale, offset = letterboxed(wall(), 128, 96)
    assert (scale, offset.tolist()) == (0.2, [0, 0])
    assert (filled > -1).all()
    wide, scale, offset = letterboxed(wall(1280, 720), 128, 96)
    assert (scale, offset.tolist()) == (0.1, [0, 12])
    assert (wide[11] == -1).all()
    assert (wide[12] > -1).all()


def test_every_pixel_counts_when_a_frame_shrinks() -> None:
    """Stripes as fine as pixels become the grey between them, not one of their colours."""
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:, ::2] = 200
    small = shrunk(frame, (128, 96))
    assert np.abs(small.astype(float) - 100).max() < 3


@pytest.mark.parametrize(("stem", "side"), [("face_detector", 128), ("face_detector_far", 192)])
def test_a_wide_input_has_the_published_weights(stem: str, side: int) -> None:
    """The detector for 4:3 finds the same face, at the same place, as the published square."""
    content = verified_bytes(read_manifest(MODELS / f"{stem}.json"), MODELS)
    detector = ShapedDetector(content, side, 1)
    for centre in ((320, 240), (140, 200), (500, 260)):
        (wide,) = detector.open(side * 3 // 4).find(drawn_face(centre=centre))
        (square,) = detector.open(side).find(drawn_face(centre=centre))
        assert np.abs(np.subtract(wide.box, square.box)).max() < 0.06 * square.box[2]
        assert abs(wide.roll_degrees - square.roll_degrees) < 3


def test_a_portrait_is_looked_at_in_a_square() -> None:
    """A photo that is higher than wide shows its face, and the next frame of a camera too."""
    sight = real_sight()
    for picture in (drawn_face()[:, 140:500], drawn_face()):
        (found,) = sight.find(picture)
        assert 130 < found.box[2] < 230


def test_only_the_published_models_are_rewritten() -> None:
    """Anything else is refused, and so is a model for another side."""
    near = verified_bytes(read_manifest(MODELS / "face_detector.json"), MODELS)
    assert with_rows(near, 128, 128) is near
    for content, side in ((near, 192), (b"no model", 128), (near * 2, 128)):
        with pytest.raises(ModelError, match="no BlazeFace"):
            with_rows(content, side, side * 3 // 4)


@pytest.mark.parametrize("centre", [(320, 240), (160, 200), (480, 260)])
def test_a_face_is_found_where_it_is(detector: FaceDetector, centre: tuple[int, int]) -> None:
    """The box of a drawn face lies around its eyes and mouth."""
    (found,) = detector.find(drawn_face(centre=centre))
    left, top, width, height = found.box
    assert abs(left + width / 2 - centre[0]) < 15
    assert abs(top + height / 2 - (centre[1] + 18)) < 20
    assert 130 < width < 230
    assert found.score > 0.7


def test_a_wall_has_no_face(detector: FaceDetector) -> None:
    """Nothing is found where nobody is."""
    assert detector.find(wall()) == []


def test_the_largest_face_comes_first(detector: FaceDetector) -> None:
    """Faces are sorted by area."""
    near, far = drawn_face(), cv2.resize(drawn_face(), (400, 300))
    scene = np.full((480, 1040, 3), 180, np.uint8)
    scene[90:390, :400] = far
    scene[:, 400:] = near
    found = detector.find(scene)
    assert len(found) == 2
    assert found[0].area > found[1].area
    assert found[0].box[0] > 400


@pytest.mark.parametrize("lean", [-20.0, 20.0])
def test_roll_is_clockwise_positive(detector: FaceDetector, lean: float) -> None:
    """A face that leans clockwise by 20 degrees has a roll of about 20."""
    (found,) = detector.find(drawn_face(lean))
    assert abs(found.roll_degrees - lean) < 6


@pytest.mark.parametrize("lean", [-20.0, 20.0])
def test_a_leaning_face_is_cropped_upright(detector: FaceDetector, lean: float) -> None:
    """The crop of a leaning face looks like that of the upright one, not like its mirror lean."""
    classifier = real_sight().classifier
    upright = _crop(drawn_face(), detector)
    (found,) = detector.find(drawn_face(lean))
    turned = classifier.crop(drawn_face(lean), found)
    (straight,) = detector.find(drawn_face())
    unturned = classifier.crop(drawn_face(lean), straight)
    assert _likeness(turned, upright) > 0.8
    assert _likeness(turned, upright) > _likeness(unturned, upright) + 0.1


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("head-pose-face-detection-male.gif", 1),
        ("head-pose-face-detection-female-and-male.gif", 2),
    ],
)
def test_faces_of_a_real_video_are_found(detector: FaceDetector, name: str, people: int) -> None:
    """Nearly every frame of people who look at the camera shows as many faces as people."""
    capture = cv2.VideoCapture(str(video(name)), cv2.CAP_FFMPEG)
    counts = []
    while (grabbed := capture.read())[0]:
        counts.append(len(detector.find(np.asarray(grabbed[1], np.uint8))))
    assert np.mean(np.array(counts) == people) > 0.9


def _crop(frame: NDArray[np.uint8], detector: FaceDetector) -> NDArray[np.uint8]:
    (found,) = detector.find(frame)
    return real_sight().classifier.crop(frame, found)


def _likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
