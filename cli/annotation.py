"""Draws what was read in a face onto a copy of its picture.

It is drawn on the picture made some times larger, which is then shrunk: OpenCV's own letters
and curves are coarse at their true size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Colour = tuple[int, int, int]
"""Blue, green, red; 0 to 255."""

COLOURS: dict[str, Colour] = {
    "negative": (214, 132, 108),
    "neutral": (206, 201, 196),
    "positive": (84, 190, 250),
    "unknown": (150, 145, 140),
}
INK: Colour = (38, 30, 26)

READABLE_SIDE = 720
"""A picture whose shorter side has fewer pixels is enlarged, or the letters would not fit."""
FINER = 3
"""How many times larger everything is drawn."""
FINER_UP_TO = 4_000_000
"""Pixels of a picture that has no need of it: its letters are large."""

FONT = cv2.FONT_HERSHEY_DUPLEX
FONT_HEIGHT = 22.0
"""Height of the font's capitals in pixels at scale 1."""

BAR_WIDTH, BAR_HEIGHT, BAR_EDGE, BAR_GAP = 150.0, 16.0, 3.0, 9.0
LETTER_HEIGHT, LABEL_PADDING = 15.0, 10.0
LINE_WIDTH, SHADOW_WIDTH = 4.0, 8.0
"""All in pixels of a picture whose shorter side is READABLE_SIDE."""

SIDE_MARGIN, TOP_MARGIN, BOTTOM_MARGIN = 0.12, 0.32, 0.08
"""How far the frame goes beyond the box, in units of its sides."""


@dataclass(frozen=True)
class Reading:
    """What is written on one face."""

    box: tuple[float, float, float, float]
    """Left, top, width, height in fractions of the picture."""
    mood: str
    """A key of COLOURS."""
    label: str
    shares: dict[str, float]
    """Probabilities by mood, in the order they are drawn; they add up to 1."""


def annotated(picture: NDArray[np.uint8], readings: list[Reading]) -> NDArray[np.uint8]:
    """A copy of a BGR picture with frame, label and bar for each face; small ones enlarged."""
    enlarge = max(1.0, READABLE_SIDE / min(picture.shape[:2]))
    copy = cv2.resize(picture, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC)
    height, width = copy.shape[:2]
    finer = FINER if width * height <= FINER_UP_TO else 1
    # Repeated pixels averaged again are the very same: only what is drawn is smoothed.
    large = cv2.resize(copy, None, fx=finer, fy=finer, interpolation=cv2.INTER_NEAREST)
    drawing = _Drawing(np.asarray(large, np.uint8))
    for reading in readings:
        drawing.frame(reading)
    for reading in readings:
        drawing.words(reading)
    shrunk = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8)


