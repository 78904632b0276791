"""What of a drawn person does not feel: wall, shoulders, hair, skull and skin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from device.demo.brush import Canvas, Colour, Point, ellipse, ring
from device.demo.people import Person

HEAD_RADII = (1.05, 1.4)
"""Half-axes of the egg that a head is, in units."""
LIGHT = (-0.38, -0.5, 0.78)
"""Towards the lamp: left of the viewer, above, in front; about length 1."""


def shaded(colour: Colour, factor: float) -> Colour:
    """The colour, lighter (factor > 1) or darker."""
    blue, green, red = (min(255.0, c * factor) for c in colour)
    return blue, green, red


def mirrored(half: list[Point]) -> list[Point]:
    """A closed outline whose left half mirrors the given right half, top to bottom."""
    return [*half, *((-x, y) for x, y in reversed(half) if abs(x) > 1e-6)]


def draw_wall(canvas: Canvas, wall: Colour) -> None:
    """Light from the left fades over the wall."""
    height, width = canvas.picture.shape[:2]
    across = np.linspace(1.06, 0.82, width)
    down = np.linspace(1.04, 0.9, height)
    canvas.picture[:] = (np.outer(down, across)[..., None] * wall).astype(np.float32)


def draw_back_hair(canvas: Canvas, person: Person) -> None:
    """The hair that falls behind the neck."""
    if not person.long_hair:
        return
    half = [(0.0, -1.5), (0.7, -1.38), (1.1, -0.9), (1.2, -0.1), (1.22, 0.7), (1.12, 1.35)]
    half += [(0.7, 1.62), (0.0, 1.65)]
    canvas.fill(ring(mirrored(half), 96), shaded(person.hair, 0.8), soft=0.02)


def draw_body(canvas: Canvas, person: Person) -> None:
    """Neck, shoulders and shirt."""
    neck = [(0.47, 0.7), (0.48, 1.3), (0.6, 1.62), (1.2, 1.85), (1.0, 2.4), (0.0, 2.4)]
    canvas.fill(ring(mirrored(neck), 96), shaded(person.skin, 0.78), soft=0.01)
    canvas.glow((0.05, 1.3), (0.5, 0.25), -0.28)
    shirt = [
        (0.0, 2.12),
        (0.36, 1.98),
        (0.6, 1.66),
        (1.3, 1.86),
        (1.9, 2.1),
        (2.2, 2.7),
        (2.2, 4.0),
    ]
    outline = [*shirt, *((-x, y) for x, y in reversed(shirt))]
    canvas.fill(outline, person.shirt, soft=0.015)
    canvas.glow((-1.2, 2.2), (0.7, 0.5), 0.16)
    canvas.glow((1.3, 2.6), (0.7, 0.9), -0.2)


def draw_ears(canvas: Canvas, person: Person) -> None:
    """Two ears, unless hair hides them."""
    if person.long_hair:
        return
    for side in (-1, 1):
        ear = ellipse((side * 0.99, 0.02), (0.13, 0.27))
        canvas.fill(ear, shaded(person.skin, 0.88), soft=0.015)
        inner = ellipse((side * 1.0, 0.03), (0.06, 0.16))
        canvas.fill(inner, shaded(person.skin, 0.66), alpha=0.6, soft=0.03)


def draw_skull(canvas: Canvas, person: Person, jaw: float) -> None:
    """The face's skin with the light on it; `jaw` is how far the chin drops."""
    wide = person.jaw_width
    half = [(0.0, -1.22), (0.5, -1.12), (0.84, -0.72), (0.96, -0.2), (0.93, 0.25)]
    half += [(0.8 * wide, 0.72 + 0.5 * jaw), (0.53 * wide, 1.06 + 0.9 * jaw)]
    half += [(0.23 * wide, 1.25 + jaw), (0.0, 1.28 + jaw)]
    mask, (left, top) = canvas.mask_of(ring(mirrored(half), 128), soft=0.008)
    height, width = mask.shape
    x = (np.arange(left, left + width) - canvas.origin[0]) / canvas.pixels_per_unit
    y = (np.arange(top, top + height) - canvas.origin[1]) / canvas.pixels_per_unit
    across, down = x[None] / HEAD_RADII[0], y[:, None] / HEAD_RADII[1]
    towards = np.sqrt(np.maximum(0.05, 1 - across**2 - down**2))
    lit = across * LIGHT[0] + down * LIGHT[1] + towards * LIGHT[2]
    level = 0.62 + 0.44 * np.clip(lit, 0, 1) - 0.12 * (1 - towards)
    skin = level[..., None] * np.array(person.skin)
    part = canvas.picture[top : top + height, left : left + width]
    part += mask[..., None] * (np.minimum(skin, 255).astype(np.float32) - part)


