"""What core and the reader of files say to each other: one JSON line each way a file.

A request comes with a descriptor of the file, open for reading (SCM_RIGHTS): the reader may open
nothing itself. The JSON is the standard library's: a file name that is not UTF-8 travels as lone
surrogates, escaped, which msgspec refuses.
"""

from __future__ import annotations

import json
from typing import Literal, TypeVar

import msgspec

from contracts.errors import ContractError
from contracts.track import Arousal, Certainty, Valence

Want = Literal["tags", "sound", "artwork"]


class AnalysisLineError(ContractError):
    """A line that is neither a request nor an answer."""


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Read this file; without a descriptor, say what sandbox holds."""

    path: str
    """As os.fsdecode gives it: its name and ending, nothing is opened by it."""
    want: Want = "tags"


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every answer says."""

    path: str
    error: str = ""
    """Why the file could not be read; then nothing else is filled in."""


class FileTags(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """What a file says of itself; empty and None where it says nothing."""

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
    album_artist: str = ""
    compilation: bool = False
    disc: int | None = None
    number: int | None = None
    gain_db: float | None = None
    """To -18 LUFS, as ReplayGain 2.0 means it; R128 tags are converted."""
    album_gain_db: float | None = None
    artwork: str = ""
    """Digest of the picture in the file, 32 hex digits; empty when it has none."""


class FileSound(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """What the sound of a file tells."""

    valence: Valence | None = None
    arousal: Arousal | None = None
    valence_certainty: Certainty = 0.0
    arousal_certainty: Certainty = 0.0
    bpm: float | None = None
    gain_db: float | None = None
    """To -18 LUFS, measured by ITU-R BS.1770; None for silence."""


class FileArtwork(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """The picture in a file, or that is the file."""

    jpeg: bytes = b""
    """At most 512 pixels wide and high; empty when there is none."""


class Sandbox(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """What keeps the reader from doing harm here."""

    locks: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    """What this kernel or this user's rights do not give."""


Kind = TypeVar("Kind", bound=Answer)


def encode_line(message: ReadRequest | Answer) -> bytes:
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


def decode_answer(line: bytes, kind: type[Kind]) -> Kind:
    """An answer of this kind out of a line.

    Raises:
        AnalysisLineError: it is none.

    """
    try:
        return msgspec.convert(json.loads(line), kind)
    except (ValueError, RecursionError) as error:
        msg = f"not an answer: {error}"
        raise AnalysisLineError(msg) from error
