"""What a guest is told of their photo; the page draws it over their own file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts.emotion import EMOTIONS, three_classes
from device.mood import group_emotions

if TYPE_CHECKING:
    from contracts.vision_wire import Face, PhotoAnalysed

UNKNOWN = "unknown"


def photo_view(seen: PhotoAnalysed) -> dict[str, Any]:
    """Boxes in fractions of the upright picture, the mood of each face and of all together."""
    together = group_emotions(seen.faces)
    emotions = dict(zip(EMOTIONS, together, strict=True)) if together else {}
    moods = three_classes(emotions) if emotions else {}
    return {
        "width": seen.width,
        "height": seen.height,
        "mood": max(moods, key=lambda m: moods[m]) if moods else UNKNOWN,
        "moods": _rounded(moods),
        "emotions": _rounded(emotions),
        "faces": [_face(face) for face in seen.faces],
    }


def _face(face: Face) -> dict[str, Any]:
    moods = three_classes(dict(zip(EMOTIONS, face.emotions, strict=True)))
    box = face.box
    return {
        "box": [box.left, box.top, box.width, box.height],
        "mood": max(moods, key=lambda m: moods[m]) if face.known else UNKNOWN,
        "moods": _rounded(moods),
    }


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    return {name: round(share, 3) for name, share in shares.items()}
