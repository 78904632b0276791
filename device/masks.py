"""Regions of the picture that never count: staff behind a counter, a poster on the wall.

Vision drops the faces whose centre lies in one; core does it once more for the frames that
were on their way when a mask was drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contracts.vision_wire import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contracts.vision_wire import Face

MOST = 16
NO_MASKS = "none"


class MaskError(ValueError):
    """The words describe no masks; says how they are written."""


def masks_of(argument: str) -> tuple[Box, ...]:
    """Masks out of a command's argument: a JSON list of boxes, or `none`.

    Raises:
        MaskError: it is neither, or more than 16.

    """
    if argument.strip() == NO_MASKS:
        return ()
    try:
        masks = msgspec.json.decode(argument, type=tuple[Box, ...])
    except (msgspec.DecodeError, RecursionError) as error:
        msg = (
            f"masks: {error}; write `{NO_MASKS}`, or a list of boxes in fractions of the picture:"
            ' [{"left": 0, "top": 0, "width": 0.3, "height": 1}]'
        )
        raise MaskError(msg) from error
    if len(masks) > MOST:
        msg = f"masks: {len(masks)} are too many; draw up to {MOST}"
        raise MaskError(msg)
    if any(mask.width <= 0 or mask.height <= 0 for mask in masks):
        msg = "masks: a mask needs a width and a height above 0"
        raise MaskError(msg)
    return masks


def visible(faces: Iterable[Face], masks: Sequence[Box]) -> tuple[Face, ...]:
    """The faces whose centre lies in no mask."""
    return tuple(face for face in faces if not any(_holds(mask, face.box) for mask in masks))


def _holds(mask: Box, box: Box) -> bool:
    across, down = box.left + box.width / 2, box.top + box.height / 2
    inside = mask.left <= across <= mask.left + mask.width
    return inside and mask.top <= down <= mask.top + mask.height
