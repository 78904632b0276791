"""Soft shapes on a picture of floats: fills, strokes and glows, each touching only its own box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Colour = tuple[float, float, float]
"""Blue, green, red; 0 to 255."""

SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Canvas:
    """A picture whose shapes are given in units of half a face's width, y downwards."""

    picture: NDArray[np.float32]
    """float32 [height, width, 3] BGR, 0 to 255; drawn on in place."""
    pixels_per_unit: float
    origin: Point
    """Pixel of the units' origin."""

    def to_pixels(self, points: Sequence[Point]) -> NDArray[np.float64]:
        """Pixel positions [n, 2] of points in units."""
        return np.asarray(points, np.float64) * self.pixels_per_unit + self.origin

    def fill(
        self, outline: Sequence[Point], colour: Colour, *, alpha: float = 1.0, soft: float = 0.0
    ) -> None:
        """Fill a closed outline; `soft` is the width of its blurred edge in units."""
        self.paint(*self.mask_of(outline, soft=soft), colour, alpha)

    def mask_of(
        self, outline: Sequence[Point], *, soft: float = 0.0
    ) -> tuple[NDArray[np.float32], tuple[int, int]]:
        """Coverage of an outline in its own box, 0 to 1, and the box's left and top pixel."""
        points, blur = self.to_pixels(outline), soft * self.pixels_per_unit
        left, top, width, height = self._box(points, blur * 2.5 + 2)
        mask = np.zeros((height, width), np.uint8)
        shifted = np.rint((points - (left, top)) * (1 << SUBPIXEL_BITS)).astype(np.int32)
        cv2.fillPoly(mask, [shifted], 255, cv2.LINE_AA, SUBPIXEL_BITS)
        return _softened(mask, blur), (left, top)

    def stroke(
        self,
        line: Sequence[Point],
        widths: tuple[float, float, float],
        colour: Colour,
        *,
        alpha: float = 1.0,
        soft: float = 0.0,
    ) -> None:
        """Draw a smooth line whose width in units runs from first over middle to last."""
        spine = np.asarray(line, np.float64)
        along = np.linspace(0, 1, len(spine))
        half = np.interp(along, (0, 0.5, 1), widths)[:, None] / 2
        slope = np.gradient(spine, axis=0)
        normal = np.stack([-slope[:, 1], slope[:, 0]], 1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        outline = np.concatenate([spine + normal * half, (spine - normal * half)[::-1]])
        self.fill([(float(x), float(y)) for x, y in outline], colour, alpha=alpha, soft=soft)

    def glow(self, centre: Point, radii: Point, amount: float, tint: Colour = (1, 1, 1)) -> None:
        """Lighten (amount > 0) or darken a soft ellipse: amount 0.1 is ten per cent."""
        ((x, y),) = self.to_pixels([centre])
        rx, ry = radii[0] * self.pixels_per_unit, radii[1] * self.pixels_per_unit
        corners = np.array([[x - 2.2 * rx, y - 2.2 * ry], [x + 2.2 * rx, y + 2.2 * ry]])
        left, top, width, height = self._box(corners, 0)
        across = np.exp(-(((np.arange(left, left + width) - x) / rx) ** 2))
        down = np.exp(-(((np.arange(top, top + height) - y) / ry) ** 2))
        factor = (amount * np.outer(down, across)).astype(np.float32)[..., None]
        part = self.picture[top : top + height, left : left + width]
        part *= 1 + factor * np.array(tint, np.float32)

    def paint(
        self,
        mask: NDArray[np.float32],
        corner: tuple[int, int],
        colour: Colour,
        alpha: float = 1.0,
    ) -> None:
        """Lay a colour over the picture where a mask (0 to 1) says so."""
        (left, top), (height, width) = corner, mask.shape
        part = self.picture[top : top + height, left : left + width]
        weight = mask[..., None] * np.float32(alpha)
        part += weight * (np.array(colour, np.float32) - part)

    def _box(self, points: NDArray[np.float64], margin: float) -> tuple[int, int, int, int]:
        height, width = self.picture.shape[:2]
        low = np.floor(points.min(axis=0) - margin).astype(int)
        high = np.ceil(points.max(axis=0) + margin).astype(int)
        left, top = (int(v) for v in np.clip(low, 0, (width - 1, height - 1)))
        right, bottom = (int(v) for v in np.clip(high, (left + 1, top + 1), (width, height)))
        return left, top, right - left, bottom - top


def smooth(points: Sequence[Point], count: int = 32) -> list[Point]:
    """A Catmull-Rom curve of about `count` points through the given ones."""
    knots = np.asarray(points, np.float64)
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    position = np.linspace(0, len(knots) - 1, count)
    index = np.minimum(position.astype(int), len(knots) - 2)
    t = (position - index)[:, None]
    before, start, end, after = (padded[index + i] for i in range(4))
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return [(float(x), float(y)) for x, y in curve]


def ring(points: Sequence[Point], count: int = 64) -> list[Point]:
    """A closed smooth outline through the given points."""
    return smooth([*points, points[0]], count)


def ellipse(centre: Point, radii: Point, count: int = 40) -> list[Point]:
    """Outline of an upright ellipse."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y = centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _softened(mask: NDArray[np.uint8], blur: float) -> NDArray[np.float32]:
    coverage = mask.astype(np.float32)
    coverage /= 255
    if blur < 0.3:
        return coverage
    return np.asarray(cv2.GaussianBlur(coverage, (0, 0), blur), np.float32)