def draw_planes(canvas: Canvas, person: Person) -> None:
    """Forehead, temples, sockets, cheekbones and chin: what makes the egg a head."""
    canvas.glow((-0.15, -0.72), (0.5, 0.3), 0.07)
    for side in (-1, 1):
        canvas.glow((side * 0.8, -0.35), (0.2, 0.4), -0.08)
        canvas.glow((side * 0.4, -0.24), (0.27, 0.15), -0.13)
        canvas.glow((side * 0.55, 0.2), (0.26, 0.17), 0.05)
        canvas.glow((side * 0.56, 0.3), (0.26, 0.2), 0.06, (-0.7, -0.5, 1.0))
        canvas.glow((side * 0.62, 0.62), (0.2, 0.3), -0.07)
    canvas.glow((-0.03, 1.05), (0.2, 0.14), 0.07)
    canvas.glow((0.0, 0.93), (0.24, 0.07), -0.1)
    canvas.glow((0.0, 1.26), (0.5, 0.1), -0.08 * (1 if person.long_hair else 1.3))


def draw_hair(canvas: Canvas, person: Person) -> None:
    """The hair over the forehead, with strands of light."""
    if person.long_hair:
        outline = [
            (0.12, -1.02),
            (0.5, -0.95),
            (0.8, -0.62),
            (0.92, -0.1),
            (0.97, 0.6),
            (1.04, 1.2),
        ]
        outline += [(1.2, 0.8), (1.2, -0.2), (1.08, -0.95), (0.65, -1.4), (0.0, -1.52)]
        outline += [(-0.65, -1.4), (-1.08, -0.95), (-1.2, -0.2), (-1.2, 0.8), (-1.04, 1.2)]
        outline += [(-0.97, 0.6), (-0.93, -0.1), (-0.82, -0.5), (-0.4, -0.86)]
    else:
        outline = [(0.0, -0.9), (0.45, -0.9), (0.78, -0.78), (0.9, -0.45), (0.93, -0.12)]
        outline += [(1.03, -0.2), (1.06, -0.7), (0.9, -1.15), (0.5, -1.44), (0.0, -1.5)]
        outline += [(-0.5, -1.44), (-0.9, -1.15), (-1.06, -0.7), (-1.03, -0.2), (-0.93, -0.12)]
        outline += [(-0.9, -0.45), (-0.78, -0.78), (-0.45, -0.94)]
    canvas.glow((0.0, -0.9), (0.75, 0.16), -0.18)
    mask, corner = canvas.mask_of(ring(outline, 160), soft=0.022)
    canvas.paint(mask, corner, person.hair)
    _shine(canvas, mask, corner, person)


def _shine(
    canvas: Canvas, mask: NDArray[np.float32], corner: tuple[int, int], person: Person
) -> None:
    """Strands: noise stretched along the way that hair falls."""
    height, width = mask.shape
    noise = np.random.default_rng(7).standard_normal((height // 24 + 2, width // 2 + 1))
    strands = cv2.resize(noise.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    lamp = np.exp(-(((np.arange(height) / height - 0.16) / 0.14) ** 2))[:, None]
    level = (0.12 * strands + 0.55 * lamp * (0.7 + 0.3 * strands))[..., None]
    part = canvas.picture[corner[1] : corner[1] + height, corner[0] : corner[0] + width]
    part += mask[..., None] * level * (np.array(person.hair, np.float32) * 0.8 + 22)
