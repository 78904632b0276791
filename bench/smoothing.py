"""What the mood filter buys: simulated listeners, told by the frame, by a plain filter, by ours.

Who they are is told in bench.listeners. Constants were chosen on FER2013's PublicTest
(`--choose`); the figures are from PrivateTest, by which nothing is chosen.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import listeners, pages, smoothing_choice
from contracts.vision_wire import Box, Face
from device.mood import MoodFilter
from device.settings import MoodSettings
from model_export import figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from bench.listeners import Readings, Session

FACES = Path(__file__).parents[2] / "shared/data/faces/fer2013plus.npz"
"""Where a development checkout keeps the test faces; others name theirs by an option."""
RATES = (5.0, 10.0)
LISTENERS = 240
"""Ten minutes of each: 40 hours."""
WHOLE = Box(left=0.3, top=0.3, width=0.3, height=0.4)
SEED = 42


def likeliest(shown: Session) -> NDArray[np.int8]:
    """The likeliest mood of each frame alone, int8 [T, N]; without a face, that of the last."""
    frames = np.arange(len(shown.truth))[:, None]
    last = np.maximum.accumulate(np.where(shown.present, frames, -1), axis=0)
    moods = _three(shown.chances).argmax(axis=2)
    told = np.take_along_axis(moods, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, told, listeners.NOBODY).astype(np.int8)


def exponential(shown: Session) -> NDArray[np.int8]:
    """The likeliest mood of exponentially filtered probabilities, without hysteresis, [T, N]."""
    mean = np.zeros((shown.truth.shape[1], len(figures.THREE)))
    seen_at = np.full(len(mean), -np.inf)
    told = np.full(shown.truth.shape, listeners.NOBODY, np.int8)
    for frame, (now, present) in enumerate(zip(_three(shown.chances), shown.present, strict=True)):
        at = frame / shown.per_second
        weight = present * (1 - np.exp((seen_at - at) / MoodSettings().time_constant_seconds))
        mean += weight[:, None] * (now - mean)
        seen_at = np.where(present, at, seen_at)
        told[frame] = np.where(np.isinf(seen_at), listeners.NOBODY, mean.argmax(axis=1))
    return told


def shipped(shown: Session) -> NDArray[np.int8]:
    """The appliance's filter with its default settings, [T, N]; for all listeners at once."""
    return smoothing_choice.moods(shown, MoodSettings())


class Shipped:
    """The appliance's own filter with its default settings."""

    def __init__(self) -> None:
        self._filter = MoodFilter(MoodSettings())

    def see(self, chances: NDArray[np.float32], at: float, *, present: bool) -> int:
        """The mood that the appliance would act on."""
        mood = self._filter.see((_face(chances),) if present else (), at).mood
        return figures.THREE.index(mood) if mood in figures.THREE else listeners.NOBODY


TELLERS: dict[str, Callable[[Session], NDArray[np.int8]]] = {
    "likeliest in each frame": likeliest,
    "exponential filter": exponential,
    "the appliance's filter": shipped,
}


def _three(chances: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities [T, N, 3] of the moods out of those of the emotions [T, N, 8]."""
    return np.asarray(chances @ np.eye(len(figures.THREE))[figures.TO_THREE], np.float64)


def _face(chances: NDArray[np.float32]) -> Face:
    emotions = tuple(min(1.0, float(p)) for p in chances)
    return Face(box=WHOLE, score=1.0, emotions=emotions, valence=0, arousal=0)


def told_one_by_one(shown: Session) -> NDArray[np.int8]:
    """What the appliance's own code tells each of the listeners, int8 [T, N]: slow."""
    filters = [Shipped() for _ in range(shown.truth.shape[1])]
    moods = np.full(shown.truth.shape, listeners.NOBODY, np.int8)
    for frame, (chances, present) in enumerate(zip(shown.chances, shown.present, strict=True)):
        at = frame / shown.per_second
        for listener, one in enumerate(filters):
            moods[frame, listener] = one.see(chances[listener], at, present=bool(present[listener]))
    return moods


def measured(faces: Path) -> list[dict[str, Any]]:
    """One row of figures for each frame rate and teller, on PrivateTest's faces."""
    random = np.random.default_rng(SEED)
    return judged_of(listeners.readings(faces, "private_test", random), random)


def judged_of(read: Readings, random: Generator) -> list[dict[str, Any]]:
    """One row of figures for each frame rate and teller."""
    found = []
    for per_second in RATES:
        shown = listeners.session(read, LISTENERS, per_second, random)
        for name, tell in TELLERS.items():
            judged = smoothing_choice.judged(tell(shown), shown)
            found.append({"per_second": per_second, "teller": name, **judged})
    return found


def chosen_from(faces: Path) -> list[dict[str, Any]]:
    """Every tried combination of constants on PublicTest's faces, the fewest mistakes first."""
    random = np.random.default_rng(SEED)
    read = listeners.readings(faces, "public_test", random)
    shown = listeners.session(read, LISTENERS, RATES[0], random)
    return sorted(smoothing_choice.tried(shown), key=lambda row: row["false_changes"])


def table(found: list[dict[str, Any]]) -> str:
    """The figures as a Markdown table."""
    head = [
        "",
        "false changes an hour",
        "of them to negative",
        "delay, median",
        "changes told",
        "time right",
        "time wrong",
    ]
    rows = [
        [
            f"{row['teller']}, {row['per_second']:.0f} frames/s",
            f"{row['false_changes']:.1f}",
            f"{row['false_negatives']:.1f}",
            f"{row['delay']:.1f} s",
            *(f"{row[key]:.0f} %" for key in ("told", "right", "wrong")),
        ]
        for row in found
    ]
    return pages.table(head, rows)


def run(arguments: list[str]) -> int:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser("./mlfym bench smoothing", description=__doc__)
    parser.add_argument("--faces", type=Path, default=FACES, help="fer2013plus.npz")
    parser.add_argument("--choose", action="store_true", help="try all constants instead")
    parser.add_argument("--json", type=Path, help="file to write the figures into as well")
    parser.add_argument("--page", type=Path, help="page whose table of smoothing is filled in")
    chosen = parser.parse_args(arguments)
    if chosen.choose:
        found = {"choice": chosen_from(chosen.faces)}
    else:
        found = {"smoothing": measured(chosen.faces)}
        if chosen.page:
            pages.fill(chosen.page, {"smoothing": table(found["smoothing"])})
    if chosen.json:
        chosen.json.write_text(pages.as_json(found), "utf-8")
    sys.stdout.write(pages.as_json(found))
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
