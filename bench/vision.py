"""Time and memory of the vision program: its stages, its frame chain, and the program itself.

Stages are medians of single runs. Amortised figures are means over a video shown at the
camera's rate to the program's own chain (device.vision.following), looks of the detectors
included. The program is started as the appliance starts it, with a core that this bench plays.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import footage, pages, timing
from contracts.vision_wire import CameraOff, CameraOn, Configure, FacesSeen, Heartbeat
from device.vision.fakes import FakeCore
from device.vision.following import Watch
from device.vision.runtime import installed_runtime
from device.vision.sight import load_sight

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from contracts.vision_wire import Face
    from device.vision.faces import FoundFace
    from device.vision.sight import Sight

RATES = (5.0, 10.0)
"""Frames a second: the default, and twice that."""
AMORTISED_FRAMES = 200
PROGRAM_SECONDS = 10.0
STARTS = 5
SOCKET = "vision.sock"


class Looks:
    """A sight that counts how often its detectors look."""

    def __init__(self, sight: Sight) -> None:
        self._sight, self.is_close, self.close_far = sight, sight.is_close, sight.close_far
        self.near = self.far = self.readings = 0

    @property
    def far_is_open(self) -> bool:
        """As the sight says."""
        return self._sight.far_is_open

    def read(self, frame: NDArray[np.uint8], found: Sequence[FoundFace]) -> tuple[Face, ...]:
        """Count and read."""
        self.readings += len(found)
        return self._sight.read(frame, found)

    def find_near(self, frame: NDArray[np.uint8]) -> list[FoundFace]:
        """Count and look."""
        self.near += 1
        return self._sight.find_near(frame)

    def with_far(self, frame: NDArray[np.uint8], near: list[FoundFace]) -> list[FoundFace]:
        """Count and look."""
        self.far += 1
        return self._sight.with_far(frame, near)


def stages(threads: int, runs: int, clip: Path) -> dict[str, Any]:
    """Milliseconds of each stage on one 640 x 480 frame with one face, and of an empty one.

    Raises:
        SystemExit: the clip's first second shows no face near the camera.

    """
    sight, empty = load_sight(threads=threads), footage.empty_room()
    frame, found = _listener(sight, clip)
    crop = sight.classifier.crop(frame, found)
    steps = {
        "detect near": lambda: sight.find_near(frame),
        "detect far": lambda: sight.with_far(frame, []),
        "crop": lambda: sight.classifier.crop(frame, found),
        "classify": lambda: sight.classifier.probabilities(crop),
        "whole path, one face": lambda: sight.faces(frame),
        "whole path, empty room": lambda: sight.faces(empty),
    }
    return {name: timing.timed(step, runs) for name, step in steps.items()}


def _listener(sight: Sight, clip: Path) -> tuple[NDArray[np.uint8], FoundFace]:
    for frame in footage.frames(clip, RATES[0], 5):
        near = sight.find_near(frame)
        if sight.is_close(near, frame):
            return frame, near[0]
    msg = f"no face close to the camera in {clip.name}: name another folder with --videos"
    raise SystemExit(msg)


def amortised(sight: Sight, shown: list[NDArray[np.uint8]], per_second: float) -> dict[str, Any]:
    """Mean milliseconds a frame of the program's own chain over a looped clip."""
    looks = Looks(sight)
    watch, faces = Watch(looks), 0
    cpu, wall = time.process_time(), time.perf_counter()
    for number in range(AMORTISED_FRAMES):
        faces += len(watch.faces(shown[number % len(shown)], number / per_second))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "per_second": per_second,
        "cpu_ms": round(1e3 * cpu / AMORTISED_FRAMES, 3),
        "wall_ms": round(1e3 * wall / AMORTISED_FRAMES, 3),
        "faces_a_frame": round(faces / AMORTISED_FRAMES, 2),
        "near_looks_percent": round(100 * looks.near / AMORTISED_FRAMES),
        "far_looks_percent": round(100 * looks.far / AMORTISED_FRAMES),
        "readings_a_frame": round(looks.readings / AMORTISED_FRAMES, 2),
    }


def chains(clips: list[Path]) -> list[dict[str, Any]]:
    """`amortised` of every clip and of an empty room at every rate."""
    sight = load_sight()
    found = []
    for rate in RATES:
        shown = {clip.stem: footage.frames(clip, rate) for clip in clips}
        shown["a still listener"] = [_listener(sight, clips[-1])[0]]
        shown["an empty room"] = [footage.empty_room()]
        found += [{"clip": n, **amortised(sight, f, rate)} for n, f in shown.items()]
    return found


