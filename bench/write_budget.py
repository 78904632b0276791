"""What a device writes to its card in an hour of playing, the file system's journal and all.

The real core plays, without a sound card or a server, from tracks of three and a half minutes; its
state lies on a real ext4 on a disk in memory that counts what it is given. Needs what
`./mlfym bench power-cuts` needs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import wave
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import msgspec

from bench.power_cut.lives import make_file_system, mounted
from bench.power_cut.volatile_disk import VolatileDisk
from bench.power_cuts import lacking
from contracts.settings import to_toml
from device.bookmark import MEMORY_FOLDER
from device.control import ask_device
from device.settings import DeviceSettings, LibrarySettings, SoundSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
INSIDE = "MLFYM_INSIDE"
TRACKS, TRACK_SECONDS, RATE = 40, 210, 8000
SETTLE_SECONDS = 60.0
"""The scan of the first start, and what the kernel still holds of it."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    minutes: float
    tracks: int
    """Begun meanwhile."""
    position_in_memory: bool
    megabytes_per_day: float
    """Of 24 hours of music."""
    writes_per_hour: float
    flushes_per_hour: float
    """Each is a wait for the card."""


def measured(folder: Path, minutes: float, *, in_memory: bool) -> Budget:
    """Play for so long.

    Raises:
        OSError: the disk cannot be made, or the device does not answer.

    """
    image = folder / "image"
    make_file_system(image)
    disk = VolatileDisk(image.read_bytes(), Random(0))
    _make_music(folder / "music")
    with mounted(disk, folder) as card, _device(folder, card, in_memory=in_memory):
        _wait(SETTLE_SECONDS)
        socket = card / "state" / "control.sock"
        before, began = (disk.bytes_written, disk.writes, disk.flushes), time.monotonic()
        first = _tracks_begun(socket)
        _wait(minutes * 60)
        hours = (time.monotonic() - began) / 3600
        bytes_, writes, flushes = (
            (now - then) / hours
            for now, then in zip(
                (disk.bytes_written, disk.writes, disk.flushes), before, strict=True
            )
        )
        return Budget(
            minutes=round(hours * 60, 1),
            tracks=_tracks_begun(socket) - first,
            position_in_memory=in_memory,
            megabytes_per_day=round(bytes_ * 24 / 1e6, 1),
            writes_per_hour=round(writes),
            flushes_per_hour=round(flushes),
        )


@contextmanager
def _device(folder: Path, card: Path, *, in_memory: bool) -> Iterator[None]:
    settings = DeviceSettings(
        music_folder=str(folder / "music"),
        state_folder=str(card / "state"),
        vision_socket=str(folder / "vision.sock"),
        sound=SoundSettings(driver="dummy"),
        library=LibrarySettings(listen=False),  # as when all has been listened to
    )
    file, memory = folder / "device.toml", folder / "memory"
    file.write_text(to_toml(settings), encoding="utf-8")
    memory.mkdir()
    environment = os.environ | ({MEMORY_FOLDER: str(memory)} if in_memory else {})
    command = [sys.executable, "-m", "device", "--settings", str(file)]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as device:
        try:
            yield
        finally:
            device.terminate()


def _tracks_begun(socket: Path) -> int:
    return sum(happened.kind == "track" for happened in ask_device(socket).happenings)


def _wait(seconds: float) -> None:
    # A bench waits by the wall: the kernel's own writing back goes by it.
    time.sleep(seconds)


def _make_music(folder: Path) -> None:
    folder.mkdir()
    for number in range(TRACKS):
        with wave.open(str(folder / f"{number}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(bytes([number, 0]) * RATE * TRACK_SECONDS)


def run(arguments: list[str]) -> int:
    """Print the budget as JSON."""
    parser = argparse.ArgumentParser(prog="mlfym bench write-budget", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--without-memory", action="store_true", help="position to disk every 2 s")
    options = parser.parse_args(arguments)
    if why := lacking():
        sys.stderr.write(f"this cannot be measured here: {why}\n")
        return 1
    if INSIDE not in os.environ:
        command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m"]
        again = [*command, "cli.main", "bench", "write-budget", *arguments]
        environment = os.environ | {INSIDE: "1"}
        return subprocess.run(again, cwd=ROOT, env=environment, check=False).returncode
    with tempfile.TemporaryDirectory(prefix="mlfym-budget-") as folder:
        budget = measured(Path(folder), options.minutes, in_memory=not options.without_memory)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(budget), indent=1).decode() + "\n")
    return 0
