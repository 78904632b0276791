"""The Pi's camera driver, and what it relies on picamera2 for.

What is asked of `opened` is asked of the fake here, and of the real picamera2 on libcamera's
virtual camera by `./mlfym bench pi-camera`, which runs this very file in a Debian of its own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from bench.virtual_camera import REAL, scene
from device.vision.camera import FRAME_SIZE, CameraError, open_camera
from device.vision.capture import CameraThread
from device.vision.fake_picamera2 import BUFFERS, FakePicamera2, Ribbon, encoded
from device.vision.fakes import HandClock
from device.vision.picamera import GRAB_SECONDS, TO_BGR, PiCamera, as_bgr
from device.vision.shutter import STALL_SECONDS

PATIENCE_SECONDS = 1.0
"""Not a figure: a frame comes every 33 ms, and the wait for one that does not come is real."""
FIRST_FRAME_SECONDS, OPENINGS = 10.0, 3
EXPECTED = {"left": (0, 0, 255), "right": (255, 0, 0)}
"""BGR in the middle of each half of the scene: red and blue."""
TOLERANCE = 12
"""Grey levels that JPEG and YUV may take off."""

Opened = Callable[[], Any]
real_only = pytest.mark.skipif(
    not os.environ.get(REAL), reason="./mlfym bench pi-camera runs it on the real picamera2"
)


@pytest.fixture(params=["fake", pytest.param("real", marks=real_only)])
def opened(request: pytest.FixtureRequest) -> Opened:
    """Opens a camera that sees the scene and gives NV12, as the virtual one does."""
    if request.param == "fake":
        ribbon = Ribbon("NV12")
        ribbon.show(scene())
        return ribbon.open
    from bench.virtual_camera.shim import VirtualPicamera2  # noqa: PLC0415 - needs libcamera

    return VirtualPicamera2


def configured(opened: Opened) -> Any:  # noqa: ANN401 - either picamera2
    camera = opened()
    camera.configure(
        camera.create_video_configuration(main={"size": FRAME_SIZE, "format": "RGB888"})
    )
    return camera


def first_request(opened: Opened) -> tuple[Any, Any]:
    """A started camera and its first request.

    Now and then a camera that was opened anew gives nothing (docs/arm64.md); then it is opened once
    more, as vision's shutter does, three times at most.
    """
    for _ in range(OPENINGS):
        camera = configured(opened)
        camera.start()
        with contextlib.suppress(TimeoutError):
            return camera, camera.capture_request(wait=FIRST_FRAME_SECONDS)
        camera.close()
    pytest.fail("no frame after three openings")


def watching(opened: Opened) -> PiCamera:
    """The driver with a frame grabbed, by the same rule."""
    for _ in range(OPENINGS):
        camera = PiCamera(FRAME_SIZE, opened, FIRST_FRAME_SECONDS)
        with contextlib.suppress(CameraError):
            camera.grab()
            return camera
        camera.close()
    pytest.fail("no frame after three openings")


# The contract of picamera2: of the fake, and of the real one


def test_a_camera_tells_which_format_it_gives(opened: Opened) -> None:
    """Asked for RGB888, it gives what it can, and says so before it starts."""
    camera = configured(opened)
    main = camera.camera_configuration()["main"]
    camera.close()
    assert (str(main["format"]), tuple(main["size"])) == ("NV12", FRAME_SIZE)


def test_a_request_is_an_array_until_it_is_released(opened: Opened) -> None:
    """NV12 has half as many rows again. After its release it is refused, and so is a second."""
    camera, request = first_request(opened)
    array = request.make_array("main")
    assert array.shape == (720, 640)
    assert array.dtype == np.uint8
    request.release()
    with pytest.raises(RuntimeError, match="not defined"):
        request.make_array("main")
    with pytest.raises(RuntimeError, match="negative ref_count"):
        request.release()
    camera.close()


def test_a_camera_cannot_be_opened_twice_at_once(opened: Opened) -> None:
    """The second is refused until the first is closed; closing twice is harmless."""
    first = configured(opened)
    with pytest.raises(RuntimeError):
        opened()
    first.close()
    first.close()
    opened().close()


def test_a_camera_must_stop_before_it_is_configured(opened: Opened) -> None:
    """Else it is refused."""
    camera = configured(opened)
    camera.start()
    with pytest.raises(RuntimeError, match="stopped"):
        camera.configure(camera.create_video_configuration(main={"size": FRAME_SIZE}))
    camera.close()


def test_a_wait_in_vain_is_a_timeout(opened: Opened) -> None:
    """A camera that gives no frame says nothing else; closed and opened anew it gives some."""
    camera = configured(opened)
    camera.start()
    camera.stop()
    with pytest.raises(TimeoutError):
        camera.capture_request(wait=PATIENCE_SECONDS)
    camera.close()
    again, request = first_request(opened)
    request.release()
    again.close()


def test_a_request_may_be_released_after_its_camera_is_closed(opened: Opened) -> None:
    """It is only not given back to it."""
    camera, request = first_request(opened)
    camera.close()
    request.release()


# The driver, on either


def test_the_driver_gives_bgr_frames_of_the_size_asked_for(opened: Opened) -> None:
    """Red is left and blue is right, frame after frame; frames may be skipped undecoded."""
    camera = watching(opened)
    for _ in range(2 * BUFFERS):
        camera.grab()
    frame = camera.decode()
    assert frame.shape == (480, 640, 3)
    assert frame.dtype == np.uint8
    for column, colour in ((160, EXPECTED["left"]), (480, EXPECTED["right"])):
        assert np.abs(frame[240, column].astype(int) - colour).max() <= TOLERANCE
    camera.close()


def test_the_driver_stops_and_starts(opened: Opened) -> None:
    """Closed, even twice and with a frame in hand, it may be opened anew."""
    for _ in range(3):
        camera = watching(opened)
        camera.close()
        camera.close()
        with pytest.raises(CameraError):
            camera.grab()


def test_the_driver_says_that_somebody_has_the_camera(opened: Opened) -> None:
    """And leaves it to them."""
    other, request = first_request(opened)
    with pytest.raises(CameraError, match="is it free"):
        PiCamera(FRAME_SIZE, opened)
    request.release()
    other.close()


def test_the_driver_reports_a_vanished_camera(opened: Opened) -> None:
    """No frame within its patience: it says so, closes in order, and a new one goes on."""
    camera = watching(opened)
    camera._camera.stop()
    camera._patience = PATIENCE_SECONDS
    with pytest.raises(CameraError, match="gives no frames"):
        camera.grab()
    camera.close()
    again = watching(opened)
    assert again.decode().shape == (480, 640, 3)
    again.close()


def test_nothing_is_decoded_before_it_is_grabbed(opened: Opened) -> None:
    """As with every camera."""
    camera = PiCamera(FRAME_SIZE, opened, 30.0)
    with pytest.raises(CameraError, match="grabbed"):
        camera.decode()
    camera.close()


# The driver, on what only the fake can do


@pytest.mark.parametrize("form", TO_BGR)
def test_every_format_becomes_the_same_picture(form: str) -> None:
    """Whatever a camera gives instead of what it was asked for."""
    ribbon = Ribbon(form)
    ribbon.show(scene())
    camera = PiCamera(FRAME_SIZE, ribbon.open)
    camera.grab()
    apart = np.abs(camera.decode().astype(int) - scene())
    assert camera.decode().flags["C_CONTIGUOUS"]
    assert np.median(apart) <= 2
    assert (apart[:, 160].max(), apart[:, 480].max()) <= (TOLERANCE, TOLERANCE)


def test_padding_is_cut_off() -> None:
    """Planes of YUV420 come with rows as long as the hardware likes them."""
    planar = np.asarray(cv2.cvtColor(scene(), cv2.COLOR_BGR2YUV_I420), np.uint8)
    wide = np.zeros((480, 704, 3), np.uint8)
    wide[:, :640] = scene()
    padded = encoded(wide, "YUV420")
    assert padded.shape == (720, 704)
    assert as_bgr(padded, "YUV420", FRAME_SIZE).shape == (480, 640, 3)
    same = as_bgr(planar, "YUV420", FRAME_SIZE).astype(int)
    assert np.abs(as_bgr(padded, "YUV420", FRAME_SIZE).astype(int) - same)[:, :600].max() <= 2


def test_an_unknown_format_is_refused_and_the_camera_let_go() -> None:
    """By its name."""
    ribbon = Ribbon("SRGGB10")
    with pytest.raises(CameraError, match="SRGGB10"):
        PiCamera(FRAME_SIZE, ribbon.open)
    assert not ribbon.taken


def test_a_loose_cable_is_told_and_mended() -> None:
    """While it is loose nothing opens; seated again, it does."""
    ribbon = Ribbon()
    camera = PiCamera(FRAME_SIZE, ribbon.open)
    camera.grab()
    ribbon.unplug()
    with pytest.raises(CameraError, match="cable come loose"):
        camera.grab()
    camera.close()
    with pytest.raises(CameraError, match="cable seated"):
        PiCamera(FRAME_SIZE, ribbon.open)
    ribbon.plug()
    PiCamera(FRAME_SIZE, ribbon.open).grab()


def test_a_camera_whose_start_fails_is_let_go() -> None:
    """So that the next try may have it."""
    ribbon = Ribbon()

    class Refusing(FakePicamera2):
        def start(self) -> None:
            msg = "Failed to start camera"
            raise RuntimeError(msg)

    with pytest.raises(CameraError, match="Failed to start"):
        PiCamera(FRAME_SIZE, lambda: Refusing(ribbon))
    assert not ribbon.taken
    PiCamera(FRAME_SIZE, ribbon.open).close()


def test_a_vanished_camera_ends_its_thread_in_order() -> None:
    """With the reason, and before the shutter would call it stalled."""
    assert GRAB_SECONDS < STALL_SECONDS
    ribbon = Ribbon()
    ribbon.unplug()
    capture = CameraThread(lambda: PiCamera(FRAME_SIZE, ribbon.open), HandClock(), lambda: None)
    assert capture.stop(30.0)
    assert "No camera number 0" in capture.error


@pytest.mark.skipif(bool(os.environ.get(REAL)), reason="there it is installed")
def test_a_machine_without_picamera2_is_told_how_to_get_it() -> None:
    """Debian's name of the package."""
    with pytest.raises(CameraError, match="apt install python3-picamera2"):
        open_camera("picamera2", HandClock())
