"""How well faces are found: both BlazeFace models, the appliance's way with both, and YuNet.

Faces are cut from frames of real videos (or the drawn reel) in which all detectors agree on
how many people there are, scaled so that the face is so many pixels tall, and put, none, one or
two of them, into a 640 x 480 frame of an empty room, as bright as it is or at an eighth of
the light. So size, number and light are known; sharpness beyond the video's own is not there.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bench import footage, pages, timing
from device.vision.faces import FoundFace
from device.vision.sight import load_sight

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

YUNET = Path(__file__).parents[2] / "shared/data/models/face_detection_yunet_2023mar.onnx"
"""OpenCV's detector, as a reference only; left out where the file is absent."""
YUNET_SCORE = 0.6
"""That of our far detector; OpenCV's own default of 0.9 would find fewer."""
HEIGHTS = (24, 36, 48, 72, 110, 160, 220, 300)
"""Pixels from the top to the bottom of a detector's box."""
LIGHTS = {"light": 1.0, "dark": 0.125}
SCENES = 12
"""Of each height, number of people and light."""
MARGIN = 0.4
"""Hair, neck and shoulders around the box, in its sides."""
SAME = 0.3
"""Overlap (intersection over union) from which on a face is the one that was put there."""
SEED = 42

Rectangle = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""


@dataclass(frozen=True)
class Portrait:
    """A person cut out of a frame."""

    pixels: NDArray[np.uint8]
    box: Rectangle
    """Of the face within."""


@dataclass
class Tally:
    """What one detector did."""

    faces: int = 0
    found: int = 0
    false: int = 0
    scenes: int = 0


def portraits(clips: list[Path]) -> list[Portrait]:
    """People of all clips, by both of the appliance's detectors together."""
    sight = load_sight()
    cut = []
    for clip in clips:
        for frame in footage.frames(clip, 4.0, 40):
            found = sight.find(frame, thorough=True)
            near = [face for face in found if sight.is_close([face], frame)]
            cut += [p for face in near if (p := _cut(frame, face))]
    return cut


def _cut(frame: NDArray[np.uint8], face: FoundFace) -> Portrait | None:
    left, top, wide, high = face.box
    around = MARGIN * high
    x, y = round(left - around), round(top - around)
    right, bottom = round(left + wide + around), round(top + high + around)
    if x < 0 or y < 0 or right > frame.shape[1] or bottom > frame.shape[0]:
        return None
    return Portrait(frame[y:bottom, x:right], (left - x, top - y, wide, high))


