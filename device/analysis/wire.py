"""What core and the reader of files say to each other: one JSON line each way a file.

The JSON is the standard library's: a file name that is not UTF-8 travels as lone surrogates,
escaped, which msgspec refuses.
"""

from __future__ import annotations

import json

import msgspec

from contracts.errors import ContractError
from contracts.track import Arousal, Valence


class AnalysisLineError(ContractError):
    """A line that is neither a request nor an answer."""


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Read this file."""

    path: str
    """As os.fsdecode gives it."""


class FileTags(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a file says of itself; empty and None where it says nothing."""

    path: str
    error: str = ""
    """Why the file could not be read; then nothing else is filled in."""
    title: str = ""
    artist: str = ""
    album: str = ""
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Moods and whatever else describes it, lower case, at most 32 of at most 64 characters."""
    year: int | None = None
    duration_seconds: float = 0.0
    bpm: float | None = None
    explicit: bool = False
    valence: Valence | None = None
    arousal: Arousal | None = None
    musicbrainz_id: str = ""
    isrc: str = ""


def encode_line(message: ReadRequest | FileTags) -> bytes:
    """One line, with its newline."""
    return json.dumps(msgspec.to_builtins(message)).encode("ascii") + b"\n"


def decode_request(line: bytes) -> ReadRequest:
    """A request out of a line.

    Raises:
        AnalysisLineError: it is none.

    """
    try:
        return msgspec.convert(json.loads(line), ReadRequest)
    except (ValueError, RecursionError) as error:
        msg = f"not a request: {error}"
        raise AnalysisLineError(msg) from error


def decode_answer(line: bytes) -> FileTags:
    """An answer out of a line.

    Raises:
        AnalysisLineError: it is none.

    """
    try:
        return msgspec.convert(json.loads(line), FileTags)
    except (ValueError, RecursionError) as error:
        msg = f"not an answer: {error}"
        raise AnalysisLineError(msg) from error
