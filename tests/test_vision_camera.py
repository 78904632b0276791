from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.vision.camera import (
    PICTURE_FRAMES_PER_SECOND,
    Camera,
    CameraError,
    FileCamera,
    PictureCamera,
    open_camera,
)
from device.vision.capture import Bell, CameraThread
from device.vision.fakes import ANSWER_SECONDS, FakeCamera, HandClock
from tests.vision_scene import drawn_face, encoded, video, wall


def short_video(folder: Path, frames: int = 3, rate: float = 8.0) -> Path:
    """A video whose frames grow brighter."""
    path = folder / "short.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), 40 + 80 * number, np.uint8))
    writer.release()
    return path


@pytest.fixture(params=["fake", "video", "picture"])
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Camera:
    """One of each that needs no hardware."""
    if request.param == "fake":
        fake = FakeCamera()
        for _ in range(10):
            fake.show(wall())
        return fake
    if request.param == "video":
        return FileCamera(short_video(tmp_path), HandClock())
    return PictureCamera(encoded(drawn_face()), HandClock())


def test_a_camera_gives_bgr_frames_again_and_again(camera: Camera) -> None:
    """Every driver keeps to uint8 [height, width, 3]; frames may be skipped undecoded."""
    for _ in range(5):
        camera.grab()
    frame = camera.decode()
    assert (frame.dtype, frame.ndim, frame.shape[2]) == (np.uint8, 3, 3)
    camera.close()


def test_a_camera_may_be_closed_twice(camera: Camera) -> None:
    """Closing again is harmless."""
    camera.close()
    camera.close()


def test_a_video_is_looped_at_its_own_rate(tmp_path: Path) -> None:
    """Three frames at 8 a second: seven grabs take six eighths, and the seventh is the first."""
    clock = HandClock()
    camera = FileCamera(short_video(tmp_path), clock)
    started, levels = clock.now(), []
    for _ in range(7):
        camera.grab()
        levels.append(int(camera.decode().mean()))
    assert abs(clock.now() - started - 6 / 8) < 1e-6
    assert levels[0] == levels[3] == levels[6]
    assert levels[0] < levels[1] < levels[2]


def test_a_gif_is_looped(tmp_path: Path) -> None:
    """The real GIFs have 12.5 frames a second."""
    del tmp_path
    clock = HandClock()
    camera = open_camera(str(video("head-pose-face-detection-female.gif")), clock)
    started = clock.now()
    for _ in range(26):
        camera.grab()
    assert camera.decode().shape == (270, 480, 3)
    assert abs(clock.now() - started - 25 / 12.5) < 1e-6


def test_a_late_reader_of_a_video_does_not_hurry_after_it(tmp_path: Path) -> None:
    """After a pause the frames come at their own pace again."""
    clock = HandClock()
    camera = FileCamera(short_video(tmp_path), clock)
    camera.grab()
    clock.seconds += 60
    camera.grab()
    before = clock.now()
    camera.grab()
    assert abs(clock.now() - before - 1 / 8) < 1e-6


def test_a_picture_does_not_spin(tmp_path: Path) -> None:
    """A still picture is given at a bounded rate."""
    path = tmp_path / "face.png"
    path.write_bytes(encoded(wall(), ".png"))
    clock = HandClock()
    camera = open_camera(str(path), clock)
    started = clock.now()
    camera.grab()
    assert clock.now() - started == pytest.approx(1 / PICTURE_FRAMES_PER_SECOND)


def test_numbered_pictures_are_not_taken_for_a_sequence(tmp_path: Path) -> None:
    """face1.png stays face1.png, though face2.png lies beside it."""
    for number, level in ((1, 50), (2, 200)):
        content = encoded(np.full((48, 64, 3), level, np.uint8), ".png")
        (tmp_path / f"face{number}.png").write_bytes(content)
    camera = open_camera(str(tmp_path / "face1.png"), HandClock())
    for _ in range(3):
        camera.grab()
        assert camera.decode().mean() == 50


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no/such/file.gif", "No such file.*picamera2"),
        ("94", "/dev/video94"),
        (__file__, "no video, GIF or picture"),
    ],
)
def test_a_camera_that_cannot_be_opened_says_why(name: str, words: str) -> None:
    """The message names what was tried and what may be written instead."""
    with pytest.raises(CameraError, match=words):
        open_camera(name, HandClock())


class Arrivals:
    """Counts what a camera thread announces."""

    def __init__(self) -> None:
        self._arrived = threading.Semaphore(0)

    def __call__(self) -> None:
        self._arrived.release()

    def await_one(self) -> None:
        assert self._arrived.acquire(timeout=ANSWER_SECONDS)


def test_only_frames_that_were_asked_for_are_decoded() -> None:
    """Grabbed frames are dropped; the newest is decoded once when one is wanted."""
    camera, arrivals = FakeCamera(), Arrivals()
    capture = CameraThread(lambda: camera, HandClock(5.0), arrivals)
    for _ in range(10):
        camera.show(wall())
    capture.want()
    camera.show(wall())
    arrivals.await_one()
    frame = capture.take()
    assert frame is not None
    assert frame.captured_seconds == 5.0
    assert camera.decoded == 1
    assert capture.take() is None
    camera.unplug()
    arrivals.await_one()


def test_a_camera_that_fails_ends_its_thread_and_is_closed() -> None:
    """The reason is kept, and the device let go."""
    camera, arrivals = FakeCamera(), Arrivals()
    capture = CameraThread(lambda: camera, HandClock(), arrivals)
    camera.unplug()
    arrivals.await_one()
    assert capture.stop(ANSWER_SECONDS)
    assert "unplugged" in capture.error
    assert camera.closed


def test_a_hanging_read_is_told() -> None:
    """A camera in the middle of a read is not closed within the patience; after it, it is."""
    camera = FakeCamera()
    capture = CameraThread(lambda: camera, HandClock(), Arrivals())
    assert not capture.stop(0.0)
    camera.show(wall())
    assert capture.stop(ANSWER_SECONDS)
    assert camera.closed
    assert camera.decoded == 0


def test_a_bell_rings_until_it_is_silenced() -> None:
    """Two rings are one; silencing a silent bell is harmless."""
    bell = Bell()
    bell.ring()
    bell.ring()
    bell.silence()
    bell.silence()
    bell.close()
