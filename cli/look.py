"""Read the faces in photos: their emotions, their mood, and a copy with both drawn on.

Nothing is sent anywhere, and nothing is written but what --out names.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.annotation import Reading, annotated
from contracts.emotion import EMOTIONS, three_classes
from contracts.model_manifest import ModelError
from contracts.settings import EXIT_REFUSED
from device.vision.photo import decode_picture
from device.vision.picture_header import PictureRefusedError
from device.vision.sight import MODELS, load_sight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from contracts.vision_wire import Face
    from device.vision.sight import Sight

EXIT_NO_FACE = 1
EXIT_NO_PICTURE = 2

MAX_PIXELS = 100_000_000
"""More than the appliance takes from a guest: this is the person's own computer and file."""

UNKNOWN = "unknown"
STYLES = {"negative": "blue", "neutral": "white", "positive": "yellow", UNKNOWN: "bright_black"}
BAR_CELLS = 6
SHOWN_EMOTIONS, LEAST_SHOWN = 3, 0.005
DRAWN_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True)
class Looked:
    """What was read in one photo."""

    photo: Path
    picture: NDArray[np.uint8]
    faces: tuple[Face, ...]


def run(arguments: list[str]) -> int:
    """Look at photos. 0: faces in all; 1: none in one; 2: one is no picture; 78: no model."""
    chosen = _parser().parse_args(arguments)
    complaints = Console(stderr=True)
    try:
        sight = load_sight(chosen.models)
    except ModelError as error:
        complaints.print(Text(str(error), style="red"), soft_wrap=True)
        return EXIT_REFUSED
    status, told = 0, []
    for photo in chosen.photos:
        try:
            looked = _looked(photo, sight)
            drawn = _drawn(looked, chosen.out, several=len(chosen.photos) > 1)
        except (PictureRefusedError, OSError) as error:
            why = getattr(error, "strerror", None) or str(error)
            complaints.print(Text(f"{photo}: {why}", style="red"), soft_wrap=True)
            status = EXIT_NO_PICTURE
            continue
        status = status or (0 if looked.faces else EXIT_NO_FACE)
        told.append(as_json(looked, drawn))
        if not chosen.json:
            _show(looked, drawn)
    if chosen.json:
        json.dump(told, sys.stdout, indent=2)
        sys.stdout.write("\n")
    return status


def mood_of(face: Face) -> str:
    """`negative`, `neutral`, `positive`, or `unknown` when the classifier is too unsure."""
    moods = moods_of(face)
    return max(moods, key=lambda m: moods[m]) if face.known else UNKNOWN


def moods_of(face: Face) -> dict[str, float]:
    """Probabilities of the three moods."""
    return three_classes(dict(zip(EMOTIONS, face.emotions, strict=True)))


def as_json(looked: Looked, drawn: Path | None) -> dict[str, Any]:
    """One photo for machines; boxes in pixels of the upright picture."""
    height, width = looked.picture.shape[:2]
    return {
        "photo": str(looked.photo),
        "width": width,
        "height": height,
        "annotated": str(drawn) if drawn else None,
        "faces": [_face_json(face, width, height) for face in looked.faces],
    }


def _face_json(face: Face, width: int, height: int) -> dict[str, Any]:
    box = face.box
    return {
        "mood": mood_of(face),
        "moods": {m: round(p, 4) for m, p in moods_of(face).items()},
        "emotions": dict(zip(EMOTIONS, face.emotions, strict=True)),
        "valence": face.valence,
        "arousal": face.arousal,
        "score": face.score,
        "roll_degrees": face.roll_degrees,
        "box": {
            "left": round(box.left * width, 1),
            "top": round(box.top * height, 1),
            "width": round(box.width * width, 1),
            "height": round(box.height * height, 1),
        },
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./mlfym look", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--out", type=Path, help="folder or file for annotated copies")
    parser.add_argument("--json", action="store_true", help="tell it as JSON, for machines")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the models")
    return parser


def _looked(photo: Path, sight: Sight) -> Looked:
    picture = decode_picture(photo.read_bytes(), MAX_PIXELS)
    return Looked(photo, picture, sight.faces(picture, thorough=True))


def _drawn(looked: Looked, out: Path | None, *, several: bool) -> Path | None:
    """Where the annotated copy was written; None when none was asked for or no face is in it."""
    if out is None or not looked.faces:
        return None
    as_file = out.suffix.lower() in DRAWN_SUFFIXES and not out.is_dir() and not several
    path = out if as_file else out / f"{looked.photo.stem}-mood.jpg"
    if path.exists() and path.samefile(looked.photo):
        msg = "the annotated copy would replace the photo: name another file after --out"
        raise PictureRefusedError(msg)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = annotated(looked.picture, [_reading(face) for face in looked.faces])
    good, encoded = cv2.imencode(path.suffix, picture)
    if not good:
        msg = f"cannot write pictures of the kind {path.suffix}"
        raise PictureRefusedError(msg)
    path.write_bytes(encoded.tobytes())
    return path


def _reading(face: Face) -> Reading:
    mood, box, moods = mood_of(face), face.box, moods_of(face)
    label = "not sure" if mood == UNKNOWN else f"{mood} {moods[mood]:.0%}"
    return Reading((box.left, box.top, box.width, box.height), mood, label, moods)


def _show(looked: Looked, drawn: Path | None) -> None:
    console = Console()
    console.print(Text(str(looked.photo), style="bold"), soft_wrap=True)
    if not looked.faces:
        console.print("  no face found: it should look this way and not be too far off")
        return
    table = Table(box=SIMPLE_HEAD)
    for heading in ("face", "mood", "negative", "neutral", "positive"):
        table.add_column(heading, no_wrap=True)
    table.add_column("emotions")
    for number, face in enumerate(looked.faces, 1):
        table.add_row(str(number), *_cells(face))
    console.print(table)
    if drawn:
        console.print(Text(f"  annotated copy: {drawn}"), soft_wrap=True)


def _cells(face: Face) -> list[Text]:
    mood = mood_of(face)
    ranked = sorted(zip(face.emotions, EMOTIONS, strict=True), reverse=True)
    emotions = "\n".join(
        f"{p:4.0%} {name}" for p, name in ranked[:SHOWN_EMOTIONS] if p >= LEAST_SHOWN
    )
    return [
        Text(mood, style=f"bold {STYLES[mood]}"),
        *(_bar(name, share) for name, share in moods_of(face).items()),
        Text(emotions),
    ]


def _bar(mood: str, share: float) -> Text:
    full = round(share * BAR_CELLS)
    bar = Text("█" * full, style=STYLES[mood]) + Text("░" * (BAR_CELLS - full), style="dim")
    return bar + Text(f" {share:4.0%}")
