from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from contracts.vision_wire import Box, CameraOff, CameraOn, Configure, FacesSeen
from device.vision.capture import Frame
from device.vision.fakes import FakeCapture
from device.vision.following import FollowingSettings, Watch
from device.vision.service import Vision
from device.vision.shutter import Shutter
from tests.vision_scene import drawn_face, real_sight, video, wall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contracts.vision_wire import Face
    from device.vision.faces import FoundFace

PERIOD = 0.2
"""Five frames a second."""


class Counted:
    """The real sight, and how often each detector looked."""

    def __init__(self) -> None:
        self.sight = real_sight()
        self.near = self.far = 0
        self.reads = 0

    @property
    def far_is_open(self) -> bool:
        return self.sight.far_is_open

    def close_far(self) -> None:
        self.sight.close_far()

    def find_near(self, frame: NDArray[np.uint8]) -> list[FoundFace]:
        self.near += 1
        return self.sight.find_near(frame)

    def is_close(self, near: Sequence[FoundFace], frame: NDArray[np.uint8]) -> bool:
        return self.sight.is_close(near, frame)

    def with_far(self, frame: NDArray[np.uint8], near: list[FoundFace]) -> list[FoundFace]:
        self.far += 1
        return self.sight.with_far(frame, near)

    def read(self, frame: NDArray[np.uint8], found: Sequence[FoundFace]) -> tuple[Face, ...]:
        self.reads += 1
        return self.sight.read(frame, found)


class Room:
    """A watch and the time."""

    def __init__(self) -> None:
        self.eye = Counted()
        self.watch = Watch(self.eye)
        self.now = 10.0

    def show(self, frame: NDArray[np.uint8]) -> list[FoundFace]:
        self.now += PERIOD
        return self.watch.find(frame, self.now)

    def faces(self, frame: NDArray[np.uint8], masks: Sequence[Box] = ()) -> tuple[Face, ...]:
        self.now += PERIOD
        return self.watch.faces(frame, self.now, masks)

    def seconds_until(self, frame: NDArray[np.uint8], people: int) -> float:
        """How long this frame is shown until so many are told."""
        began = self.now + PERIOD
        while len(self.show(frame)) != people:
            assert self.now < began + 5, f"{people} people were not noticed"
        return self.now - began


@pytest.fixture
def room() -> Room:
    return Room()


def across_the_room() -> NDArray[np.uint8]:
    """A face of some 45 pixels, which only the far detector finds."""
    picture = wall()
    picture[150:300, 60:260] = cv2.resize(drawn_face(), (200, 150), interpolation=cv2.INTER_AREA)
    return picture


def beside() -> NDArray[np.uint8]:
    """The listener of drawn_face() and somebody at the picture's edge."""
    picture = drawn_face()
    picture[:, 450:] = drawn_face(centre=(120, 240))[:, 20:210]
    return picture


def test_a_steady_listener_is_seldom_looked_for(room: Room) -> None:
    """In three seconds the detectors look four times at most, and each frame tells the face."""
    found = [room.show(drawn_face()) for _ in range(15)]
    assert [len(faces) for faces in found] == [1] * 15
    assert (room.eye.near, room.eye.far) == (3, 0)


def test_a_followed_face_moves_with_the_listener(room: Room) -> None:
    """Between two looks the box stays within a twentieth of its width of the detector's."""
    for step in range(8):
        frame = drawn_face(centre=(250 + 7 * step, 230 + 3 * step))
        (face,) = room.show(frame)
        (truth,) = real_sight().find(frame)
        middle = np.array(face.box[:2]) + np.array(face.box[2:]) / 2
        wanted = np.array(truth.box[:2]) + np.array(truth.box[2:]) / 2
        assert np.abs(middle - wanted).max() < 0.05 * truth.box[2]
    assert room.eye.near < 4


def test_a_leaning_face_moves_the_right_way(room: Room) -> None:
    """A box that is found in a turned search moves as the face does in the frame."""
    room.show(drawn_face(20, (300, 240)))
    (face,) = room.show(drawn_face(20, (312, 240)))
    (truth,) = real_sight().find(drawn_face(20, (312, 240)))
    assert room.eye.near == 1
    assert abs(face.box[0] - truth.box[0]) < 8
    assert abs(face.box[1] - truth.box[1]) < 8


def test_a_face_that_left_is_missed_at_once(room: Room) -> None:
    """The first frame without it tells nobody, whenever it was last looked for."""
    for frames in range(1, 6):
        for _ in range(frames):
            room.show(drawn_face())
        assert room.show(wall()) == []


def test_a_leap_is_looked_for_anew(room: Room) -> None:
    """A listener who moves by their own width in one frame is found in that frame."""
    room.show(drawn_face(centre=(200, 240)))
    (face,) = room.show(drawn_face(centre=(420, 240)))
    assert abs(face.box[0] + face.box[2] / 2 - 420) < 15


def test_who_joins_a_listener_is_seen_within_a_second(room: Room) -> None:
    """Whatever time passed since the last look."""
    for frames in range(1, 6):
        room.watch.forget()
        for _ in range(frames):
            room.show(drawn_face())
        assert room.seconds_until(beside(), 2) <= 1.0


def test_who_sits_down_is_seen_within_two_frames(room: Room) -> None:
    """An empty room is looked at twice in five frames or more."""
    for frames in range(1, 6):
        for _ in range(frames):
            room.show(wall())
        assert room.seconds_until(drawn_face(), 1) <= PERIOD + 0.01


def test_who_comes_in_across_the_room_is_seen_within_a_second(room: Room) -> None:
    """The far detector looks once a second."""
    for frames in range(1, 6):
        room.watch.forget()
        for _ in range(frames):
            room.show(wall())
        assert room.seconds_until(across_the_room(), 1) <= 1.01


