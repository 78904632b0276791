"""The constants of the mood filter: every combination tried on PublicTest's faces.

The filter of device.mood is run here for many listeners at once, in the same arithmetic, since
one after another a choice among hundreds would take hours.
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
    "time_constant_seconds": (3.0, 4.0, 5.0, 6.0, 8.0),
    "enter": (0.6, 0.65, 0.7, 0.75, 0.78, 0.8),
    "enter_negative": (0.6, 0.65, 0.7, 0.75, 0.78, 0.8),
    "dwell_seconds": (1.0, 1.5, 2.0, 4.0, 6.0, 10.0),
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
    mean = np.zeros((count, 3))
    seen_at = np.full(count, -np.inf)
    candidate, believed = np.full(count, NOBODY), np.full(count, NOBODY)
    since = np.zeros(count)
    enter = np.full(3, settings.enter)
    enter[NEGATIVE] = settings.enter_negative
    told = np.full(three.shape[:2], NOBODY, np.int8)
    for frame, (now, present) in enumerate(zip(three, shown.present, strict=True)):
        at = frame / shown.per_second
        step = np.minimum(at - seen_at, LONGEST_STEP_SECONDS)
        weight = 1 - np.exp(-step / settings.time_constant_seconds)
        weight = np.where(np.isinf(seen_at), 1.0, weight) * present
        mean += weight[:, None] * (now - mean)
        seen_at = np.where(present, at, seen_at)
        best = mean.argmax(axis=1)
        enough = mean[everyone, best] >= enter[best]
        fresh = present & ((best != candidate) | ~enough)
        candidate = np.where(fresh, np.where(enough, best, NOBODY), candidate)
        since = np.where(fresh, at, since)
        taken = present & (candidate != NOBODY) & (at - since >= settings.dwell_seconds)
        gone = present & ~taken & (believed != NOBODY) & (candidate == NOBODY)
        gone &= mean[everyone, believed] < settings.leave
        believed = np.where(taken, candidate, np.where(gone, NOBODY, believed))
        told[frame] = believed
    return told


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
        if chosen["enter_negative"] >= chosen["enter"]:
            settings = MoodSettings(**chosen)
            yield {**chosen, **judged(moods(shown, settings), shown)}