class Program:
    """The vision program, started as the appliance starts it, and the core it talks to."""

    def __init__(self, folder: Path) -> None:
        self.core = FakeCore(folder / SOCKET)
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "device.vision", "--socket", str(folder / SOCKET)],
            cwd=Path(__file__).parents[1],
            stderr=subprocess.DEVNULL,
        )
        self.core.accept()
        self.core.receive()
        self.start = {
            "wall_seconds": round(time.perf_counter() - began, 3),
            "cpu_seconds": round(timing.cpu_seconds(self.process.pid), 3),
        }

    def watch(self, clip: Path, seconds: float) -> dict[str, Any]:
        """Show it a clip at the default rate for a while; what that took."""
        self.core.send(Configure(camera=str(clip), frames_per_second=RATES[0]))
        self.core.send(CameraOn())
        self._frames(2.0)  # until the camera runs
        cpu, began = timing.cpu_seconds(self.process.pid), time.perf_counter()
        frames = self._frames(seconds)
        cpu, wall = timing.cpu_seconds(self.process.pid) - cpu, time.perf_counter() - began
        found = {
            "cpu_percent": round(100 * cpu / wall, 2),
            "cpu_ms_a_frame": round(1e3 * cpu / max(frames, 1), 2),
            "memory_mb": timing.memory_mb(self.process.pid),
        }
        self.core.send(CameraOff())
        return found

    def end(self) -> None:
        """End it and wait for that."""
        self.process.terminate()
        self.process.wait()
        self.core.close()

    def _frames(self, seconds: float) -> int:
        until, frames = time.perf_counter() + seconds, 0
        while time.perf_counter() < until:
            frames += isinstance(self.core.receive(), FacesSeen)
            self.core.send(Heartbeat())
        return frames


def program(clip: Path) -> dict[str, Any]:
    """Start-up (the quickest of a few, as others' work only adds), memory, and running costs.

    The last two programs are shown the clip: as a USB camera sends it, and the file itself.
    """
    starts, shown = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        camera = footage.camera_video(clip, folder / "camera.avi")
        for watched in [None] * (STARTS - 2) + [camera, clip]:
            started = Program(folder)
            starts.append(started.start)
            idle = timing.memory_mb(started.process.pid)
            if watched:
                shown.append(started.watch(watched, PROGRAM_SECONDS))
            started.end()
            (folder / SOCKET).unlink()
    quickest = min(starts, key=lambda start: start["cpu_seconds"])
    return {
        "start": quickest,
        "idle_memory_mb": idle,
        "with_a_listener": shown[0],
        "with_a_file": shown[1],
    }


def measured(videos: Path, runs: int) -> dict[str, Any]:
    """Everything this bench measures."""
    clips = footage.clips(videos)
    return {
        "machine": {**timing.machine(), "runtime": installed_runtime()},
        "runs": runs,
        "stages": {f"{n} thread(s)": stages(n, runs, clips[-1]) for n in (1, 2)},
        "amortised": chains(clips),
        "program": program(clips[-1]),
    }


def tables(found: dict[str, Any]) -> dict[str, str]:
    """The figures as Markdown tables by their names on docs/vision.md."""
    one, two = found["stages"].values()
    stage_rows = [
        [
            name,
            *(f"{step[k]:.2f}" for step in (one[name], two[name]) for k in ("cpu_ms", "wall_ms")),
        ]
        for name in one
    ]
    chain_rows = [
        [f"{r['clip']}, {r['per_second']:.0f} frames/s", f"{r['cpu_ms']:.2f}"]
        + [f"{r['faces_a_frame']:.2f}"]
        + [f"{r[k]} %" for k in ("near_looks_percent", "far_looks_percent")]
        + [f"{r['readings_a_frame']:.2f}"]
        for r in found["amortised"]
    ]
    return {
        "stages": pages.table(
            ["milliseconds", "1 thread: CPU", "wall", "2 threads: CPU", "wall"], stage_rows
        ),
        "amortised": pages.table(
            ["clip", "CPU ms a frame", "faces a frame", "near looks", "far looks", "readings"],
            chain_rows,
        ),
        "program": _program_table(found["program"]),
    }


def _program_table(program: dict[str, Any]) -> str:
    running = [program[key] for key in ("with_a_listener", "with_a_file")]
    memory = [program["idle_memory_mb"], *(r["memory_mb"] for r in running)]
    kinds = {
        "resident": "rss",
        "proportional": "pss",
        "private": "private",
        "private and written": "written",
    }
    start = program["start"]
    return pages.table(
        ["", "idle", "a listener, camera's JPEGs", "a listener, GIF file"],
        [[f"memory, {n}", *(f"{m[k]:.0f} MB" for m in memory)] for n, k in kinds.items()]
        + [
            ["start-up, CPU", f"{start['cpu_seconds']:.2f} s", "", ""],
            ["start-up, wall", f"{start['wall_seconds']:.2f} s", "", ""],
            ["share of one core", "", *(f"{r['cpu_percent']:.1f} %" for r in running)],
        ],
    )


def run(arguments: list[str]) -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser("./mlfym bench vision", description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write the figures into as well")
    parser.add_argument("--page", type=Path, help="page whose tables are filled in")
    parser.add_argument("--videos", type=Path, default=footage.VIDEOS, help="folder of videos")
    parser.add_argument("--runs", type=int, default=200, help="of each stage")
    chosen = parser.parse_args(arguments)
    found = measured(chosen.videos, chosen.runs)
    if chosen.json:
        chosen.json.write_text(pages.as_json(found), "utf-8")
    if chosen.page:
        pages.fill(chosen.page, tables(found))
    sys.stdout.write(pages.as_json(found))
    return 0
