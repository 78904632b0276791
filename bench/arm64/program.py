"""The vision program itself, emulated, and this machine as the core it talks to.

Its socket lies in the userland's folder, so an arm64 program and an x86-64 one speak to each other
as vision and core do. Nobody waits here for a time to go by: an emulated program takes as long as
it takes, and is given up after `PATIENCE_SECONDS`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.arm64.userland import APP
from contracts.vision_wire import (
    HEARTBEAT_SECONDS,
    CameraOn,
    CameraReport,
    Configure,
    FacesSeen,
    Heartbeat,
    Hello,
)
from device.vision.fakes import FakeCore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.arm64.processors import Processor
    from bench.arm64.userland import Userland
    from contracts.vision_wire import FromVision

PATIENCE_SECONDS = 900.0
FRAMES = 12
SOCKET = "vision.sock"


@dataclass(frozen=True)
class Watched:
    """What the program told in an answer to `camera_on`."""

    classifier: str
    """As it named its model."""
    frames: int
    faces: int
    """Frames with just one face: the reel shows one person at a time."""
    camera: str
    """What went wrong with the camera meanwhile; empty when nothing did."""
    status: int
    """With which it ended when it was told to."""

    @property
    def failure(self) -> str:
        """Why this is not as it should be; empty when it is."""
        if self.frames < FRAMES:
            return f"the program told of {self.frames} of {FRAMES} frames. {self.camera}".strip()
        if self.faces < self.frames:
            return f"the program saw one face in {self.faces} of {self.frames} frames only"
        return f"the program ended with status {self.status}" if self.status else ""

    def line(self) -> str:
        """In words."""
        return (
            f"Over its socket the program itself ({self.classifier}) told of one face in"
            f" {self.faces} of {self.frames} frames and ended with status {self.status}"
        )


def watched(userland: Userland, processor: Processor) -> Watched:
    """Start the program, have it look at the reel, and end it."""
    runs = userland.folder / "run"
    (runs / SOCKET).unlink(missing_ok=True)
    with _short(runs) as folder, contextlib.closing(FakeCore(folder / SOCKET)) as core:
        words = ("-m", "device.vision", "--socket", f"/run/{SOCKET}", "--models", f"/{APP}/models")
        with subprocess.Popen(
            userland.words(processor, *words), stderr=subprocess.DEVNULL
        ) as process:
            try:
                heard = list(_heard(core, process))
            finally:
                process.terminate()
        return _told(heard, process.returncode)


def _told(heard: list[FromVision], status: int) -> Watched:
    hello = next((p.classifier for p in heard if isinstance(p, Hello)), "")
    seen = [packet for packet in heard if isinstance(packet, FacesSeen)]
    wrong = [p.detail for p in heard if isinstance(p, CameraReport) and p.detail]
    faces = sum(len(packet.faces) == 1 for packet in seen)
    return Watched(hello, len(seen), faces, " ".join(wrong), status)


def _heard(core: FakeCore, process: subprocess.Popen[bytes]) -> Iterator[FromVision]:
    """What the program says until it told of enough frames, ended, or took too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS

    def waiting() -> bool:
        return process.poll() is None and time.monotonic() < deadline

    while waiting():
        with contextlib.suppress(TimeoutError):
            core.accept()
            break
    if not waiting():
        return
    core.send(Configure(camera=f"/{APP}/device/demo/reel.mp4"))
    core.send(CameraOn())
    frames = 0
    with _beating(core):
        while waiting() and frames < FRAMES:
            with contextlib.suppress(TimeoutError):
                packet = core.receive()
                frames += isinstance(packet, FacesSeen)
                yield packet


@contextlib.contextmanager
def _beating(core: FakeCore) -> Iterator[None]:
    """Heartbeats meanwhile, without which the program would close its camera."""
    ended = threading.Event()

    def beat() -> None:
        with contextlib.suppress(OSError):
            while not ended.wait(HEARTBEAT_SECONDS):
                core.send(Heartbeat())

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[Path]:
    """A folder by a name that leaves a socket's path under the kernel's 108 bytes."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
