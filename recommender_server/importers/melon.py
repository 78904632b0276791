"""Playlists in the shape of Kakao's Melon data: lists of song numbers, and a file of songs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from recommender_server.importers.intake import (
    NO_TITLE,
    REPEATED,
    ImportFileError,
    Intake,
    read_bytes,
    read_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXPECTED = "Kakao's Melon format"
UNKNOWN = "a song that the file of songs does not have"
HEAD = 65_536
"""Bytes that tell what a file is."""


class Playlist(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of train.json."""

    id: int
    songs: tuple[int, ...]
    tags: tuple[str, ...] = ()


class Song(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of song_meta.json; artists go by either name."""

    id: int
    song_name: str | None
    artist_name_basket: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()


def take(path: Path, intake: Intake, stepped: Callable[[float], None]) -> None:
    """All lists of a folder, or one file of lists with the songs beside it."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    beside = sorted((path if path.is_dir() else path.parent).glob("*.json"))
    songs = next((file for file in beside if b'"song_name"' in read_bytes(file, HEAD)), None)
    lists = [file for file in files if file != songs and b'"songs"' in read_bytes(file, HEAD)]
    if songs is None or not lists:
        why = "it needs a file of playlists (train.json) and one of songs (song_meta.json)"
        raise ImportFileError(path, why)
    take_files(lists, songs, intake, stepped)


def take_files(
    files: list[Path], songs: Path, intake: Intake, stepped: Callable[[float], None]
) -> None:
    """Playlists of these files over this file of songs."""
    told: list[Song] = read_json(songs, list[Song], EXPECTED)
    known = {song.id: song for song in told}
    lists: list[Playlist] = []
    for file in files:
        lists += read_json(file, list[Playlist], EXPECTED)
    items: dict[int, int] = {}
    for done, playlist in enumerate(lists):
        stepped(done / len(lists))
        _take(playlist, known, items, intake)


def _take(
    playlist: Playlist, known: dict[int, Song], items: dict[int, int], intake: Intake
) -> None:
    weights: dict[int, float] = {}
    rows = 0
    for number in playlist.songs:
        song = known.get(number)
        artists = ", ".join(song.artist_name_basket or song.artists) if song else ""
        if song is None or not song.song_name:
            intake.leave(UNKNOWN if song is None else NO_TITLE)
            continue
        if number not in items:
            items[number] = intake.song(song.song_name, artists, key=str(number))
        if items[number] in weights:
            intake.leave(REPEATED)
            continue
        weights[items[number]] = 1.0
        rows += 1
    intake.take(str(playlist.id), weights, rows, playlist.tags)
