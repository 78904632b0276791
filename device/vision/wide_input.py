"""BlazeFace for frames that are wider than high, without the black bars of a letterbox.

Both models were published for squares. Their weights do not care: a convolution runs over any
picture. Only the sizes that are written into a few operators do: the near model's last reshapes,
and how far the far model enlarges its coarse layers. Rewritten, a camera's 4:3 frame takes
three quarters of the multiplications.
"""

from __future__ import annotations

import re
import struct

from contracts.model_manifest import ModelError

STEP = 16
"""Rows come in steps of this: the pitch of the coarsest cells of the near model."""

NEAR_SIDE, FAR_SIDE = 128, 192
_NEAR_GRIDS = ((16, 2), (8, 6))
"""Cells a side and candidates a cell."""
_NEAR_WIDTHS = (1, 16)
"""A candidate's score, and its box and points."""
_FAR_SIDES = (12, 24, 48)


def rows_for(width: int, height: int, side: int) -> int:
    """Rows of an input of `side` columns that hold a frame of this size: half to all of them."""
    fitting = -(-height * side // (width * STEP)) * STEP
    return min(max(fitting, side // 2), side)


def with_rows(content: bytes, side: int, rows: int) -> bytes:
    """A model for inputs of [1, rows, side, 3] out of the one for [1, side, side, 3].

    Args:
        content: the published .tflite; its weights stay as they are.
        side: of the published input in pixels, NEAR_SIDE or FAR_SIDE.
        rows: half of `side` to all of it, a multiple of STEP.

    Raises:
        ModelError: the content is neither of the two models.

    """
    if rows == side:
        return content
    changes = _near_changes(rows) if side == NEAR_SIDE else _far_changes(rows)
    if any(content.count(old) != 1 for old in changes):
        msg = f"this is no BlazeFace of {side} pixels whose input can be cut to {rows} rows"
        raise ModelError(msg)
    # In one pass: one grid's new size may be another's old one.
    pattern = b"|".join(map(re.escape, changes))
    return re.sub(pattern, lambda found: changes[found[0]], content)


def _near_changes(rows: int) -> dict[bytes, bytes]:
    """The reshapes' new shapes, as flatbuffer vectors of int32: length, then elements."""
    return {
        struct.pack("<4i", 3, 1, cells * cells * each, width): struct.pack(
            "<4i", 3, 1, cells * (cells * rows // NEAR_SIDE) * each, width
        )
        for cells, each in _NEAR_GRIDS
        for width in _NEAR_WIDTHS
    }


def _far_changes(rows: int) -> dict[bytes, bytes]:
    """The enlargements' constants, as flatbuffer vectors of bytes: length, then two int32."""
    return {
        struct.pack("<3i", 8, cells, cells): struct.pack("<3i", 8, cells * rows // FAR_SIDE, cells)
        for cells in _FAR_SIDES
    }
