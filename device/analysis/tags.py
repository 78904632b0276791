"""Tags of one music file; the one module that knows mutagen.

ID3v2 (mp3, wav), Vorbis comments (ogg, opus, flac) and MP4 atoms are brought to one table of
lower-case names, the names that Vorbis comments use, and read from there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO, cast

import mutagen
from mutagen.apev2 import APETextValue, APEv2
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

from device.analysis.wire import FileTags

Table = dict[str, list[str]]
"""Name in lower case → every value."""

MAX_TEXT = 300
MAX_TAGS = 32
MAX_TAG = 64
BPM_RANGE = (20.0, 400.0)
GAIN_RANGE = (-60.0, 60.0)

_ID3_NAMES = {
    "TIT2": "title",
    "TPE1": "artist",
    "TALB": "album",
    "TMOO": "mood",
    "TBPM": "bpm",
    "TDRC": "date",
    "TSRC": "isrc",
    "TPE2": "albumartist",
    "TCMP": "compilation",
    "TPOS": "discnumber",
    "TRCK": "tracknumber",
    "GRP1": "grouping",
}
_MP4_NAMES = {
    "\xa9nam": "title",
    "\xa9ART": "artist",
    "\xa9alb": "album",
    "\xa9gen": "genre",
    "\xa9day": "date",
    "tmpo": "bpm",
    "rtng": "itunesadvisory",
    "aART": "albumartist",
    "cpil": "compilation",
    "disk": "discnumber",
    "trkn": "tracknumber",
}
_PLAIN_NAMES = {
    "author": "artist",
    "wm/albumtitle": "album",
    "wm/albumartist": "albumartist",
    "wm/genre": "genre",
    "wm/mood": "mood",
    "wm/year": "date",
    "wm/beatsperminute": "bpm",
    "wm/partofset": "discnumber",
    "wm/tracknumber": "tracknumber",
    "wm/isrc": "isrc",
    "musicbrainz/track id": "musicbrainz_trackid",
    "year": "date",
}
"""Names of ASF and APEv2 that are not those of Vorbis comments."""
_FRONT_COVER = 3
"""Kind of a picture, in ID3v2's APIC and in FLAC's block alike."""
_PICTURES = frozenset({"covr", "metadata_block_picture"})
_R128_TO_REPLAYGAIN_DB = 5.0
"""R128 tags aim at -23 LUFS (RFC 7845, 5.2.1), ReplayGain 2.0 at -18."""
_MUSICBRAINZ_OWNER = "http://musicbrainz.org"
_EXPLICIT = {"1", "4", "true", "yes", "explicit"}
"""iTunes writes 1, once wrote 4; 2 is a cleaned version."""


class UnreadableFileError(ValueError):
    """No reader knows this file."""


class _Named(BufferedReader):
    """A file that was opened elsewhere, with the name by which its ending is known."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        super().__init__(cast("RawIOBase", file))
        self._name = name

    @property
    def name(self) -> str:
        """As it was called where it was opened."""
        return self._name


def read_tags(path: str, file: BinaryIO) -> FileTags:
    """Tags and duration of a music file.

    Raises:
        UnreadableFileError: the file is not music, or is damaged.
        OSError: the file cannot be read.

    """
    music = opened(path, file)
    length = getattr(music.info, "length", 0.0) or 0.0
    picture = cover(music)
    digest = hashlib.blake2b(picture, digest_size=16).hexdigest() if picture else ""
    return _from_table(path, _table(music.tags), max(0.0, float(length)), digest)


def opened(path: str, file: BinaryIO) -> Any:  # noqa: ANN401 - mutagen has a class a container
    """A file as mutagen sees it.

    Raises:
        UnreadableFileError: the file is not music, or is damaged.
        OSError: the file cannot be read.

    """
    try:
        music = mutagen.File(_Named(file, path))
    except mutagen.MutagenError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        msg = f"damaged: {error}"
        raise UnreadableFileError(msg) from error
    if music is None:
        msg = "not a music file that MLFYM knows"
        raise UnreadableFileError(msg)
    return music


