from __future__ import annotations

import os

import pytest

from contracts.vision_wire import (
    CORE_SILENCE_SECONDS,
    AnalysePhoto,
    Box,
    CameraOff,
    CameraOn,
    CameraReport,
    CameraState,
    Configure,
    FacesSeen,
    FromVision,
    Heartbeat,
    Hello,
    PhotoAnalysed,
    ToVision,
)
from device.vision.capture import Frame
from device.vision.fakes import FakeCapture, photo_memfd
from device.vision.service import Vision
from device.vision.shutter import Shutter
from tests.vision_scene import drawn_face, encoded, real_sight


class Stage:
    """Vision between a core played by the test and captures that obey it."""

    def __init__(self) -> None:
        self.captures: list[FakeCapture] = []
        self.vision = Vision(real_sight(), Shutter(self._start))
        self.now = 50.0
        self.greeting = list(self.vision.greet(self.now))

    def _start(self, name: str) -> FakeCapture:
        self.captures.append(FakeCapture(name))
        return self.captures[-1]

    def say(self, *packets: ToVision, descriptor: int | None = None) -> list[FromVision]:
        return [a for p in packets for a in self.vision.heard(p, descriptor, self.now)]

    def turn(self, seconds: float = 0.0) -> list[FromVision]:
        self.now += seconds
        return list(self.vision.turn(self.now))

    def frame(self) -> None:
        self.captures[-1].arrive(Frame(self.now, drawn_face()))

    @property
    def open(self) -> bool:
        return any(capture.alive for capture in self.captures)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def running(stage: Stage) -> Stage:
    """A stage whose camera is on."""
    stage.say(Configure(camera="0", frames_per_second=4), CameraOn())
    stage.frame()
    stage.turn()
    return stage


def test_it_greets_with_its_models_and_a_closed_camera(stage: Stage) -> None:
    """A core that comes learns both models and that the camera is off."""
    hello, report = stage.greeting
    assert isinstance(hello, Hello)
    assert "BlazeFace" in hello.detector
    assert report == CameraReport(state=CameraState.OFF)


def test_settings_alone_open_no_camera(stage: Stage) -> None:
    """Only camera_on does."""
    stage.say(Configure(camera="0"), Heartbeat())
    stage.turn()
    assert not stage.open


def test_a_camera_that_was_not_configured_is_not_opened(stage: Stage) -> None:
    """camera_on before any settings is answered with what is missing."""
    (report,) = stage.say(CameraOn())
    assert isinstance(report, CameraReport)
    assert report.state is CameraState.FAILED
    assert not stage.open


def test_faces_are_told_with_the_time_of_their_frame(stage: Stage) -> None:
    """Opening, then the faces, then on."""
    opening = stage.say(Configure(camera="0"), CameraOn())
    assert opening == [CameraReport(state=CameraState.OPENING)]
    stage.frame()
    seen, report = stage.turn()
    assert isinstance(seen, FacesSeen)
    assert (seen.frame, seen.captured_seconds, len(seen.faces)) == (1, stage.now, 1)
    assert report == CameraReport(state=CameraState.ON)


def test_frames_are_asked_for_at_the_rate_of_the_settings(running: Stage) -> None:
    """At four a second, the next is wanted a quarter second later and not before."""
    capture = running.captures[-1]
    asked = capture.wants
    running.turn(0.2)
    assert capture.wants == asked
    running.turn(0.05)
    running.turn(0.05)
    assert capture.wants == asked + 1


def test_it_waits_no_longer_than_the_next_frame(running: Stage) -> None:
    """The time to wait ends when a frame is due."""
    assert running.vision.wait_seconds(running.now + 0.2) == pytest.approx(0.05)


def test_masks_of_the_settings_apply(running: Stage) -> None:
    """New masks count from the next frame on."""
    running.say(Configure(camera="0", masks=(Box(left=0, top=0, width=1, height=1),)))
    running.frame()
    (seen,) = running.turn()
    assert isinstance(seen, FacesSeen)
    assert seen.faces == ()


def test_another_camera_in_the_settings_is_changed_to(running: Stage) -> None:
    """The first is closed and the second opened."""
    running.say(Configure(camera="1"))
    assert [(c.name, c.alive) for c in running.captures] == [("0", False), ("1", True)]


def test_camera_off_closes(running: Stage) -> None:
    """It is closed when the answer goes out, and a frame on its way is not looked at."""
    running.frame()
    assert running.say(CameraOff()) == [CameraReport(state=CameraState.OFF)]
    assert not running.open
    assert running.turn() == []


def test_a_silent_core_closes_the_camera(running: Stage) -> None:
    """Two seconds without a packet, and not earlier."""
    running.turn(CORE_SILENCE_SECONDS - 0.01)
    assert running.open
    (report,) = running.turn(0.01)
    assert isinstance(report, CameraReport)
    assert report.state is CameraState.OFF
    assert "silent" in report.detail
    assert not running.open


def test_heartbeats_keep_the_camera_open(running: Stage) -> None:
    """Ten seconds of them."""
    for _ in range(20):
        running.say(Heartbeat())
        running.turn(0.5)
    assert running.open


def test_a_silent_core_must_ask_again(running: Stage) -> None:
    """Heartbeats that come back do not open the camera; camera_on does."""
    running.turn(CORE_SILENCE_SECONDS)
    running.say(Heartbeat())
    running.turn()
    assert not running.open
    running.say(CameraOn())
    assert running.open


def test_a_lost_core_closes_the_camera_at_once(running: Stage) -> None:
    """And the next core has to configure it anew."""
    running.vision.core_lost()
    assert not running.open
    list(running.vision.greet(running.now))
    (report,) = running.say(CameraOn())
    assert isinstance(report, CameraReport)
    assert report.state is CameraState.FAILED


def test_a_photo_is_analysed_with_the_camera_closed(stage: Stage) -> None:
    """A guest's photo needs no camera."""
    descriptor = photo_memfd(encoded(drawn_face()))
    (answer,) = stage.say(AnalysePhoto(photo="p7"), descriptor=descriptor)
    os.close(descriptor)
    assert isinstance(answer, PhotoAnalysed)
    assert len(answer.faces) == 1
    assert not stage.open


def test_masks_do_not_apply_to_photos(stage: Stage) -> None:
    """They are drawn over the camera's view."""
    stage.say(Configure(camera="0", masks=(Box(left=0, top=0, width=1, height=1),)))
    descriptor = photo_memfd(encoded(drawn_face()))
    (answer,) = stage.say(AnalysePhoto(photo="p7"), descriptor=descriptor)
    os.close(descriptor)
    assert isinstance(answer, PhotoAnalysed)
    assert len(answer.faces) == 1
