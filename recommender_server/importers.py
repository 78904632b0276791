"""Playlists from elsewhere, in the shape of Kakao's Melon data, to learn taste from.

Whoever runs a server brings them and keeps their terms; none come with MLFYM.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from contracts.track import Track, TrackId
from recommender_server import catalogue
from recommender_server.errors import RecommenderError
from recommender_server.store import open_store

if TYPE_CHECKING:
    from recommender_server.settings import RecommenderSettings
    from recommender_server.storage import Storage

S = TypeVar("S", bound=msgspec.Struct)

MINIMUM_SONGS = 2


class PlaylistsError(RecommenderError):
    """A file to import is not as expected; says what was."""


class MelonPlaylist(msgspec.Struct, frozen=True, kw_only=True):
    """A line of train.json."""

    id: int
    songs: tuple[int, ...]
    tags: tuple[str, ...] = ()
    plylst_title: str = ""


class MelonSong(msgspec.Struct, frozen=True, kw_only=True):
    """A line of song_meta.json; artists go by either name."""

    id: int
    song_name: str
    artist_name_basket: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()


def import_melon(settings: RecommenderSettings, playlists: Path, songs: Path) -> int:
    """Take in playlists; those of the same file and id are replaced. How many there were.

    Raises:
        PlaylistsError: a file is missing or of another shape.

    """
    lists = _read(playlists, MelonPlaylist)
    known = {song.id: song for song in _read(songs, MelonSong)}
    store = open_store(Path(settings.data_folder))
    try:
        with store.writing():
            items = {
                number: catalogue.item_of(store, _track(known[number]), fallback=f"melon:{number}")
                for number in sorted({n for playlist in lists for n in playlist.songs})
                if number in known
            }
            return sum(_take(store, playlist, items) for playlist in lists)
    finally:
        store.close()


def _take(store: Storage, playlist: MelonPlaylist, items: dict[int, int]) -> bool:
    """Keep a playlist, and its tags with its songs; False when too few of them have a title."""
    distinct = sorted({items[number] for number in playlist.songs if number in items})
    if len(distinct) < MINIMUM_SONGS:
        return False
    store.put_playlist("melon", str(playlist.id), dict.fromkeys(distinct, 1.0))
    for item in distinct:
        catalogue.add_tags(store, item, playlist.tags)
    return True


def _track(song: MelonSong) -> Track:
    artists = ", ".join(song.artist_name_basket or song.artists)
    return Track(id=TrackId(str(song.id)), title=song.song_name, artist=artists)


def _read(path: Path, kind: type[S]) -> list[S]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[kind])  # type: ignore[valid-type]
    except (OSError, msgspec.DecodeError) as error:
        msg = f"{path} cannot be imported ({error}): expected Kakao's Melon format"
        raise PlaylistsError(msg) from error
