"""Playlists as players write them: M3U, M3U8 and XSPF, a file or a folder of them.

An entry is found by the end of its path, which is how devices name their tracks, else by artist
and title, which the entry tells or its file's name.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from contracts.library import path_id
from recommender_server.importers.intake import REPEATED, ImportFileError, Intake, read_text
from recommender_server.recordings import name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SUFFIXES = (".m3u", ".m3u8", ".xspf")
NOT_FOUND = "in no library, and without artist and title"
_NUMBER = re.compile(r"^\s*\d{1,3}\s*[-._)]*\s*")
_FORMS: tuple[Literal["NFC"], Literal["NFD"]] = ("NFC", "NFD")
"""A Mac writes names decomposed, others composed; the bytes of a path must be right."""


class Entry(NamedTuple):
    """A line of a playlist."""

    path: str
    artist: str = ""
    title: str = ""
    mbid: str = ""


def files_of(path: Path) -> list[Path]:
    """The playlists that a path is or holds, however deep."""
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    return [file for file in found if file.suffix.lower() in SUFFIXES and file.is_file()]


def take(path: Path, intake: Intake, stepped: Callable[[float], None]) -> None:
    """Every playlist of a folder, named by its whole path."""
    files = files_of(path)
    if not files:
        raise ImportFileError(path, f"it has no {', '.join(SUFFIXES)}")
    for done, file in enumerate(files):
        stepped(done / len(files))
        weights: dict[int, float] = {}
        rows = 0
        for entry in _entries(file):
            item = _item(entry, intake)
            if item is None or item in weights:
                intake.leave(NOT_FOUND if item is None else REPEATED)
                continue
            weights[item] = 1.0
            rows += 1
        intake.take(str(file.resolve()), weights, rows)


def _entries(file: Path) -> Iterator[Entry]:
    if file.suffix.lower() == ".xspf":
        return _of_xspf(file)
    return _of_m3u(file)


def _of_m3u(file: Path) -> Iterator[Entry]:
    """M3U is UTF-8 by now, but old players wrote Latin-1; M3U8 is UTF-8."""
    try:
        text = read_text(file)
    except ImportFileError:
        if file.suffix.lower() == ".m3u8":
            raise
        text = read_text(file, "latin-1")
    artist = title = ""
    for line in text.splitlines():
        if line.startswith("#EXTINF:"):
            named = line.partition(",")[2]
            artist, _, title = (part.strip() for part in named.partition(" - "))
        elif line.strip() and not line.startswith("#"):
            yield Entry(line.strip(), artist, title)
            artist = title = ""


def _of_xspf(file: Path) -> Iterator[Entry]:
    text = read_text(file)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ImportFileError(file, "it declares entities, which no playlist needs")
    try:
        root = ET.fromstring(text)  # noqa: S314 - without entities there is nothing to expand
    except ET.ParseError as error:
        raise ImportFileError(file, f"it is not XML ({error})") from error
    if root.tag.rpartition("}")[2] != "playlist":
        raise ImportFileError(file, "it is XML, but no XSPF playlist")
    space = root.tag.rpartition("playlist")[0]
    for track in root.iter(f"{space}track"):
        told = {
            name: (track.findtext(f"{space}{name}") or "").strip()
            for name in ("location", "creator", "title", "identifier")
        }
        known = re.search(r"musicbrainz\.org/recording/([0-9a-f-]{36})", told["identifier"])
        mbid = known.group(1) if known else ""
        yield Entry(told["location"], told["creator"], told["title"], mbid)


def _item(entry: Entry, intake: Intake) -> int | None:
    """The recording that an entry means; None when nothing tells."""
    found = _by_path(entry.path, intake)
    if found is not None:
        return found
    if entry.artist and entry.title:
        return intake.song(entry.title, entry.artist, key=entry.path, mbid=entry.mbid)
    keys = [name_key(artist, title) for artist, title in _guesses(entry.path)]
    return intake.store.find_item(keys)


def _by_path(path: str, intake: Intake) -> int | None:
    """By the longest end of the path that a device has a track at."""
    parts = _parts(path)
    for start in range(len(parts)):
        for form in _FORMS:
            tail = unicodedata.normalize(form, "/".join(parts[start:]))
            for item in intake.store.items_of_track(path_id(os.fsencode(tail))):
                return item
    return None


def _parts(path: str) -> list[str]:
    """The names along a path or a file: address, of whichever system."""
    if "://" in path:
        path = unquote(urlsplit(path).path)
    return [part for part in re.split(r"[/\\]", path) if part not in {"", ".", ".."}]


def _guesses(path: str) -> Iterator[tuple[str, str]]:
    """Artist and title out of names: `Artist - Title.mp3`, or `Artist/Album/01 Title.mp3`."""
    *folders, name = _parts(path) or [""]
    stem = name.rpartition(".")[0] or name
    artist, dash, title = _NUMBER.sub("", stem).partition(" - ")
    if dash:
        yield artist, title
    bare = _NUMBER.sub("", stem)
    for folder in reversed(folders[-2:]):
        yield folder, bare
