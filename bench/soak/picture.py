"""The soak in a picture: memory, descriptors and disk over simulated days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.soak.gauges import Reading

WIDTH, PANEL = 1200, 300
LEFT, RIGHT, TOP, BOTTOM = 90, 170, 40, 40
WHITE, INK, FAINT = (255, 255, 255), (40, 40, 40), (225, 225, 225)
COLOURS = ((176, 114, 40), (60, 90, 220), (80, 160, 60), (150, 60, 150), (40, 150, 200))
"""Blue, green, red, as OpenCV has it."""
GRID_LINES = 4
FONT = cv2.FONT_HERSHEY_SIMPLEX


def drawn(readings: Sequence[Reading]) -> NDArray[np.uint8]:
    """A picture [900, 1200, 3] of at least two readings."""
    days = [one.day for one in readings]
    names = list(readings[0].memory_kib)
    panels = {
        "memory of its own, MiB": {
            name: [one.memory_kib[name] / 1024 for one in readings] for name in names
        },
        "open descriptors": {
            name: [float(one.descriptors[name]) for one in readings] for name in names
        },
        "disk, MiB": {
            "kept": [one.disk_kib / 1024 for one in readings],
            "logs": [one.log_kib / 1024 for one in readings],
        },
    }
    parts = [_panel(title, days, lines) for title, lines in panels.items()]
    return np.vstack(parts)


def save(path: Path, readings: Sequence[Reading]) -> None:
    """Write it as PNG.

    Raises:
        OSError: it cannot be written there.

    """
    _, content = cv2.imencode(".png", drawn(readings))
    path.write_bytes(content.tobytes())


def _panel(title: str, days: Sequence[float], lines: dict[str, list[float]]) -> NDArray[np.uint8]:
    image = np.full((PANEL, WIDTH, 3), WHITE, np.uint8)
    most = max(max(line) for line in lines.values()) * 1.1 or 1.0
    last = max(days[-1], 1e-9)
    _text(image, title, (LEFT, TOP - 14))
    for step in range(GRID_LINES + 1):
        height = _down(step / GRID_LINES)
        cv2.line(image, (LEFT, height), (WIDTH - RIGHT, height), FAINT, 1)
        _text(image, f"{most * step / GRID_LINES:.3g}", (20, height + 5))
    for day in range(int(last) + 1):
        _text(image, f"day {day}", (_along(day / last), PANEL - 12))
    for number, (name, line) in enumerate(lines.items()):
        points = [
            (_along(day / last), _down(value / most)) for day, value in zip(days, line, strict=True)
        ]
        colour = COLOURS[number % len(COLOURS)]
        cv2.polylines(image, [np.array(points, np.int32)], False, colour, 2, cv2.LINE_AA)  # noqa: FBT003
        _text(image, name, (WIDTH - RIGHT + 12, TOP + 20 + 22 * number), colour)
    return image


def _along(share: float) -> int:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * share)


def _down(share: float) -> int:
    return round(PANEL - BOTTOM - (PANEL - TOP - BOTTOM) * share)


def _text(
    image: NDArray[np.uint8],
    words: str,
    at: tuple[int, int],
    colour: tuple[int, int, int] = INK,
) -> None:
    cv2.putText(image, words, at, FONT, 0.5, colour, 1, cv2.LINE_AA)
