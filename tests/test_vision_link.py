from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.settings import EXIT_REFUSED
from contracts.vision_wire import (
    MAX_PACKET_BYTES,
    AnalysePhoto,
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
    PhotoRefused,
    encode,
)
from device.vision.fakes import ANSWER_SECONDS, FakeCore, HandClock, photo_memfd
from device.vision.link import MALFORMED_SAID_SECONDS, Link, LinkLostError
from tests.vision_scene import drawn_face, encoded, real_sight

ROOT = Path(__file__).parents[1]


@pytest.fixture
def pair() -> Iterator[tuple[Link, socket.socket, HandClock]]:
    """A link, core's end of it, and its clock."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    clock = HandClock()
    yield Link(ours, clock), theirs, clock
    ours.close()
    theirs.close()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


Pair = tuple[Link, socket.socket, HandClock]


def test_a_malformed_packet_is_passed_over(pair: Pair) -> None:
    """What is none of core's packets does not keep the next from arriving."""
    link, core, _ = pair
    for payload in (b"{", b'{"type":"Dance"}', b"\xff\xfe", b"x" * (MAX_PACKET_BYTES + 1)):
        core.send(payload)
    core.send(encode(Heartbeat()))
    assert [packet for packet, _ in link.received()] == [Heartbeat()]


