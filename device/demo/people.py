"""The invented people who act in the demo: colours and proportions, nobody real."""

from __future__ import annotations

from dataclasses import dataclass

from device.demo.brush import Colour


@dataclass(frozen=True)
class Person:
    """One drawn person."""

    name: str
    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    shirt: Colour
    wall: Colour
    long_hair: bool = False
    jaw_width: float = 1.0
    """Width of the jaw as a share of the usual one."""
    brow_weight: float = 1.0
    """Thickness of the brows as a share of the usual one."""


PEOPLE = (
    Person(
        name="Bora",
        skin=(150, 185, 228),
        hair=(28, 30, 38),
        iris=(40, 62, 92),
        lips=(112, 112, 196),
        shirt=(120, 96, 52),
        wall=(196, 206, 204),
        long_hair=True,
        jaw_width=0.94,
        brow_weight=0.9,
    ),
    Person(
        name="Kito",
        skin=(78, 112, 164),
        hair=(22, 22, 26),
        iris=(26, 40, 62),
        lips=(78, 82, 140),
        shirt=(60, 140, 196),
        wall=(188, 196, 178),
        jaw_width=1.04,
        brow_weight=1.1,
    ),
    Person(
        name="Runa",
        skin=(172, 198, 236),
        hair=(52, 92, 148),
        iris=(128, 112, 72),
        lips=(124, 124, 204),
        shirt=(92, 110, 60),
        wall=(206, 198, 190),
        long_hair=True,
        jaw_width=0.98,
        brow_weight=1.0,
    ),
)