class _Drawing:
    """Shapes on a picture, drawn in place; lengths in its pixels."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self._picture = picture
        self._height, self._width = picture.shape[:2]
        self._unit = min(self._width, self._height) / READABLE_SIDE

    def frame(self, reading: Reading) -> None:
        """A frame with round corners around the face, with a shadow."""
        left, top, wide, high = self._pixels(reading)
        for width, colour in ((SHADOW_WIDTH, INK), (LINE_WIDTH, COLOURS[reading.mood])):
            self._outline((left, top, left + wide, top + high), width * self._unit, colour)

    def words(self, reading: Reading) -> None:
        """Label above the face, bar of shares below; both stay inside the picture."""
        unit = self._unit
        left, top, wide, high = self._pixels(reading)
        self._label(reading, left - LINE_WIDTH / 2 * unit, top)
        width, height = max(wide, BAR_WIDTH * unit), (BAR_HEIGHT + 2 * BAR_EDGE) * unit
        x = min(max(left + (wide - width) / 2, 0.0), max(0.0, self._width - width))
        y = min(top + high + BAR_GAP * unit, self._height - height)
        self._bar(reading.shares, (x, y, x + width, y + height))

    def _label(self, reading: Reading, left: float, top: float) -> None:
        letter, pad = LETTER_HEIGHT * self._unit, LABEL_PADDING * self._unit
        scale, thick = letter / FONT_HEIGHT, max(1, round(letter / 8))
        (text_width, _), _ = cv2.getTextSize(reading.label, FONT, scale, thick)
        width, height = text_width + 2.6 * pad, letter + 2 * pad
        x = min(max(left, 0.0), max(0.0, self._width - width))
        y = max(top - height - BAR_GAP * self._unit, 0.0)
        self._pill((x, y, x + width, y + height), COLOURS[reading.mood])
        foot = round(x + 1.3 * pad), round(y + pad + letter)
        cv2.putText(self._picture, reading.label, foot, FONT, scale, INK, thick, cv2.LINE_AA)

    def _bar(self, shares: dict[str, float], box: tuple[float, float, float, float]) -> None:
        """Shares side by side, in a pill."""
        self._pill(box, INK)
        edge = BAR_EDGE * self._unit
        left, top, right, bottom = box[0] + edge, box[1] + edge, box[2] - edge, box[3] - edge
        inside = np.zeros(self._picture.shape[:2], np.uint8)
        _fill(inside, (left, top, right, bottom), (bottom - top) / 2, 255)
        at = left
        for mood, share in shares.items():
            until = at + share * (right - left)
            area = slice(round(top), round(bottom) + 1), slice(round(at), round(until) + 1)
            self._picture[area][inside[area] > 0] = COLOURS[mood]
            at = until

    def _pixels(self, reading: Reading) -> tuple[float, float, float, float]:
        """The frame to draw: a detector's box ends at the brows, a head does not."""
        left, top, wide, high = reading.box
        across, down = self._width, self._height
        return (
            (left - SIDE_MARGIN * wide) * across,
            (top - TOP_MARGIN * high) * down,
            (1 + 2 * SIDE_MARGIN) * wide * across,
            (1 + TOP_MARGIN + BOTTOM_MARGIN) * high * down,
        )

    def _pill(self, box: tuple[float, float, float, float], colour: Colour) -> None:
        _fill(self._picture, box, (box[3] - box[1]) / 2, colour)

    def _outline(
        self, box: tuple[float, float, float, float], thick: float, colour: Colour
    ) -> None:
        left, top, right, bottom = (round(v) for v in box)
        r, thickness = round(0.1 * (box[2] - box[0])), max(1, round(thick))
        sides = [
            ((left + r, top), (right - r, top)),
            ((left + r, bottom), (right - r, bottom)),
            ((left, top + r), (left, bottom - r)),
            ((right, top + r), (right, bottom - r)),
        ]
        for one, other in sides:
            cv2.line(self._picture, one, other, colour, thickness, cv2.LINE_AA)
        corners = [
            ((left + r, top + r), 180),
            ((right - r, top + r), 270),
            ((right - r, bottom - r), 0),
            ((left + r, bottom - r), 90),
        ]
        for centre, turn in corners:
            cv2.ellipse(self._picture, centre, (r, r), turn, 0, 90, colour, thickness, cv2.LINE_AA)


def _fill(
    picture: NDArray[np.uint8],
    box: tuple[float, float, float, float],
    radius: float,
    colour: Colour | int,
) -> None:
    """A filled rectangle with round corners."""
    left, top, right, bottom = (round(v) for v in box)
    r = round(min(radius, (box[2] - box[0]) / 2))
    paint = colour if isinstance(colour, tuple) else (colour,)
    cv2.rectangle(picture, (left + r, top), (right - r, bottom), paint, cv2.FILLED)
    cv2.rectangle(picture, (left, top + r), (right, bottom - r), paint, cv2.FILLED)
    for centre in [(x, y) for x in (left + r, right - r) for y in (top + r, bottom - r)]:
        cv2.circle(picture, centre, r, paint, cv2.FILLED, cv2.LINE_AA)
