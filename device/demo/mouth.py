"""The mouth of a drawn person: lips, teeth and what lies behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.demo.brush import Canvas, Point
from device.demo.expression import Expression
from device.demo.head import shaded
from device.demo.people import Person

HEIGHT = 0.62
"""Of the mouth below the origin, in units."""
INSIDE = (34.0, 28.0, 66.0)
TEETH = (206.0, 222.0, 228.0)
OPEN_ENOUGH = 0.02
"""Gap in units from which the mouth counts as open."""


@dataclass(frozen=True)
class _Edges:
    """Four lines from the left corner to the right: y in units over x."""

    x: NDArray[np.float64]
    upper_outer: NDArray[np.float64]
    upper_inner: NDArray[np.float64]
    lower_inner: NDArray[np.float64]
    lower_outer: NDArray[np.float64]

    def between(self, upper: NDArray[np.float64], lower: NDArray[np.float64]) -> list[Point]:
        """Outline of what lies between two lines."""
        there = list(zip(self.x.tolist(), upper.tolist(), strict=True))
        back = list(zip(self.x.tolist(), lower.tolist(), strict=True))
        return [*there, *reversed(back)]


def _edges(face: Expression) -> _Edges:
    t = np.linspace(-1, 1, 41)
    away = np.abs(t)
    power = 2 + 3 * face.square
    line = HEIGHT - face.mouth_rise - face.corners * (away**1.8 - 0.4)
    arch = 1 - away**power
    upper_inner = line - face.gap_up * arch
    lower_inner = line + face.gap_down * arch
    bow = 0.85 + 0.25 * np.exp(-(((away - 0.22) / 0.16) ** 2)) - 0.12 * np.exp(-((t / 0.1) ** 2))
    upper_lip = 0.075 * face.lips * bow * (1 - away**2.4)
    lower_lip = 0.105 * face.lips * (1 - away**2.2)
    return _Edges(
        face.mouth_width * t,
        upper_inner - upper_lip,
        upper_inner,
        lower_inner,
        lower_inner + lower_lip,
    )


def draw_mouth(canvas: Canvas, person: Person, face: Expression) -> None:
    """Lips, and between them teeth when they part."""
    edges = _edges(face)
    canvas.glow((0.0, float(edges.lower_outer[20]) + 0.05), (0.26, 0.05), -0.16)
    canvas.glow((0.0, 0.46), (0.05, 0.06), -0.06)
    if face.gap_up + face.gap_down > OPEN_ENOUGH:
        _inside(canvas, edges, face)
    lips = person.lips
    canvas.fill(edges.between(edges.upper_outer, edges.upper_inner), shaded(lips, 0.82), soft=0.012)
    canvas.fill(edges.between(edges.lower_inner, edges.lower_outer), lips, soft=0.012)
    x, middle = float(edges.x[16]), (edges.lower_inner + edges.lower_outer) / 2
    canvas.glow((x, float(middle[20])), (0.14, 0.03), 0.12)
    closed = [(float(a), float(b)) for a, b in zip(edges.x, edges.upper_inner, strict=True)]
    canvas.stroke(closed, (0.014, 0.02, 0.014), shaded(lips, 0.3), alpha=0.75, soft=0.008)
    for side in (0, -1):
        corner = (float(edges.x[side]) * 1.03, float(edges.upper_inner[side]) + 0.005)
        canvas.glow(corner, (0.05, 0.045), -0.3)


def _inside(canvas: Canvas, edges: _Edges, face: Expression) -> None:
    """A dark mouth, upper teeth, and lower ones where they are bared."""
    canvas.fill(edges.between(edges.upper_inner, edges.lower_inner), INSIDE, soft=0.006)
    gap = edges.lower_inner - edges.upper_inner
    bared = 0.5 if face.lower_teeth > 0 else 0.72
    upper_edge = edges.upper_inner + np.minimum(gap * bared, 0.17)
    canvas.fill(edges.between(edges.upper_inner, upper_edge), TEETH, soft=0.008)
    if face.lower_teeth > 0:
        lower_edge = edges.lower_inner - gap * 0.42 * face.lower_teeth
        canvas.fill(edges.between(lower_edge, edges.lower_inner), shaded(TEETH, 0.94), soft=0.008)
    for index in range(6, 35, 4):
        x = float(edges.x[index])
        top, foot = float(edges.upper_inner[index]), float(upper_edge[index])
        line = [(x, top), (x, (top + foot) / 2), (x, foot)]
        canvas.stroke(line, (0.008, 0.008, 0.008), (150.0, 160.0, 172.0), alpha=0.4, soft=0.004)
    for side in (-1, 1):
        canvas.glow(
            (side * face.mouth_width * 0.86, HEIGHT - face.corners * 0.4), (0.1, 0.1), -0.35
        )
