"""The constants of the mood filter: every combination tried on PublicTest's faces.

The filter of device.mood is run here for many listeners at once, in the same arithmetic, since
one after another a choice among a hundred would take hours.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.listeners import NOBODY, STRETCH_SECONDS, Session
from device.mood import LONGEST_STEP_SECONDS
from device.settings import MoodSettings
from model_export import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


NEGATIVE = figures.THREE.index("negative")

TRIED: dict[str, tuple[float, ...]] = {
    "time_constant_seconds": (2.3, 2.7, 3.1, 3.5),
    "misread": (0.02, 0.05),
    "lasts_seconds": (40.0, 60.0, 80.0),
    "enter": (0.965, 0.98, 0.99),
    "dwell_seconds": (0.0, 1.5),
}
"""`leave` stays: it trades time told right for time told wrong, hardly mistakes for delay."""


def moods(shown: Session, settings: MoodSettings) -> NDArray[np.int8]:
    """The mood told after each frame, int8 [T, N]; NOBODY where it is unknown.

    As device.mood.MoodFilter tells it, but that nobody is ever away so long as to be forgotten.
    """
    three = np.stack(
        [shown.chances[..., k == figures.TO_THREE].sum(axis=2) for k in range(3)], axis=2
    )
    count = three.shape[1]
    everyone = np.arange(count)
    chances = np.full((count, 3), 1 / 3)
    seen_at = np.full(count, np.inf)
    candidate, believed = np.full(count, NOBODY), np.full(count, NOBODY)
    since = np.zeros(count)
    enter = np.full(3, settings.enter)
    enter[NEGATIVE] = settings.enter_negative
    told = np.full(three.shape[:2], NOBODY, np.int8)
    for frame, (now, present) in enumerate(zip(three, shown.present, strict=True)):
        at = frame / shown.per_second
        step = np.clip(at - seen_at, 0.0, LONGEST_STEP_SECONDS)
        chances = np.where(present[:, None], _after(chances, now, step, settings), chances)
        seen_at = np.where(present, at, seen_at)
        best = chances.argmax(axis=1)
        enough = chances[everyone, best] >= enter[best]
        fresh = present & ((best != candidate) | ~enough)
        candidate = np.where(fresh, np.where(enough, best, NOBODY), candidate)
        since = np.where(fresh, at, since)
        taken = present & (candidate != NOBODY) & (at - since >= settings.dwell_seconds)
        gone = present & ~taken & (believed != NOBODY) & (candidate == NOBODY)
        gone &= chances[everyone, believed] < settings.leave
        believed = np.where(taken, candidate, np.where(gone, NOBODY, believed))
        told[frame] = believed
    return told


def _after(
    chances: NDArray[np.float64],
    read: NDArray[np.float32],
    step: NDArray[np.float64],
    settings: MoodSettings,
) -> NDArray[np.float64]:
    """Probabilities [N, 3] after frames `step` [N] seconds later that read as `read` [N, 3]."""
    changed = 1 - np.exp(-step / settings.lasts_seconds)[:, None]
    before = chances + changed * ((1 - chances) / 2 - chances)
    share = read / read.sum(axis=1, keepdims=True)
    evidence = (1 - settings.misread) * share + settings.misread / 3
    likely = before * evidence ** (step / settings.time_constant_seconds)[:, None]
    return np.asarray(likely / likely.sum(axis=1, keepdims=True), np.float64)


def judged(told: NDArray[np.int8], shown: Session) -> dict[str, float]:
    """What a teller did.

    Returns:
        `false_changes` and `false_negatives` (those to negative) an hour: the told mood becomes
        one that is not the listener's; `delay`: median seconds until a true change is told, one
        never told counting as the whole stretch; `told`, `right` and `wrong` in per cent: changes
        told before the next one, and time in which the mood told is the listener's or another's.

    """
    before = np.vstack([np.full(told.shape[1], NOBODY, np.int8), told[:-1]])
    # After a moment of "unknown" the same wrong mood is not a new mistake.
    last = _last_known(before)
    wrong = (told != NOBODY) & (told != shown.truth)
    false = wrong & (told != last)
    hours = told.size / shown.per_second / 3600
    frames = round(STRETCH_SECONDS * shown.per_second)
    hits = (told == shown.truth).reshape(-1, frames, told.shape[1])[1:]
    delays = np.where(hits.any(axis=1), hits.argmax(axis=1) / shown.per_second, STRETCH_SECONDS)
    return {
        "false_changes": round(float(false.sum() / hours), 2),
        "false_negatives": round(float((false & (told == NEGATIVE)).sum() / hours), 2),
        "delay": round(float(np.median(delays)), 1),
        "told": round(100 * float(hits.any(axis=1).mean()), 1),
        "right": round(100 * float((told == shown.truth).mean()), 1),
        "wrong": round(100 * float(wrong.mean()), 1),
    }


def _last_known(told: NDArray[np.int8]) -> NDArray[np.int8]:
    frames = np.arange(len(told))[:, None]
    known = np.maximum.accumulate(np.where(told != NOBODY, frames, 0), axis=0)
    return np.take_along_axis(told, known, axis=0)


def tried(shown: Session) -> Iterator[dict[str, Any]]:
    """Every combination with what it did."""
    for values in itertools.product(*TRIED.values()):
        chosen = dict(zip(TRIED, values, strict=True))
        settings = MoodSettings(**chosen, enter_negative=chosen["enter"])
        yield {**chosen, **judged(moods(shown, settings), shown)}
