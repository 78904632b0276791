"""The week in a picture: the mood that tracks were left in, and how many were skipped."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from device.history import Hour

WIDTH, HEIGHT = 1200, 620
LEFT, RIGHT = 90, 30
MOOD_TOP, MOOD_BOTTOM = 60, 330
SKIP_TOP, SKIP_BOTTOM = 390, 570
WHITE, INK, GREY, FAINT = (255, 255, 255), (40, 40, 40), (130, 130, 130), (225, 225, 225)
MOOD, HEARD, SKIPPED = (176, 114, 40), (214, 196, 168), (60, 90, 220)
"""Blue, green, red, as OpenCV has it."""


def week_plot(hours: Sequence[Hour], first_unix_seconds: float) -> NDArray[np.uint8]:
    """A picture [620, 1200, 3] of these hours, the oldest left."""
    image = np.full((HEIGHT, WIDTH, 3), WHITE, np.uint8)
    _days(image, len(hours), first_unix_seconds)
    _moods(image, hours)
    _skips(image, hours)
    return image


def write_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Write it.

    Raises:
        OSError: it cannot be written there.

    """
    _, content = cv2.imencode(".png", image)
    path.write_bytes(content.tobytes())


def _across(place: float, hours: int) -> int:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * place / max(hours, 1))


def _text(
    image: NDArray[np.uint8], words: str, at: tuple[int, int], colour: tuple[int, ...]
) -> None:
    cv2.putText(image, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


def _days(image: NDArray[np.uint8], hours: int, first_unix_seconds: float) -> None:
    for hour in range(hours + 1):
        moment = datetime.fromtimestamp(first_unix_seconds + hour * 3600).astimezone()
        if moment.hour:
            continue
        across = _across(hour, hours)
        cv2.line(image, (across, MOOD_TOP), (across, SKIP_BOTTOM), FAINT, 1)
        _text(image, moment.strftime("%a %d"), (across + 4, HEIGHT - 25), GREY)


def _moods(image: NDArray[np.uint8], hours: Sequence[Hour]) -> None:
    _text(image, "mood: valence of the hour, -1 to 1", (LEFT, MOOD_TOP - 20), INK)
    middle = (MOOD_TOP + MOOD_BOTTOM) // 2
    for value, down in ((1, MOOD_TOP), (0, middle), (-1, MOOD_BOTTOM)):
        cv2.line(image, (LEFT, down), (WIDTH - RIGHT, down), FAINT if value else GREY, 1)
        _text(image, f"{value:+d}" if value else "0", (LEFT - 40, down + 5), GREY)
    last: tuple[int, int] | None = None
    for number, hour in enumerate(hours):
        if hour.valence is None:
            last = None
            continue
        down = round(middle - hour.valence * (MOOD_BOTTOM - MOOD_TOP) / 2)
        point = (_across(number + 0.5, len(hours)), down)
        if last:
            cv2.line(image, last, point, MOOD, 2, cv2.LINE_AA)
        cv2.circle(image, point, 4, MOOD, -1, cv2.LINE_AA)
        last = point


def _skips(image: NDArray[np.uint8], hours: Sequence[Hour]) -> None:
    most = max((hour.heard for hour in hours), default=0)
    _text(image, "tracks an hour; skipped ones in red", (LEFT, SKIP_TOP - 20), INK)
    cv2.line(image, (LEFT, SKIP_BOTTOM), (WIDTH - RIGHT, SKIP_BOTTOM), GREY, 1)
    _text(image, str(most), (LEFT - 40, SKIP_TOP + 5), GREY)
    for number, hour in enumerate(hours):
        left, right = _across(number, len(hours)), _across(number + 1, len(hours)) - 1
        for count, colour in ((hour.heard, HEARD), (hour.skipped, SKIPPED)):
            if count:
                top = round(SKIP_BOTTOM - (SKIP_BOTTOM - SKIP_TOP) * count / most)
                cv2.rectangle(image, (left, top), (right, SKIP_BOTTOM), colour, -1)