def cover(music: Any) -> bytes:  # noqa: ANN401 - mutagen has a class a container
    """The picture in a file, the front cover where there are several; empty when there is none."""
    tags = music.tags
    found: list[tuple[bool, bytes]] = []
    if isinstance(music, FLAC):
        found = [(p.type == _FRONT_COVER, p.data) for p in music.pictures]
    elif isinstance(tags, ID3):
        frames = tags.getall("APIC")  # type: ignore[no-untyped-call]
        found = [(f.type == _FRONT_COVER, f.data) for f in frames]
    elif isinstance(tags, MP4Tags):
        found = [(True, bytes(picture)) for picture in _values(tags, "covr")]
    elif tags is not None and hasattr(tags, "get"):
        pictures = [_flac_picture(text) for text in _values(tags, "metadata_block_picture")]
        found = [(p.type == _FRONT_COVER, p.data) for p in pictures if p]
    found.sort(key=lambda picture: not picture[0])
    return found[0][1] if found else b""


def _values(tags: Any, name: str) -> list[Any]:  # noqa: ANN401 - mutagen has a class a container
    found = tags.get(name) or []
    return found if isinstance(found, list) else [found]


def _flac_picture(text: Any) -> Picture | None:  # noqa: ANN401 - whatever a tagger wrote there
    try:
        return Picture(base64.b64decode(str(text)))  # type: ignore[no-untyped-call]
    except (binascii.Error, mutagen.MutagenError, ValueError):
        return None


def _table(tags: Any) -> Table:  # noqa: ANN401 - mutagen has a class a container
    if tags is None:
        return {}
    if isinstance(tags, ID3):
        return _id3_table(tags)
    if isinstance(tags, MP4Tags):
        return _mp4_table(tags)
    table: Table = {}
    pairs = _ape_pairs(tags) if isinstance(tags, APEv2) else tags
    for name, value in pairs:
        if name.lower() not in _PICTURES:
            table.setdefault(_PLAIN_NAMES.get(name.lower(), name.lower()), []).append(str(value))
    return table


def _ape_pairs(tags: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - mutagen is untyped
    texts = [(name, value) for name, value in tags.items() if isinstance(value, APETextValue)]
    return [(name, text) for name, value in texts for text in value]


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
        if key in _PICTURES:
            continue
        name = _MP4_NAMES.get(key) or key.rpartition(":")[2].lower()
        many = values if isinstance(values, list) else [values]
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else _text(v) for v in many]
        table.setdefault(name, []).extend(texts)
    return table


def _text(value: Any) -> str:  # noqa: ANN401 - numbers come in pairs: of how many
    return str(value[0]) if isinstance(value, tuple) else str(value)


def _from_table(path: str, table: Table, duration_seconds: float, artwork: str) -> FileTags:
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
        album_artist=_first(table, "albumartist", "album artist"),
        compilation=_first(table, "compilation").lower() in {"1", "true", "yes"},
        disc=_whole(_first(table, "discnumber", "disc")),
        number=_whole(_first(table, "tracknumber", "track")),
        gain_db=_gain(table, "track"),
        album_gain_db=_gain(table, "album"),
        artwork=artwork,
    )


def _whole(text: str) -> int | None:
    """The number in "3" and in "3/12"; None when there is none from 1 to 9999."""
    found = re.match(r"0*([1-9]\d{0,3})(?!\d)", text)
    return int(found[1]) if found else None


def _gain(table: Table, of: str) -> float | None:
    """Decibels to -18 LUFS, as ReplayGain or as R128 (256ths of a decibel) says."""
    if text := _first(table, f"replaygain_{of}_gain"):
        return _number(text.lower().removesuffix("db").strip(), GAIN_RANGE)
    steps = _number(_first(table, f"r128_{of}_gain"), (-32768.0, 32767.0))
    return None if steps is None else steps / 256 + _R128_TO_REPLAYGAIN_DB


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
