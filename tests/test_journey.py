"""The whole appliance: four real programs, from a face to samples."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from cli.demo import DEMO
from cli.demonstration.programs import Appliance, usage
from contracts.messages import Tier
from contracts.settings import load_settings, to_toml
from device.bookmark import Bookmark
from device.browse import BrowseQuery
from device.control import ControlRequest, DeviceAwayError, ask_device, converse
from device.demo import BUNDLED_REEL
from device.demo.library import make_library
from device.settings import DeviceSettings
from device.status import Status

PATIENCE_SECONDS = 60.0
"""Not a figure: a loaded machine may be slow, but not for ever."""
SHARED_VIDEO = (
    Path(__file__).parents[2] / "shared/data/faces/video/head-pose-face-detection-male.gif"
)


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    make_library(folder, length_seconds=12.0)
    return folder


class Journey:
    """An appliance whose sound goes to a file."""

    def __init__(self, folder: Path, camera: Path, music: Path) -> None:
        self.pcm = folder / "heard.pcm"
        settings = msgspec.structs.replace(
            DEMO,
            camera=msgspec.structs.replace(DEMO.camera, source=str(camera)),
            music_folder=str(music),
            sound=msgspec.structs.replace(DEMO.sound, driver="disk", fallback_driver=""),
        )
        self.appliance = Appliance(
            folder, settings, environment={"SDL_DISKAUDIOFILE": str(self.pcm)}
        )

    def status(self) -> Status:
        try:
            return ask_device(self.appliance.control_socket)
        except DeviceAwayError:
            return Status()

    def until(self, shown: Callable[[Status], bool], what: str) -> Status:
        """The first status that shows it."""
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE_SECONDS
        while True:
            status = self.status()
            if shown(status):
                return status
            if time.monotonic() > deadline:
                logs = "\n".join(f"{p.name}: {p.last_words(8)}" for p in self.appliance.programs)
                pytest.fail(f"waited in vain for {what}\n{status}\n{logs}")
            pause.wait(0.1)

    def core_log(self) -> str:
        return self.appliance.core.last_words(200)

    def rms(self) -> float:
        """Of what was heard, full scale 1."""
        size = self.pcm.stat().st_size // 2 * 2
        samples = np.frombuffer(self.pcm.read_bytes()[:size], np.int16).astype(np.float64)
        return float(np.sqrt(np.mean(samples**2)) / 32768) if len(samples) else 0.0


@pytest.fixture
def journey(tmp_path: Path, music: Path) -> Iterator[Journey]:
    made = Journey(tmp_path, BUNDLED_REEL, music)
    with made.appliance:
        yield made


def moods(status: Status) -> list[str]:
    return [h.what for h in status.happenings if h.kind == "mood"]


def tiers_of_tracks(status: Status) -> list[str]:
    return [h.tier for h in status.happenings if h.kind == "track"]


def test_a_face_becomes_music_and_a_dead_server_does_not_stop_it(journey: Journey) -> None:
    """A smile is believed, the server is asked and its answer plays; a killed server lowers the
    tier while music goes on, and its return raises the tier again.
    """
    status = journey.until(lambda s: "positive" in moods(s), "a positive mood")
    status = journey.until(lambda s: Tier.SERVER in tiers_of_tracks(s), "a track by the server")
    assert status.requests_answered >= 1
    assert status.faces
    journey.until(lambda s: s.heard.seconds > 3, "three seconds of music")
    assert journey.rms() > 0.01

    journey.appliance.server.kill()
    fallen = journey.until(lambda s: s.state.tier is not Tier.SERVER, "a lower tier")
    heard = fallen.heard.seconds
    journey.until(lambda s: s.heard.seconds > heard + 2, "music without the server")
    journey.appliance.server.start()
    journey.until(lambda s: s.state.tier is Tier.SERVER, "the server's tier again")
    journey.appliance.core.stop()
    assert journey.appliance.core.exit_code() == 0


@pytest.mark.skipif(not SHARED_VIDEO.is_file(), reason="needs ../shared/data/faces/video")
def test_a_real_face_is_seen(tmp_path: Path, music: Path) -> None:
    """On a video of a real person, faces arrive in core and a mood is believed."""
    journey = Journey(tmp_path, SHARED_VIDEO, music)
    with journey.appliance:
        status = journey.until(lambda s: bool(s.faces), "a face")
        assert status.faces[0].score > 0.5
        journey.until(lambda s: bool(moods(s)), "a believed mood")
        journey.until(lambda s: s.heard.seconds > 1, "music")


def test_an_altered_model_is_refused_and_music_plays(tmp_path: Path, music: Path) -> None:
    """Vision exits 78 and names the file; the mood is unknown and music plays."""
    models = tmp_path / "models"
    models.mkdir()
    for file in (Path(__file__).parents[1] / "models").iterdir():
        if file.is_file():
            (models / file.name).write_bytes(file.read_bytes())
    altered = models / "emotion.tflite"
    content = altered.read_bytes()
    altered.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    journey = Journey(tmp_path / "device", Path("0"), music)
    arguments = journey.appliance.vision.arguments
    journey.appliance.vision.arguments = [*arguments, "--models", str(models)]
    with journey.appliance:
        status = journey.until(lambda s: s.heard.seconds > 1, "music")
        journey.until(lambda _: journey.appliance.vision.exit_code() == 78, "vision's refusal")
        journey.appliance.mend()
        assert "emotion.tflite" in journey.appliance.complaints["vision"]
        assert "emotion.tflite" in journey.appliance.vision.last_words(8)
        assert status.state.mood.mood == "unknown"


def test_a_disk_that_takes_nothing_does_not_stop_the_music(tmp_path: Path, music: Path) -> None:
    """While the store cannot be written, commands are obeyed and music plays on."""
    journey = Journey(tmp_path, tmp_path / "no-camera.avi", music)
    with journey.appliance:
        journey.until(lambda s: s.heard.seconds > 1, "music")
        blocker = sqlite3.connect(tmp_path / "device" / "device.sqlite", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        ask_device(journey.appliance.control_socket, "volume", "30")
        told = journey.until(lambda s: s.state.volume < 0.31, "the volume that was asked for")
        heard = told.heard.seconds
        journey.until(lambda s: s.heard.seconds > heard + 1, "music all the same")
        journey.until(lambda _: "could not be kept" in journey.core_log(), "a word about it")
        blocker.close()


def test_however_the_demo_ends_its_programs_end_too(tmp_path: Path, music: Path) -> None:
    """A killed parent leaves no program behind that plays or watches."""
    script = (
        "import sys; from pathlib import Path; from tests.test_journey import Journey;"
        "a = Journey(*map(Path, sys.argv[1:])).appliance; a.start();"
        "print(*[p.pid for p in a.programs], flush=True); sys.stdin.read()"
    )
    arguments = [str(tmp_path), str(BUNDLED_REEL), str(music)]
    parent = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with parent:
        assert parent.stdout
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 3
        parent.kill()
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE_SECONDS
    while any(usage(pid) for pid in pids) and time.monotonic() < deadline:
        pause.wait(0.1)
    assert not any(usage(pid) for pid in pids)


def test_a_killed_program_is_started_again(tmp_path: Path, music: Path) -> None:
    """The demo restarts vision and server like an appliance does; a refusal stays refused."""
    journey = Journey(tmp_path, BUNDLED_REEL, music)
    with journey.appliance as appliance:
        journey.until(lambda s: bool(s.faces), "a face")
        killed = appliance.vision.pid
        appliance.vision.kill()
        journey.until(lambda s: not s.faces or s.state.camera != "on", "no more faces")
        appliance.mend()
        assert appliance.vision.pid != killed
        journey.until(lambda s: s.state.camera == "on", "the camera again")
        assert appliance.complaints == {}


def test_a_camera_that_is_not_there_is_retried_and_music_plays(tmp_path: Path, music: Path) -> None:
    """The camera is reported as failed, the mood is unknown, and music plays."""
    journey = Journey(tmp_path, tmp_path / "no-such-video.avi", music)
    with journey.appliance:
        journey.until(lambda s: s.state.camera == "failed", "a failed camera")
        status = journey.until(lambda s: s.heard.seconds > 1, "music")
        assert status.state.mood.mood == "unknown"
        assert journey.appliance.vision.exit_code() is None


def test_the_settings_that_the_demo_writes_are_read_back(tmp_path: Path) -> None:
    """Settings survive the way through TOML."""
    file = tmp_path / "device.toml"
    file.write_text(to_toml(DEMO), encoding="utf-8")
    assert load_settings(file, DeviceSettings) == DEMO


def test_after_a_power_cut_music_goes_on_where_it_was(tmp_path: Path, music: Path) -> None:
    """Killed without warning, the device plays the same track from within 5 s of its place, as
    loud as before and with the same queue; a queue that was chosen by hand, too.
    """
    journey = Journey(tmp_path, tmp_path / "no-camera.avi", music)
    with journey.appliance as appliance:
        socket = appliance.control_socket
        journey.until(lambda s: bool(s.controls.queue), "a queue")
        page = converse(socket, ControlRequest(browse=BrowseQuery(limit=3))).page
        assert page is not None
        chosen = [row.id for row in page.rows]
        ask_device(socket, "play_track", chosen[0])
        ask_device(socket, "queue_add", " ".join(chosen[1:]))
        ask_device(socket, "volume", "30")
        ask_device(socket, "repeat", "track")
        ask_device(socket, "seek", "2")
        before = journey.until(lambda s: s.position_seconds > 4.5, "some seconds of it")
        appliance.core.kill()
        marked = Bookmark(tmp_path / "device" / "position").read(chosen[0])
        appliance.core.start()
        after = journey.until(lambda s: s.heard.seconds > 0.2, "music again")
        assert before.state.playing
        assert after.state.playing
        assert after.state.playing.track == before.state.playing.track == chosen[0]
        assert marked >= before.position_seconds - 5.0
        # What was heard since the restart was not lost by it.
        assert abs(after.position_seconds - after.heard.seconds - marked) < 1.0
        assert after.state.volume == before.state.volume
        assert after.controls.queue == before.controls.queue
        assert [row.choice.track for row in after.controls.queue[:2]] == chosen[1:]