def scene(
    cast: list[Portrait], height: int, light: float, random: Generator
) -> tuple[NDArray[np.uint8], list[Rectangle]]:
    """A frame with these people side by side, and where their faces are."""
    picture, truth = footage.empty_room(), []
    for place, portrait in enumerate(cast):
        scale = height / portrait.box[3]
        pixels = cv2.resize(portrait.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        tall, wide = min(pixels.shape[0], footage.HEIGHT), pixels.shape[1]
        room = footage.WIDTH // len(cast)
        wide = min(wide, room)
        inset = (pixels.shape[1] - wide) // 2, (pixels.shape[0] - tall) // 2
        left = place * room + int(random.integers(0, room - wide + 1))
        top = int(random.integers(0, footage.HEIGHT - tall + 1))
        picture[top : top + tall, left : left + wide] = pixels[
            inset[1] : inset[1] + tall, inset[0] : inset[0] + wide
        ]
        x, y, w, h = (n * scale for n in portrait.box)
        truth.append((left - inset[0] + x, top - inset[1] + y, w, h))
    noisy = picture * light + random.normal(0, 2, picture.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8), truth


def detectors(yunet: Path) -> dict[str, Callable[[NDArray[np.uint8]], list[Rectangle]]]:
    """Every detector by its name: a frame in, boxes out."""
    sight = load_sight()

    def boxes(found: list[FoundFace]) -> list[Rectangle]:
        return [face.box for face in found]

    known: dict[str, Callable[[NDArray[np.uint8]], list[Rectangle]]] = {
        "near": lambda frame: boxes(sight.find_near(frame)),
        "far": lambda frame: boxes(sight.with_far(frame, [])),
        "the appliance": lambda frame: boxes(sight.find(frame)),
        "both always": lambda frame: boxes(sight.find(frame, thorough=True)),
    }
    if yunet.is_file():
        size = footage.WIDTH, footage.HEIGHT
        reference = cv2.FaceDetectorYN.create(str(yunet), "", size, score_threshold=YUNET_SCORE)

        def by_yunet(frame: NDArray[np.uint8]) -> list[Rectangle]:
            rows = reference.detect(frame)[1]
            return [] if rows is None else [_rectangle(row) for row in rows]

        known["YuNet (reference)"] = by_yunet
    return known


def _rectangle(row: NDArray[np.float32]) -> Rectangle:
    left, top, wide, high = (float(n) for n in row[:4])
    return left, top, wide, high


def matched(found: list[Rectangle], truth: list[Rectangle]) -> int:
    """How many of the true faces are found; each found box counts for one face only."""
    left, hits = list(found), 0
    for face in truth:
        best = max(left, key=lambda box: overlap(box, face), default=None)
        if best is not None and overlap(best, face) >= SAME:
            left.remove(best)
            hits += 1
    return hits


def overlap(one: Rectangle, other: Rectangle) -> float:
    """Intersection over union."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def measured(videos: Path, yunet: Path) -> dict[str, Any]:
    """Recall by height and light, false faces in a hundred frames, and milliseconds."""
    random = np.random.default_rng(SEED)
    people, known = portraits(footage.clips(videos)), detectors(yunet)
    tallies = {(n, h, lamp): Tally() for n in known for h in HEIGHTS for lamp in LIGHTS}
    for height in HEIGHTS:
        for lamp, light in LIGHTS.items():
            for number in range(3 * SCENES):
                chosen = random.choice(len(people), number % 3, replace=False)
                frame, truth = scene([people[i] for i in chosen], height, light, random)
                for name, find in known.items():
                    found = find(frame)
                    tally, hits = tallies[name, height, lamp], matched(found, truth)
                    tally.scenes += 1
                    tally.faces += len(truth)
                    tally.found += hits
                    tally.false += len(found) - hits
    one, _ = scene([people[0]], HEIGHTS[-3], 1.0, random)
    return {
        "portraits": len(people),
        "detectors": [
            {
                "name": name,
                **timing.timed(lambda find=find: find(one), 50),  # type: ignore[misc]
                **{lamp: _recalls(tallies, name, lamp) for lamp in LIGHTS},
                "false_in_100_frames": _false(tallies, name),
            }
            for name, find in known.items()
        ],
    }


def _recalls(tallies: dict[tuple[str, int, str], Tally], name: str, lamp: str) -> list[float]:
    chosen = [tallies[name, height, lamp] for height in HEIGHTS]
    return [round(100 * tally.found / tally.faces, 1) for tally in chosen]


def _false(tallies: dict[tuple[str, int, str], Tally], name: str) -> float:
    chosen = [tally for key, tally in tallies.items() if key[0] == name]
    return round(100 * sum(t.false for t in chosen) / sum(t.scenes for t in chosen), 2)


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    rows = [
        [
            f"{row['name']}, {lamp}",
            *(f"{share:.0f} %" for share in row[lamp]),
            f"{row['false_in_100_frames']:.1f}",
            f"{row['cpu_ms']:.1f}",
        ]
        for row in found["detectors"]
        for lamp in LIGHTS
    ]
    heights = [f"{height} px" for height in HEIGHTS]
    return pages.table(["face found", *heights, "false in 100 frames", "CPU ms"], rows)


def run(arguments: list[str]) -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser("./mlfym bench finding-faces", description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write the figures into as well")
    parser.add_argument("--page", type=Path, help="page whose table is filled in")
    parser.add_argument("--videos", type=Path, default=footage.VIDEOS, help="folder of videos")
    parser.add_argument("--yunet", type=Path, default=YUNET, help="the reference's .onnx")
    chosen = parser.parse_args(arguments)
    found = measured(chosen.videos, chosen.yunet)
    if chosen.json:
        chosen.json.write_text(pages.as_json(found), "utf-8")
    if chosen.page:
        pages.fill(chosen.page, {"finding_faces": table(found)})
    sys.stdout.write(pages.as_json(found))
    return 0
