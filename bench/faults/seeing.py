"""Vision hangs, the camera stalls, a model was altered; and core or the recommender hang."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from typing import TYPE_CHECKING

import cv2

from bench.faults.fault import Fault, NotSurvivedError, Trial
from bench.faults.house import House
from contracts.messages import Tier
from contracts.mood import MoodClass
from contracts.settings import EXIT_REFUSED
from device.demo import BUNDLED_REEL
from device.vision.sight import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.faults.fault import Ground

FILM_FRAMES, FILM_RATE = 480, 8.0
BLOCK_BYTES = 16_384
HUNG_CORE_SECONDS = 20.0
"""systemd's patience with core (WatchdogSec and TimeoutAbortSec), RestartSec, and its start."""
MOODS = ("happy", "sad", "calm", "angry")


def hang_vision(ground: Ground) -> Iterator[Trial]:
    """Vision is stopped: core hangs up and believes no mood, systemd's watchdog ends it."""

    def inject(house: House) -> None:
        watched = house.supervisor.watched("mlfym-vision.service")
        before = watched.killed
        os.kill(house.appliance.vision.pid, signal.SIGSTOP)
        house.until(lambda s: s.state.camera != "on", "core's notice")
        house.until(lambda s: s.state.mood.mood is MoodClass.UNKNOWN, "no mood")
        house.until(lambda _: watched.killed > before, "the watchdog")

    with House(ground) as house:
        yield from house.play_out(ground, inject)


def hang_core(ground: Ground) -> Iterator[Trial]:
    """Core is stopped: systemd's watchdog ends it, and a new one plays on."""

    def inject(house: House) -> None:
        at = time.monotonic()
        os.kill(house.appliance.core.pid, signal.SIGSTOP)
        house.until(lambda s: (s.heard.first_at or 0.0) > at, "music by a new core")

    with House(ground) as house:
        yield from house.play_out(ground, inject)


def hang_recommender(ground: Ground) -> Iterator[Trial]:
    """The server is stopped: what it does not answer the next tier does, until it goes on."""
    moods = iter(MOODS * ground.times)

    def inject(house: House) -> None:
        os.kill(house.appliance.server.pid, signal.SIGSTOP)
        house.ask_for(next(moods))
        house.until(lambda s: s.state.tier is not Tier.SERVER, "a lower tier")
        os.kill(house.appliance.server.pid, signal.SIGCONT)

    with House(ground) as house:
        yield from house.play_out(ground, inject)


class Film:
    """A camera as a named pipe: an endless film that can stop in the middle of a frame."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.path, self._content = folder / "camera.avi", _film(folder / "film.avi")
        os.mkfifo(self.path)
        self._running, self._ended = threading.Event(), threading.Event()
        self._running.set()
        threading.Thread(target=self._show, name="film", daemon=True).start()

    def stall(self) -> None:
        """Give no more frames, and do not end either."""
        self._running.clear()

    def go_on(self) -> None:
        """Give frames again."""
        self._running.set()

    def close(self) -> None:
        """No more frames for whoever comes; what waits for a reader ends with the program."""
        self._ended.set()
        self._running.set()

    def _show(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(BrokenPipeError), self.path.open("wb", buffering=0) as pipe:
                for start in range(0, len(self._content), BLOCK_BYTES):
                    self._running.wait()
                    pipe.write(self._content[start : start + BLOCK_BYTES])


def _film(path: Path) -> bytes:
    """The bundled reel as an AVI of motion JPEG, which can be read without seeking."""
    reel = cv2.VideoCapture(str(BUNDLED_REEL))
    skip = max(1, round(reel.get(cv2.CAP_PROP_FPS) / FILM_RATE))
    size = int(reel.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reel.get(cv2.CAP_PROP_FRAME_HEIGHT))
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FILM_RATE, size)
    for _ in range(FILM_FRAMES):
        for _ in range(skip):
            if not reel.grab():
                reel.set(cv2.CAP_PROP_POS_FRAMES, 0)
        good, frame = reel.retrieve()
        if good:
            film.write(frame)
    film.release()
    return path.read_bytes()


def stall_camera(ground: Ground) -> Iterator[Trial]:
    """The camera blocks in a read; vision says so, and sees again when it goes on."""
    film = Film(ground.folder.parent / "film")

    def inject(house: House) -> None:
        film.stall()
        house.until(lambda s: s.state.camera == "failed", "vision's report")
        house.until(lambda s: s.state.mood.mood is MoodClass.UNKNOWN, "no mood")
        film.go_on()

    try:
        with House(ground, camera=film.path) as house:
            yield from house.play_out(ground, inject)
    finally:
        film.close()


def alter_model(ground: Ground) -> Iterator[Trial]:
    """One bit of the emotion model is another: vision refuses it by name, music plays."""
    models = ground.folder.parent / "models"
    for _ in range(ground.times):
        shutil.copytree(MODELS, models, dirs_exist_ok=True)
        file = models / "emotion.tflite"
        right = file.read_bytes()
        file.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
        with House(ground, models=models) as house:
            yield _refused(house, file, right)
        shutil.rmtree(ground.folder)


def _refused(house: House, file: Path, right: bytes) -> Trial:
    vision = house.appliance.vision
    try:
        status = house.until(lambda s: s.heard.seconds > 1, "music")
        house.until(lambda _: vision.exit_code() == EXIT_REFUSED, "vision's refusal")
        named = file.name in vision.last_words(8)
        if not named or status.state.mood.mood is not MoodClass.UNKNOWN:
            return Trial(survived=False, why=f"vision said {vision.last_words(2)}")
        began = time.monotonic()
        file.write_bytes(right)
        house.supervisor.watched("mlfym-vision.service").start()
        house.settle()
    except NotSurvivedError as error:
        return Trial(survived=False, why=str(error))
    return Trial(music_seconds=round(house.ear.silent_since(began), 2))


FAULTS = (
    Fault("hang-vision", "SIGSTOP of vision; the watchdog ends it", hang_vision, times=3),
    Fault(
        "hang-core",
        "SIGSTOP of core; the watchdog ends it",
        hang_core,
        times=3,
        music_within_seconds=HUNG_CORE_SECONDS,
    ),
    Fault("hang-recommender", "SIGSTOP of the recommender, and SIGCONT", hang_recommender, times=3),
    Fault("stall-camera", "the camera blocks in a read, and goes on", stall_camera, times=3),
    Fault("alter-model", "one bit of the emotion model flipped", alter_model, times=2),
)