def test_an_empty_room_costs_little(room: Room) -> None:
    """In ten seconds the near detector looks at half of the frames, the far one at a fifth."""
    for _ in range(50):
        room.show(wall())
    assert room.eye.near <= 26
    assert room.eye.far <= 13


def test_people_across_the_room_are_followed_too(room: Room) -> None:
    """Neither detector looks at every frame."""
    counts = [len(room.show(across_the_room())) for _ in range(15)]
    assert counts == [1] * 15
    assert room.eye.far == 3


def test_after_a_gap_nothing_is_known(room: Room) -> None:
    """The first frame after a pause is looked at, and so is one of another size."""
    room.show(drawn_face())
    room.now += FollowingSettings().forget_seconds
    room.show(drawn_face())
    assert room.eye.near == 2
    room.show(cv2.resize(drawn_face(), (320, 240)).astype(np.uint8))
    assert room.eye.near == 3


def test_a_clock_that_went_back_is_borne(room: Room) -> None:
    """A frame from before the last one is looked at like the first."""
    room.show(drawn_face())
    room.now -= 5
    assert len(room.show(drawn_face())) == 1
    assert room.eye.near == 2


def test_the_same_frames_tell_the_same() -> None:
    """Nothing depends on anything but frames and their times."""
    frames = [drawn_face(centre=(300 + 5 * n, 240)) for n in range(8)]

    def told() -> list[tuple[Face, ...]]:
        watch = Watch(real_sight())
        return [watch.faces(frame, n * PERIOD) for n, frame in enumerate(frames)]

    assert told() == told()


def test_a_followed_face_is_read_in_every_second_frame(room: Room) -> None:
    """Also across the detectors' looks."""
    told = [room.faces(drawn_face()) for _ in range(12)]
    assert [len(faces) for faces in told] == [1] * 12
    assert room.eye.reads == 6
    assert all(told[n][0].emotions == told[n + 1][0].emotions for n in range(0, 12, 2))


def test_a_held_reading_stands_where_the_face_is_now(room: Room) -> None:
    """Emotions are those of the frame before, the box is this frame's."""
    (before,) = room.faces(drawn_face(centre=(300, 240)))
    (after,) = room.faces(drawn_face(centre=(312, 240)))
    assert after.emotions == before.emotions
    assert abs((after.box.left - before.box.left) * 640 - 12) < 4


def test_a_new_face_is_read_at_once(room: Room) -> None:
    """Nobody is told with the emotions of whoever sat there before."""
    for frames in range(1, 5):
        room.watch.forget()
        for _ in range(frames):
            room.faces(drawn_face(centre=(200, 240)))
        room.eye.reads = 0
        assert len(room.faces(drawn_face(centre=(420, 240)))) == 1
        assert room.eye.reads == 1


def test_a_face_that_was_masked_is_read_when_its_mask_goes(room: Room) -> None:
    """It has no older reading that could hold, and while it was masked it was not read."""
    everywhere = Box(left=0, top=0, width=1, height=1)
    assert room.faces(drawn_face(), (everywhere,)) == ()
    assert len(room.faces(drawn_face())) == 1


def test_the_far_detector_is_closed_after_disuse(room: Room) -> None:
    """While a listener sits close it takes no memory; across a room it is opened again."""
    room.show(across_the_room())
    assert room.eye.far_is_open
    until = room.now + FollowingSettings().close_far_seconds + 2
    while room.now < until:
        room.show(drawn_face())
    assert not room.eye.far_is_open
    while len(room.show(across_the_room())) != 1:
        assert room.now < until + 5
    assert room.eye.far_is_open


def test_masks_hide_a_followed_face() -> None:
    """A mask that comes while a face is followed counts from the next frame on."""
    watch = Watch(real_sight())
    everywhere = Box(left=0, top=0, width=1, height=1)
    assert len(watch.faces(drawn_face(), 1.0)) == 1
    assert watch.faces(drawn_face(), 1.2, (everywhere,)) == ()
    assert len(watch.faces(drawn_face(), 1.4)) == 1


def test_a_camera_that_opens_anew_is_looked_at_anew() -> None:
    """What was followed before the camera closed is not believed after."""
    captures = [FakeCapture()]
    vision = Vision(real_sight(), Shutter(lambda _name: captures[-1]))
    list(vision.heard(Configure(camera="0"), None, 1.0))
    for at, picture in ((1.0, drawn_face()), (1.2, wall())):
        list(vision.heard(CameraOn(), None, at))
        captures[-1].arrive(Frame(at, picture))
        (seen,) = (p for p in vision.turn(at) if isinstance(p, FacesSeen))
        list(vision.heard(CameraOff(), None, at))
        captures.append(FakeCapture())
    assert seen.faces == ()


def test_a_real_listener_is_told_as_without_following() -> None:
    """In a real video of a listener, each frame's face overlaps the one the detector finds."""
    capture = cv2.VideoCapture(str(video("head-pose-face-detection-male.gif")), cv2.CAP_FFMPEG)
    eye, at = Counted(), 0.0
    watch, frames = Watch(eye), 0
    while (grabbed := capture.read())[0]:
        frame = np.asarray(grabbed[1], np.uint8)
        found, truth = watch.find(frame, at), real_sight().find(frame)
        assert len(found) == len(truth) == 1
        assert abs(found[0].box[0] - truth[0].box[0]) < 0.1 * truth[0].box[2]
        assert abs(found[0].box[1] - truth[0].box[1]) < 0.1 * truth[0].box[2]
        at, frames = at + 0.08, frames + 1
    assert eye.near < frames / 4
