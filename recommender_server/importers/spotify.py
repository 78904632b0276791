"""Slices of Spotify's Million Playlist Dataset (Chen et al. 2018): mpd.slice.*.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from recommender_server.importers.intake import (
    NO_TITLE,
    REPEATED,
    ImportFileError,
    Intake,
    read_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXPECTED = "a slice of Spotify's Million Playlist Dataset"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A track of a playlist."""

    track_uri: str
    track_name: str = ""
    artist_name: str = ""


class Playlist(msgspec.Struct, frozen=True, kw_only=True):
    """A playlist of a slice."""

    pid: int
    tracks: tuple[Entry, ...]


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a thousand playlists."""

    playlists: tuple[Playlist, ...]


def take(path: Path, intake: Intake, stepped: Callable[[float], None]) -> None:
    """One slice, or all of a folder, a slice in memory at a time."""
    files = sorted(path.glob("mpd.slice.*.json")) if path.is_dir() else [path]
    if not files:
        raise ImportFileError(path, "it has no mpd.slice.*.json")
    items: dict[str, int] = {}
    for at, file in enumerate(files):
        part: Slice = read_json(file, Slice, EXPECTED)
        lists = part.playlists
        for done, playlist in enumerate(lists):
            stepped((at + done / len(lists)) / len(files))
            _take(playlist, items, intake)


def _take(playlist: Playlist, items: dict[str, int], intake: Intake) -> None:
    weights: dict[int, float] = {}
    rows = 0
    for entry in playlist.tracks:
        if not entry.track_name or not entry.artist_name:
            intake.leave(NO_TITLE)
            continue
        if entry.track_uri not in items:
            items[entry.track_uri] = intake.song(
                entry.track_name, entry.artist_name, key=entry.track_uri
            )
        if items[entry.track_uri] in weights:
            intake.leave(REPEATED)
            continue
        weights[items[entry.track_uri]] = 1.0
        rows += 1
    intake.take(str(playlist.pid), weights, rows)
