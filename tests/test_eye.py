"""Core's end of the vision socket, over real sockets."""

from __future__ import annotations

import logging
import queue
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts import vision_wire
from contracts.vision_wire import (
    MAX_PACKET_BYTES,
    CameraOff,
    CameraOn,
    CameraReport,
    CameraState,
    Configure,
    FacesSeen,
    Heartbeat,
    Hello,
    ToVision,
    decode_to_vision,
    encode,
)
from device import events
from device.eye import Eye, listening_socket
from device.vision.fakes import ANSWER_SECONDS, HandClock
from tests.stage import make_face

CONFIGURE = Configure(camera="0", frames_per_second=4.0)


class Device:
    """An eye, what it tells core, and vision programs that connect to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: queue.SimpleQueue[events.Event] = queue.SimpleQueue()
        self.clock = HandClock()
        put, now = self.told.put, self.clock.now
        self.eye = Eye(listening_socket(path), CONFIGURE, put, now, machine_clock=now)
        self.eye.start()
        self.visions: list[socket.socket] = []

    def vision(self) -> socket.socket:
        """A vision program that has just connected."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(self.path))
        self.visions.append(connection)
        return connection

    def event(self) -> events.Event:
        return self.told.get(timeout=ANSWER_SECONDS)


def heard(vision: socket.socket, *, beats: bool = False) -> ToVision | None:
    """The next packet from core, heartbeats passed over; None when core hung up."""
    while packet := vision.recv(MAX_PACKET_BYTES):
        message = decode_to_vision(packet)
        if beats or not isinstance(message, Heartbeat):
            return message
    return None


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path / "run" / "vision.sock")
    yield device
    device.eye.stop()
    for vision in device.visions:
        vision.close()


def test_vision_is_told_its_settings_first(device: Device) -> None:
    """And nothing of a camera that nobody wants; then heartbeats."""
    vision = device.vision()
    assert heard(vision, beats=True) == CONFIGURE
    assert heard(vision, beats=True) == Heartbeat()


def test_the_camera_is_opened_and_closed(device: Device) -> None:
    """At once, when vision is there."""
    vision = device.vision()
    assert heard(vision) == CONFIGURE
    device.eye.set_camera(on=True)
    assert heard(vision) == CameraOn()
    device.eye.set_camera(on=False)
    assert heard(vision) == CameraOff()


def test_a_wish_for_the_camera_outlives_vision(device: Device) -> None:
    """Wanted while nobody was there, and again after vision was started anew."""
    device.eye.set_camera(on=True)
    for _ in range(2):
        vision = device.vision()
        assert heard(vision) == CONFIGURE
        assert heard(vision) == CameraOn()
        vision.close()
        assert isinstance(device.event(), events.VisionLost)


def test_a_camera_that_closed_by_itself_is_opened_again(device: Device) -> None:
    """After this machine stood still, vision closes its camera; core still wants it."""
    vision = device.vision()
    device.eye.set_camera(on=True)
    while heard(vision) != CameraOn():
        pass
    vision.send(encode(CameraReport(state=CameraState.OFF, detail="core was silent")))
    assert heard(vision) == CameraOn()


def test_what_vision_sees_becomes_events(device: Device) -> None:
    """Faces and the camera's state, in core's time; a greeting is only logged."""
    vision = device.vision()
    face = make_face("happiness")
    vision.send(encode(Hello(detector="d", classifier="c")))
    vision.send(encode(FacesSeen(frame=1, captured_seconds=7.0, faces=(face,))))
    vision.send(encode(CameraReport(state=CameraState.FAILED, detail="unplugged")))
    assert device.event() == events.FacesSeen(at=100.0, faces=(face,))
    assert device.event() == events.CameraChanged(
        at=100.0, state=CameraState.FAILED, detail="unplugged"
    )