def test_malformed_packets_are_said_once_a_minute(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """The first at once, the others in one line a minute later."""
    link, core, clock = pair
    for pause in (0.0, 1.0, 1.0, MALFORMED_SAID_SECONDS):
        clock.seconds += pause
        core.send(b"nonsense")
        with caplog.at_level(logging.WARNING):
            list(link.received())
    assert [record.getMessage()[:11] for record in caplog.records] == ["1 packet(s)", "3 packet(s)"]


def test_descriptors_are_closed_after_their_packet(pair: Pair) -> None:
    """Wanted, unwanted or beside nonsense: none stays open."""
    link, core, _ = pair
    before = open_descriptors()
    for payload in (encode(AnalysePhoto(photo="p")), encode(Heartbeat()), b"nonsense"):
        descriptor = photo_memfd(b"x")
        socket.send_fds(core, [payload], [descriptor] * 3)
        os.close(descriptor)
    seen = [(packet, descriptor is not None) for packet, descriptor in link.received()]
    assert seen == [(AnalysePhoto(photo="p"), True), (Heartbeat(), True)]
    assert open_descriptors() == before


def test_a_core_that_hangs_up_is_lost(pair: Pair) -> None:
    """Reading and writing both tell."""
    link, core, _ = pair
    core.close()
    with pytest.raises(LinkLostError):
        list(link.received())
    with pytest.raises(LinkLostError):
        link.send([CameraReport(state=CameraState.OFF)])


def test_a_core_that_does_not_read_costs_faces_only(pair: Pair) -> None:
    """Faces are dropped while its queue is full; what must be known waits and arrives."""
    link, core, _ = pair
    for frame in range(5000):
        link.send([FacesSeen(frame=frame, captured_seconds=0.0)])
    link.send([CameraReport(state=CameraState.FAILED, detail="unplugged")])
    core.settimeout(0)
    received = drain(core)
    assert len(received) < 5000
    link.send([])
    assert b"unplugged" in drain(core)[-1]


def drain(core: socket.socket) -> list[bytes]:
    received = []
    try:
        while True:
            received.append(core.recv(MAX_PACKET_BYTES))
    except BlockingIOError:
        return received


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the real program."""
    started: list[subprocess.Popen[str]] = []

    def program(*arguments: str) -> subprocess.Popen[str]:
        socket_path = str(tmp_path / "vision.sock")
        words = [sys.executable, "-m", "device.vision", "--socket", socket_path, *arguments]
        started.append(subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True))
        return started[-1]

    real_sight()
    yield program
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def core(tmp_path: Path) -> Iterator[FakeCore]:
    """A core that listens."""
    fake = FakeCore(tmp_path / "vision.sock")
    yield fake
    fake.close()


def until(core: FakeCore, wanted: Callable[[FromVision], bool]) -> FromVision:
    """The next packet that is wanted; core stays alive meanwhile."""
    while True:
        core.send(Heartbeat())
        packet = core.receive()
        if wanted(packet):
            return packet


def is_state(state: CameraState) -> Callable[[FromVision], bool]:
    return lambda packet: isinstance(packet, CameraReport) and packet.state is state


def test_a_whole_life(start: Start, core: FakeCore, tmp_path: Path) -> None:
    """Greeting, camera, faces, photo, nonsense, off, core's restart, and a clean end."""
    picture = tmp_path / "face.png"
    picture.write_bytes(encoded(drawn_face(), ".png"))
    process = start()
    core.accept()
    assert isinstance(core.receive(), Hello)
    assert core.receive() == CameraReport(state=CameraState.OFF)

    core.send(Configure(camera=str(picture), frames_per_second=30))
    core.send(CameraOn())
    seen = until(core, lambda packet: isinstance(packet, FacesSeen))
    assert isinstance(seen, FacesSeen)
    assert len(seen.faces) == 1

    core.send_raw(b"nonsense")
    photos = photo_memfd(encoded(drawn_face())), photo_memfd(b"unsealed", 0)
    for descriptor in photos:
        core.send(AnalysePhoto(photo="p"), descriptor)
        os.close(descriptor)
    assert isinstance(
        until(core, lambda p: not isinstance(p, (FacesSeen, CameraReport))), PhotoAnalysed
    )
    assert isinstance(
        until(core, lambda p: not isinstance(p, (FacesSeen, CameraReport))), PhotoRefused
    )
    core.send(CameraOff())
    until(core, is_state(CameraState.OFF))

    core.hang_up()
    core.accept()
    assert isinstance(core.receive(), Hello)
    assert core.receive() == CameraReport(state=CameraState.OFF)
    process.send_signal(signal.SIGTERM)
    assert process.wait(ANSWER_SECONDS) == 0


def test_a_core_that_falls_silent_loses_the_camera(
    start: Start, core: FakeCore, tmp_path: Path
) -> None:
    """The real program closes its camera by itself when heartbeats end."""
    picture = tmp_path / "face.png"
    picture.write_bytes(encoded(drawn_face(), ".png"))
    start()
    core.accept()
    core.send(Configure(camera=str(picture)))
    core.send(CameraOn())
    until(core, is_state(CameraState.ON))
    while not is_state(CameraState.OFF)(packet := core.receive()):
        assert isinstance(packet, FacesSeen)
    assert isinstance(packet, CameraReport)
    assert "silent" in packet.detail


def test_a_camera_that_is_not_there_is_told(start: Start, core: FakeCore) -> None:
    """The report names what was tried."""
    start()
    core.accept()
    core.send(Configure(camera="no/such/file.gif"))
    core.send(CameraOn())
    report = until(core, is_state(CameraState.FAILED))
    assert isinstance(report, CameraReport)
    assert "no/such/file.gif" in report.detail


def test_a_camera_that_hangs_is_closed_by_the_end_of_the_program(
    start: Start, core: FakeCore, tmp_path: Path
) -> None:
    """Opening a pipe that nobody writes hangs; camera_off then ends vision with 75."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = start()
    core.accept()
    core.send(Configure(camera=str(pipe)))
    core.send(CameraOn())
    until(core, is_state(CameraState.OPENING))
    core.send(CameraOff())
    _, complaint = process.communicate(timeout=ANSWER_SECONDS)
    assert process.returncode == os.EX_TEMPFAIL
    assert "hangs" in complaint


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_while_it_waits_for_core(start: Start, name: signal.Signals) -> None:
    """Without a core it says so once, waits, and ends with 0 at a signal."""
    process = start()
    assert process.stderr is not None
    assert "core is not at" in process.stderr.readline()
    process.send_signal(name)
    assert process.wait(ANSWER_SECONDS) == 0
    assert process.stderr.read() == ""


def test_a_missing_model_ends_it_for_good(start: Start, tmp_path: Path) -> None:
    """Status 78, which a restart cannot mend, and the file's name and remedy."""
    process = start("--models", str(tmp_path))
    _, complaint = process.communicate(timeout=ANSWER_SECONDS)
    assert process.returncode == EXIT_REFUSED
    assert "face_detector.json" in complaint
    assert "git checkout" in complaint


def test_an_altered_model_ends_it_for_good(start: Start, tmp_path: Path) -> None:
    """The weights' sha256 is checked before they are opened."""
    models = tmp_path / "models"
    models.mkdir()
    for file in (ROOT / "models").glob("*.*"):
        (models / file.name).write_bytes(file.read_bytes())
    (models / "emotion.tflite").write_bytes(b"something else")
    process = start("--models", str(models))
    _, complaint = process.communicate(timeout=ANSWER_SECONDS)
    assert process.returncode == EXIT_REFUSED
    assert "emotion.tflite was altered" in complaint
