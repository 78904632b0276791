"""Which music a folder holds; cheap to ask, since a demo that is ready should start at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

STAMP = "edition.json"
SOURCES = ("harmony", "library", "mixing", "percussion", "pieces", "score", "styles", "synth")
"""Modules whose change makes another edition."""


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the music."""

    edition: str
    """Hash of the code that made it, a dash, seconds a piece."""
    pieces: int
    """How many there are when all are made."""
    sizes: dict[str, int] = {}
    """Bytes of every finished file by its name."""


def code_edition() -> str:
    """Hash of the code that makes the music."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


def read_stamp(folder: Path) -> Stamp | None:
    """The stamp of a folder; None when there is none that can be read."""
    try:
        return msgspec.json.decode((folder / STAMP).read_bytes(), type=Stamp)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def is_finished(path: Path, size: int | None) -> bool:
    """Whether a file is there in its whole size."""
    return path.is_file() and path.stat().st_size == size


def is_made(folder: Path) -> bool:
    """Whether all the music of this edition is there, whatever its length."""
    stamp = read_stamp(folder)
    return (
        stamp is not None
        and stamp.edition.partition("-")[0] == code_edition()
        and len(stamp.sizes) == stamp.pieces
        and all(is_finished(folder / name, size) for name, size in stamp.sizes.items())
    )
