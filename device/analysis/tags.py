"""Tags of one music file; the one module that knows mutagen.

ID3v2 (mp3, wav), Vorbis comments (ogg, opus, flac) and MP4 atoms are brought to one table of
lower-case names, the names that Vorbis comments use, and read from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import mutagen
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

from device.analysis.wire import FileTags

Table = dict[str, list[str]]
"""Name in lower case → every value."""

MAX_TEXT = 300
MAX_TAGS = 32
MAX_TAG = 64
BPM_RANGE = (20.0, 400.0)

_ID3_NAMES = {
    "TIT2": "title",
    "TPE1": "artist",
    "TALB": "album",
    "TMOO": "mood",
    "TBPM": "bpm",
    "TDRC": "date",
    "TSRC": "isrc",
}
_MP4_NAMES = {
    "\xa9nam": "title",
    "\xa9ART": "artist",
    "\xa9alb": "album",
    "\xa9gen": "genre",
    "\xa9day": "date",
    "tmpo": "bpm",
    "rtng": "itunesadvisory",
}
_MUSICBRAINZ_OWNER = "http://musicbrainz.org"
_EXPLICIT = {"1", "4", "true", "yes", "explicit"}
"""iTunes writes 1, once wrote 4; 2 is a cleaned version."""


class UnreadableFileError(ValueError):
    """No reader knows this file."""


def read_tags(path: str) -> FileTags:
    """Tags and duration of a music file.

    Raises:
        UnreadableFileError: the file is not music, or is damaged.
        OSError: the file cannot be opened.

    """
    try:
        file = mutagen.File(path)
    except mutagen.MutagenError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        msg = f"damaged: {error}"
        raise UnreadableFileError(msg) from error
    if file is None:
        msg = "not a music file that MLFYM knows"
        raise UnreadableFileError(msg)
    length = getattr(file.info, "length", 0.0) or 0.0
    return _from_table(path, _table(file.tags), max(0.0, float(length)))


def _table(tags: Any) -> Table:  # noqa: ANN401 - mutagen has a class a container
    if tags is None:
        return {}
    if isinstance(tags, ID3):
        return _id3_table(tags)
    if isinstance(tags, MP4Tags):
        return _mp4_table(tags)
    table: Table = {}
    for name, value in tags:
        table.setdefault(name.lower(), []).append(str(value))
    return table


def _id3_table(tags: ID3) -> Table:
    table: Table = {}
    for frame in tags.values():  # type: ignore[no-untyped-call]
        kind = frame.FrameID
        if kind == "TXXX":
            table.setdefault(frame.desc.lower(), []).extend(map(str, frame.text))
        elif kind == "TCON":
            table.setdefault("genre", []).extend(frame.genres)
        elif kind == "UFID" and frame.owner == _MUSICBRAINZ_OWNER:
            table["musicbrainz_trackid"] = [frame.data.decode("ascii", "replace")]
        elif kind in _ID3_NAMES:
            table.setdefault(_ID3_NAMES[kind], []).extend(map(str, frame.text))
    return table


def _mp4_table(tags: MP4Tags) -> Table:
    table: Table = {}
    for key, values in tags.items():  # type: ignore[no-untyped-call]
        name = _MP4_NAMES.get(key) or key.rpartition(":")[2].lower()
        many = values if isinstance(values, list) else [values]
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in many]
        table.setdefault(name, []).extend(texts)
    return table


def _from_table(path: str, table: Table, duration_seconds: float) -> FileTags:
    advisory = _first(table, "itunesadvisory", "explicit").lower()
    recording = _first(table, "musicbrainz_trackid", "musicbrainz track id")
    return FileTags(
        path=path,
        title=_first(table, "title"),
        artist=_first(table, "artist"),
        album=_first(table, "album"),
        genres=_words(table.get("genre", []), lower=False),
        tags=_words([*table.get("mood", []), *table.get("tags", [])], lower=True),
        year=_year(_first(table, "date", "year", "originaldate")),
        duration_seconds=duration_seconds,
        bpm=_number(_first(table, "bpm", "tempo"), BPM_RANGE),
        explicit=advisory in _EXPLICIT,
        valence=_number(_first(table, "valence"), (-1.0, 1.0)),
        arousal=_number(_first(table, "arousal"), (-1.0, 1.0)),
        musicbrainz_id=recording[:64],
        isrc=_first(table, "isrc")[:64],
    )


def _first(table: Table, *names: str) -> str:
    for name in names:
        for value in table.get(name, []):
            if text := _clean(value):
                return text[:MAX_TEXT]
    return ""


def _clean(text: str) -> str:
    """Printable text on one line: a title goes to screens, logs and JSON."""
    printable = (c if c.isprintable() or c in "\u200d\ufe0f" else " " for c in text)
    return " ".join("".join(printable).split())


def _words(values: Iterable[str], *, lower: bool) -> tuple[str, ...]:
    """Values that list several things are taken apart, each kept once, in order."""
    parts = (_clean(p)[:MAX_TAG] for v in values for p in re.split(r"[;,\x00]", v))
    return tuple(dict.fromkeys(p.lower() if lower else p for p in parts if p))[:MAX_TAGS]


def _year(text: str) -> int | None:
    found = re.match(r"\d{4}", text)
    return int(found[0]) if found else None


def _number(text: str, limits: tuple[float, float]) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if limits[0] <= value <= limits[1] else None
