"""What the mood filter buys: simulated listeners, told by the frame, by a plain filter, by ours.

Who they are is told in bench.listeners. Constants were chosen on FER2013's PublicTest
(`--choose`); the figures are from PrivateTest, by which nothing is chosen.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bench import listeners, pages, smoothing_choice
from contracts.emotion import EMOTIONS
from contracts.vision_wire import Box, Face
from device.mood import MoodFilter
from device.settings import MoodSettings
from model_export import figures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.listeners import Session

FACES = Path(__file__).parents[2] / "shared/data/faces/fer2013plus.npz"
"""Where a development checkout keeps the test faces; others name theirs by an option."""
RATES = (5.0, 10.0)
LISTENERS = 120
"""Ten minutes of each: 20 hours."""
WHOLE = Box(left=0.3, top=0.3, width=0.3, height=0.4)
SEED = 42


class Teller(Protocol):
    """Tells one listener's mood after each frame, as an index into figures.THREE or NOBODY."""

    def see(self, chances: NDArray[np.float32], at: float, *, present: bool) -> int:
        """The mood after a frame that reads as `chances` [8] at a second."""


class Likeliest:
    """The likeliest of the three moods in each frame."""

    def __init__(self) -> None:
        self._told = listeners.NOBODY

    def see(self, chances: NDArray[np.float32], at: float, *, present: bool) -> int:  # noqa: ARG002
        """The mood of this face alone; without one, that of the last."""
        if present:
            self._told = _likeliest(chances)
        return self._told


class Exponential:
    """The likeliest mood of exponentially filtered probabilities, without hysteresis."""

    def __init__(self) -> None:
        self._seconds = MoodSettings().time_constant_seconds
        self._at, self._told = -math.inf, listeners.NOBODY
        self._mean = np.zeros(len(EMOTIONS))

    def see(self, chances: NDArray[np.float32], at: float, *, present: bool) -> int:
        """The mood of the filtered probabilities."""
        if present:
            weight = 1 - math.exp((self._at - at) / self._seconds)
            self._at, self._mean = at, self._mean + weight * (chances - self._mean)
            self._told = _likeliest(self._mean)
        return self._told


class Shipped:
    """The appliance's own filter with its default settings."""

    def __init__(self) -> None:
        self._filter = MoodFilter(MoodSettings())

    def see(self, chances: NDArray[np.float32], at: float, *, present: bool) -> int:
        """The mood that the appliance would act on."""
        mood = self._filter.see((_face(chances),) if present else (), at).mood
        return figures.THREE.index(mood) if mood in figures.THREE else listeners.NOBODY


TELLERS: dict[str, type[Teller]] = {
    "likeliest in each frame": Likeliest,
    "exponential filter": Exponential,
    "the appliance's filter": Shipped,
}


def _likeliest(chances: NDArray[Any]) -> int:
    return int(np.bincount(figures.TO_THREE, chances).argmax())


def _face(chances: NDArray[np.float32]) -> Face:
    emotions = tuple(min(1.0, float(p)) for p in chances)
    return Face(box=WHOLE, score=1.0, emotions=emotions, valence=0, arousal=0)


def told(shown: Session, kind: type[Teller]) -> NDArray[np.int8]:
    """What a teller tells each of the listeners, int8 [T, N]."""
    tellers = [kind() for _ in range(shown.truth.shape[1])]
    moods = np.full(shown.truth.shape, listeners.NOBODY, np.int8)
    for frame, (chances, present) in enumerate(zip(shown.chances, shown.present, strict=True)):
        at = frame / shown.per_second
        for listener, teller in enumerate(tellers):
            moods[frame, listener] = teller.see(
                chances[listener], at, present=bool(present[listener])
            )
    return moods


def measured(faces: Path) -> list[dict[str, Any]]:
    """One row of figures for each frame rate and teller, on PrivateTest's faces."""
    random = np.random.default_rng(SEED)
    read = listeners.readings(faces, "private_test", random)
    found = []
    for per_second in RATES:
        shown = listeners.session(read, LISTENERS, per_second, random)
        for name, kind in TELLERS.items():
            judged = smoothing_choice.judged(told(shown, kind), shown)
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