@pytest.mark.parametrize(
    "packet",
    [b"{", b'{"type":"CameraOn"}', b'{"type":"CameraReport","state":"on","detail":"\xff"}'],
)
def test_what_cannot_be_read_is_passed_over(
    device: Device, packet: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The next packet arrives; the log counts the other."""
    vision = device.vision()
    with caplog.at_level(logging.WARNING):
        vision.send(packet)
        vision.send(encode(FacesSeen(frame=1, captured_seconds=7.0)))
        assert device.event() == events.FacesSeen(at=100.0)
    assert "1 unreadable packets from vision" in caplog.text


def test_a_packet_that_is_too_long_is_no_packet(device: Device) -> None:
    """What was cut cannot be read, and costs itself alone."""
    vision = device.vision()
    vision.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MAX_PACKET_BYTES)
    vision.send(b"x" * (MAX_PACKET_BYTES + 1))
    vision.send(encode(FacesSeen(frame=1, captured_seconds=7.0)))
    assert device.event() == events.FacesSeen(at=100.0)


def test_a_new_vision_replaces_the_old_one(device: Device) -> None:
    """The old one is hung up on, which is no loss."""
    old = device.vision()
    assert heard(old) == CONFIGURE
    new = device.vision()
    assert heard(new) == CONFIGURE
    assert heard(old) is None
    new.send(encode(FacesSeen(frame=1, captured_seconds=7.0)))
    assert isinstance(device.event(), events.FacesSeen)


def test_a_vision_that_does_not_read_holds_nobody_up(
    device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    """Packets to it are dropped, and the log says so."""
    vision = device.vision()
    assert heard(vision) == CONFIGURE
    while "does not read" not in caplog.text:
        device.eye.set_camera(on=True)
    vision.send(encode(FacesSeen(frame=1, captured_seconds=7.0)))
    assert isinstance(device.event(), events.FacesSeen)


def test_stopping_closes_the_camera_and_hangs_up(tmp_path: Path) -> None:
    """Vision hears both; nobody can connect afterwards, and nothing is told to core."""
    device = Device(tmp_path / "vision.sock")
    vision = device.vision()
    assert heard(vision) == CONFIGURE
    device.eye.stop()
    assert heard(vision) == CameraOff()
    assert heard(vision) is None
    with pytest.raises(ConnectionRefusedError):
        device.vision()
    assert device.told.empty()
    for connection in device.visions:
        connection.close()


def test_the_socket_of_a_core_that_was_killed_is_replaced(tmp_path: Path) -> None:
    """A left-over file does not keep the next core from listening, and groups may connect."""
    path = tmp_path / "run" / "vision.sock"
    listening_socket(path).close()
    again = listening_socket(path)
    assert path.stat().st_mode & 0o777 == 0o660
    again.close()


def test_heartbeats_come_faster_than_vision_loses_patience() -> None:
    """Three may be lost before vision closes its camera."""
    assert vision_wire.HEARTBEAT_SECONDS * 4 <= vision_wire.CORE_SILENCE_SECONDS


def test_a_vision_that_sees_and_falls_silent_is_hung_up_on(device: Device) -> None:
    """Not before 8 s and a frame's time, and not one whose camera failed."""
    vision = device.vision()
    assert heard(vision) == CONFIGURE
    for state in (CameraState.ON, CameraState.FAILED, CameraState.ON):
        vision.send(encode(CameraReport(state=state)))
        assert device.event().state == state  # type: ignore[attr-defined]
        device.clock.wait(8.2)
        device.eye.check(device.clock.now())
        if state is CameraState.FAILED:
            device.clock.wait(100)
            device.eye.check(device.clock.now())
    device.clock.wait(0.1)
    device.eye.check(device.clock.now())
    assert isinstance(device.event(), events.VisionLost)
    assert heard(vision) is None


def test_a_face_with_too_few_emotions_is_no_packet(device: Device) -> None:
    """Core is told of no face that its filter could not read, and lives."""
    vision = device.vision()
    assert heard(vision) == CONFIGURE
    face = make_face("happiness", 0.9)
    packet = encode(FacesSeen(frame=1, captured_seconds=1.0, faces=(face,)))
    vision.send(packet.replace(b'"emotions":[', b'"emotions":[0.0,'))
    vision.send(packet)
    seen = device.event()
    assert isinstance(seen, events.FacesSeen)
    assert seen.faces == (face,)
    assert device.told.empty()
