"""What a drawn face does with its muscles, and what three feelings look like."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Expression:
    """Offsets from a face at rest, in half-widths of the face unless said otherwise."""

    inner_brow: float = 0.0
    """How far the inner ends of the brows rise."""
    outer_brow: float = 0.0
    """How far the outer ends of the brows rise."""
    brow_draw: float = 0.0
    """How far the brows are drawn together."""
    frown: float = 0.0
    """Strength of the folds between the brows, 0 to 1."""
    forehead: float = 0.0
    """Strength of the folds across the forehead, 0 to 1."""
    upper_lid: float = 1.0
    """Opening of the upper lid: 0 shut, 1 at rest."""
    lower_lid: float = 0.0
    """How far the lower lid is pushed up, 0 to 1."""
    cheeks: float = 0.0
    """How far the cheeks are raised, 0 to 1."""
    nose_wrinkle: float = 0.0
    """How far the nose is wrinkled and its wings spread, 0 to 1."""
    mouth_width: float = 0.33
    """Half the width of the mouth."""
    corners: float = 0.0
    """How far the corners of the mouth lie above its middle."""
    mouth_rise: float = 0.0
    """How far the whole mouth lies higher than at rest."""
    gap_up: float = 0.0
    """How far the upper lip's edge lies above the line of the mouth."""
    gap_down: float = 0.0
    """How far the lower lip's edge lies below the line of the mouth."""
    square: float = 0.0
    """Shape of the opening: 0 like an almond, 1 like a box."""
    lower_teeth: float = 0.0
    """How much of the lower teeth shows, 0 to 1."""
    lips: float = 1.0
    """Fullness of the lips; less when pressed or stretched."""
    jaw: float = 0.0
    """How far the chin drops."""
    gaze: float = 0.0
    """How far the eyes look down."""


NEUTRAL = Expression(
    inner_brow=-0.045,
    outer_brow=-0.06,
    brow_draw=-0.025,
    upper_lid=0.78,
    mouth_width=0.34,
    corners=0.008,
    mouth_rise=-0.02,
    lips=1.18,
    gaze=-0.015,
)

POSITIVE = Expression(
    inner_brow=0.03,
    outer_brow=0.03,
    upper_lid=0.8,
    lower_lid=0.5,
    cheeks=1.0,
    mouth_width=0.53,
    corners=0.17,
    mouth_rise=0.0,
    gap_up=0.03,
    gap_down=0.17,
    square=0.15,
    lips=0.8,
    jaw=0.05,
)

ANGER = Expression(
    inner_brow=-0.13,
    outer_brow=0.06,
    brow_draw=0.055,
    frown=0.9,
    upper_lid=0.75,
    lower_lid=0.55,
    nose_wrinkle=1.0,
    mouth_width=0.3,
    corners=-0.19,
    gap_up=0.1,
    gap_down=0.2,
    square=0.95,
    lower_teeth=0.95,
    lips=0.6,
    jaw=0.076,
)
"""Anger, teeth bared."""

GRIEF = Expression(
    inner_brow=0.11,
    outer_brow=-0.13,
    brow_draw=0.03,
    frown=0.6,
    forehead=0.3,
    upper_lid=0.34,
    lower_lid=0.65,
    cheeks=0.5,
    nose_wrinkle=0.6,
    mouth_width=0.36,
    corners=-0.12,
    mouth_rise=-0.03,
    gap_up=0.08,
    gap_down=0.05,
    square=0.3,
    lower_teeth=0.9,
    lips=0.7,
    jaw=0.03,
)
"""Sadness, near to tears."""


def blend(first: Expression, second: Expression, share: float) -> Expression:
    """An expression between two: share 0 is the first, 1 the second."""
    return Expression(
        **{
            f.name: (1 - share) * getattr(first, f.name) + share * getattr(second, f.name)
            for f in fields(Expression)
        }
    )
