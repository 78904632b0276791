"""What of a drawn person feels: brows, eyes, nose, cheeks and the folds between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.demo.brush import Canvas, Colour, Point, ellipse, smooth
from device.demo.expression import Expression
from device.demo.head import shaded
from device.demo.people import Person

EYE = (0.4, -0.14)
"""Centre of the right eye in units; the left one mirrors it."""
EYE_HALF_WIDTH = 0.19
IRIS_RADIUS = 0.096
WHITE = (214.0, 220.0, 226.0)


def draw_eyes(canvas: Canvas, person: Person, face: Expression) -> None:
    """Both eyes with their lids."""
    for side in (-1, 1):
        _eye(canvas, person, face, side)


def _lids(face: Expression, side: int) -> tuple[list[Point], list[Point]]:
    """Edge of the upper and of the lower lid, from the inner corner to the outer."""
    t = np.linspace(-1, 1, 25)
    arch = 1 - np.abs(t) ** 2.2
    x = EYE[0] + EYE_HALF_WIDTH * t
    tilt = EYE[1] - 0.018 * t
    upper = tilt - 0.115 * face.upper_lid * arch * (1 - 0.12 * t)
    # A lowered brow weighs on the inner half of the lid.
    upper += max(0.0, -face.inner_brow) * 0.45 * arch * (1 - t) / 2
    lower = tilt + (0.082 - 0.075 * face.lower_lid) * arch
    lower = np.maximum(lower, upper + 0.004)
    xs = (side * x).tolist()
    return (
        list(zip(xs, upper.tolist(), strict=True)),
        list(zip(xs, lower.tolist(), strict=True)),
    )


def _eye(canvas: Canvas, person: Person, face: Expression, side: int) -> None:
    upper, lower = _lids(face, side)
    mask, corner = canvas.mask_of([*upper, *reversed(lower)], soft=0.006)
    canvas.paint(mask, corner, WHITE)
    iris: Point = (side * EYE[0], EYE[1] - 0.012 + face.gaze)
    layers = (
        (iris, IRIS_RADIUS, shaded(person.iris, 0.55), 0.008),
        (iris, IRIS_RADIUS * 0.82, shaded(person.iris, 1.15), 0.014),
        (iris, IRIS_RADIUS * 0.42, (14.0, 14.0, 16.0), 0.006),
    )
    for centre, radius, colour, soft in layers:
        _paint_inside(canvas, mask, corner, ellipse(centre, (radius, radius)), colour, soft=soft)
    shadow = [*upper, *((x, y + 0.035) for x, y in reversed(upper))]
    _paint_inside(canvas, mask * 0.55, corner, shadow, (30.0, 34.0, 44.0), soft=0.014)
    glint = ellipse((iris[0] - 0.035, iris[1] - 0.035), (0.02, 0.02))
    _paint_inside(canvas, mask, corner, glint, (250.0, 250.0, 250.0), soft=0.004)
    dark = shaded(person.skin, 0.2)
    canvas.stroke(upper, (0.014, 0.034, 0.026), dark, alpha=0.92, soft=0.005)
    canvas.stroke(lower, (0.006, 0.012, 0.012), shaded(person.skin, 0.45), alpha=0.6, soft=0.008)
    crease = [(x, y - 0.05 - 0.02 * face.upper_lid) for x, y in upper[3:-1]]
    canvas.stroke(crease, (0.01, 0.02, 0.012), shaded(person.skin, 0.55), alpha=0.55, soft=0.012)
    bag = [(x, y + 0.07 + 0.02 * (1 - face.lower_lid)) for x, y in lower[3:-3]]
    depth = 0.2 + 0.35 * face.lower_lid
    canvas.stroke(bag, (0.01, 0.03, 0.01), shaded(person.skin, 0.6), alpha=depth, soft=0.02)


def _paint_inside(
    canvas: Canvas,
    mask: NDArray[np.float32],
    corner: tuple[int, int],
    outline: list[Point],
    colour: Colour,
    *,
    soft: float,
) -> None:
    """Fill an outline where a mask allows it."""
    own, (left, top) = canvas.mask_of(outline, soft=soft)
    cut = np.zeros_like(own)
    dx, dy = left - corner[0], top - corner[1]
    y0, x0 = max(0, -dy), max(0, -dx)
    y1 = min(own.shape[0], mask.shape[0] - dy)
    x1 = min(own.shape[1], mask.shape[1] - dx)
    if y1 > y0 and x1 > x0:
        cut[y0:y1, x0:x1] = mask[y0 + dy : y1 + dy, x0 + dx : x1 + dx]
    canvas.paint(own * cut, (left, top), colour)


def draw_brows(canvas: Canvas, person: Person, face: Expression) -> None:
    """Both brows: a soft ground and a darker middle."""
    weight = person.brow_weight
    for side in (-1, 1):
        inner = (side * (0.17 - face.brow_draw), -0.39 - face.inner_brow)
        arch = (
            side * (0.42 - 0.3 * face.brow_draw),
            -0.46 - (face.inner_brow + 2 * face.outer_brow) / 3,
        )
        outer = (side * 0.67, -0.37 - face.outer_brow)
        line = smooth([inner, arch, outer], 24)
        widths = (0.085 * weight, 0.085 * weight, 0.02)
        canvas.stroke(line, widths, person.hair, alpha=0.6, soft=0.022)
        widths = (0.055 * weight, 0.06 * weight, 0.012)
        canvas.stroke(line, widths, shaded(person.hair, 0.8), alpha=0.75, soft=0.01)


def draw_nose(canvas: Canvas, person: Person, face: Expression) -> None:
    """Bridge, tip, wings and nostrils."""
    wrinkle, up = face.nose_wrinkle, 0.03 * face.nose_wrinkle
    spread = 1 + 0.16 * wrinkle + 0.08 * face.cheeks
    canvas.glow((0.1, 0.0), (0.07, 0.34), -0.1)
    canvas.glow((-0.03, -0.02), (0.05, 0.3), 0.09)
    canvas.glow((-0.03, 0.25 - up), (0.09, 0.08), 0.14)
    canvas.glow((0.03, 0.43), (0.22, 0.07), -0.16)
    dark = shaded(person.skin, 0.42)
    for side in (-1, 1):
        wing = [(0.15, 0.2 - up), (0.205, 0.27 - up), (0.2, 0.345 - up), (0.14, 0.37 - up)]
        line = smooth([(side * spread * x, y) for x, y in wing], 16)
        canvas.stroke(line, (0.006, 0.026, 0.012), dark, alpha=0.6, soft=0.014)
        nostril = ellipse((side * 0.085 * spread, 0.362 - up), (0.048 * spread, 0.022))
        canvas.fill(nostril, shaded(person.skin, 0.22), alpha=0.8, soft=0.012)
        for row in range(2):
            fold = [(side * 0.06, -0.1 + 0.07 * row), (side * 0.13, -0.05 + 0.08 * row)]
            canvas.stroke(fold, (0.0, 0.02, 0.0), dark, alpha=0.5 * wrinkle, soft=0.012)


def draw_folds(canvas: Canvas, person: Person, face: Expression) -> None:
    """Folds of the brow, the forehead, beside the eyes and from nose to mouth."""
    dark = shaded(person.skin, 0.45)
    for side in (-1, 1):
        top = -0.5 - 0.4 * face.inner_brow
        upright = smooth([(side * 0.085, top), (side * 0.06, -0.38), (side * 0.075, -0.27)], 12)
        canvas.stroke(upright, (0.0, 0.036, 0.0), dark, alpha=0.8 * face.frown, soft=0.014)
        crow = max(0.0, face.lower_lid - 0.25) * face.cheeks
        for rise in (-0.05, 0.0, 0.05):
            line = [(side * 0.645, EYE[1] + 0.01 + 0.4 * rise), (side * 0.74, EYE[1] + rise * 1.6)]
            canvas.stroke(line, (0.0, 0.014, 0.0), dark, alpha=0.8 * crow, soft=0.012)
        _laugh_line(canvas, person, face, side)
    canvas.glow((0.0, -0.36), (0.12, 0.13), -0.2 * face.frown)
    for height in (-0.62, -0.74, -0.86):
        rise = 0.5 * face.inner_brow
        line = smooth([(-0.45, height + 0.02), (0.0, height - rise), (0.45, height + 0.02)], 20)
        canvas.stroke(line, (0.0, 0.026, 0.0), dark, alpha=0.55 * face.forehead, soft=0.014)


def _laugh_line(canvas: Canvas, person: Person, face: Expression, side: int) -> None:
    depth = 0.16 + 0.6 * max(face.cheeks, face.nose_wrinkle)
    foot = face.mouth_width + 0.13
    start = (side * (0.2 + 0.02 * face.nose_wrinkle), 0.25)
    middle = (side * (0.3 + 0.45 * (foot - 0.4)), 0.42)
    end = (side * foot, 0.64 - 0.5 * face.corners * (1 if face.corners > 0 else 0))
    line = smooth([start, middle, end], 20)
    canvas.stroke(line, (0.01, 0.045, 0.0), shaded(person.skin, 0.52), alpha=depth, soft=0.022)
    canvas.glow((side * (middle[0] * side + 0.22), 0.24), (0.2, 0.13), 0.1 * face.cheeks)
    canvas.glow((side * 0.45, 0.07), (0.22, 0.05), -0.12 * face.cheeks)
