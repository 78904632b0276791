"""Playlists, histories and tags from elsewhere, to learn taste and tags from.

Whoever runs a server brings them and keeps their terms; none come with MLFYM. An import is one
transaction: a file that is not as expected is refused with what is wrong, and nothing of the
import stays. Importing the same again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recommender_server.importers import (
    hetrec,
    listenbrainz,
    melon,
    playlist_files,
    spotify,
    yes,
)
from recommender_server.importers.intake import ImportFileError, Intake, Report, read_bytes
from recommender_server.storage import Storage

__all__ = ["KINDS", "ImportFileError", "Report", "detect", "import_melon", "import_path"]

Step = Callable[[float], None]
KINDS: dict[str, Callable[[Path, Intake, Step], None]] = {
    "playlists": playlist_files.take,
    "melon": melon.take,
    "spotify": spotify.take,
    "hetrec": hetrec.take,
    "yes": yes.take,
    "listenbrainz": listenbrainz.take,
}
"""What can be imported: M3U/M3U8/XSPF files, and sets by the name of who publishes them."""
_MARKS = (
    (b'"track_metadata"', "listenbrainz"),
    (b'"track_uri"', "spotify"),
    (b'"songs"', "melon"),
)
"""A key that a JSON file of each kind has near its beginning."""


def detect(path: Path) -> str:
    """Which kind a file or folder is.

    Raises:
        ImportFileError: it does not exist, or is none of them.

    """
    if not path.exists():
        raise ImportFileError(path, "there is no such file or folder")
    found = _of_folder(path) if path.is_dir() else _of_file(path)
    if not found:
        raise ImportFileError(path, f"it is none of {', '.join(KINDS)}; name the kind before it")
    return found


def _of_folder(path: Path) -> str:
    for file, kind in (("user_artists.dat", "hetrec"), ("song_hash.txt", "yes")):
        if (path / file).is_file():
            return kind
    if any(path.glob("mpd.slice.*.json")):
        return "spotify"
    if playlist_files.files_of(path):
        return "playlists"
    inner = [*sorted(path.glob("*.json")), *sorted(path.rglob("*.jsonl"))]
    return next((kind for file in inner if (kind := _of_file(file))), "")


def _of_file(path: Path) -> str:
    if path.suffix.lower() in playlist_files.SUFFIXES:
        return "playlists"
    if path.suffix.lower() == ".zip":
        return "listenbrainz"
    beginning = read_bytes(path, melon.HEAD)
    return next((kind for mark, kind in _MARKS if mark in beginning), "")


def import_path(store: Storage, path: Path, kind: str = "", stepped: Step | None = None) -> Report:
    """Take in a file or folder, of the kind it seems to be unless it is named.

    `stepped` hears the share done, 0 to 1.

    Raises:
        ImportFileError: something is not as expected; nothing was taken in.

    """
    named = kind or detect(path)
    if not path.exists():
        raise ImportFileError(path, "there is no such file or folder")
    intake = Intake(store, named)
    with store.writing():
        KINDS[named](path, intake, stepped or _unheard)
    return intake.report()


def import_melon(store: Storage, playlists: Path, songs: Path, stepped: Step) -> Report:
    """Take in one file of Melon's playlists with a file of songs that may lie elsewhere.

    Raises:
        ImportFileError: a file is not as expected; nothing was taken in.

    """
    intake = Intake(store, "melon")
    with store.writing():
        melon.take_files([playlists], songs, intake, stepped)
    return intake.report()


def _unheard(_done: float) -> None:
    """Nobody looks on."""
