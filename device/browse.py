"""The library as a listener goes about it: artists, albums, genres, moods, and a search.

Read-only and for any thread; a page at a time, since a library may have 10,000 tracks.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contracts.track import TrackId
from device.albums import album_key, album_order
from device.policy import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from contracts.track import Track

Text = Annotated[str, msgspec.Meta(max_length=200)]
MOOD_REACH = 0.55
"""A track within this distance of a mood's place on the circumplex has that mood."""


class BrowseQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; what is left empty does not matter."""

    what: Literal["artists", "albums", "genres", "moods", "tracks"] = "tracks"
    text: Text = ""
    """Words that all have to be in title, artist, album or genre."""
    artist: Text = ""
    album: Text = ""
    genre: Text = ""
    mood: Text = ""
    """One of device.policy.BY_HAND."""
    only: Literal["", "liked", "banned"] = ""
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A track, or an artist, album, genre or mood with the id of one of its tracks."""

    title: str
    id: TrackId
    artist: str = ""
    album: str = ""
    tracks: int = 1
    """How many there are behind it."""
    year: int | None = None
    number: int | None = None
    duration_seconds: float = 0.0
    explicit: bool = False
    liked: bool = False
    banned: bool = False


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what was found."""

    total: int
    offset: int
    rows: tuple[Row, ...] = ()


Key = tuple[str, ...]
NO_TRACKS: tuple[Track, ...] = ()


class Shelves:
    """The library in order; `judged` tells which tracks are `liked` and which `banned`."""

    def __init__(self, judged: Callable[[str], Iterable[TrackId]]) -> None:
        self._judged = judged
        self._tracks = NO_TRACKS
        self._words: dict[TrackId, str] | None = None

    def put(self, tracks: Iterable[Track]) -> None:
        """The library is this from now on."""
        self._tracks, self._words = tuple(tracks), None

    def known(self, ids: Iterable[TrackId]) -> set[TrackId]:
        """Those of these that are in the library."""
        wanted = set(ids)
        return {track.id for track in self._tracks if track.id in wanted}

    def look(self, query: BrowseQuery) -> Page:
        """The page that was asked for."""
        liked, banned = set(self._judged("liked")), set(self._judged("banned"))
        found = self._found(query, {"liked": liked, "banned": banned}.get(query.only))
        rows = _rows(query, found)
        part = rows[query.offset : query.offset + query.limit]
        if query.what == "tracks":
            part = [_judged(row, liked, banned) for row in part]
        return Page(total=len(rows), offset=query.offset, rows=tuple(part))

    def _found(self, query: BrowseQuery, only: set[TrackId] | None) -> list[Track]:
        tests = [test for name, test in _TESTS.items() if getattr(query, name)]
        tracks = self._tracks
        if query.text:
            wanted, words = plain(query.text).split(), self._haystacks()
            tracks = tuple(t for t in tracks if all(w in words.get(t.id, "") for w in wanted))
        return [
            t
            for t in tracks
            if all(test(t, query) for test in tests)
            if only is None or t.id in only
        ]

    def _haystacks(self) -> dict[TrackId, str]:
        """What a search looks through; made when somebody first searches."""
        words = self._words
        if words is None:
            words = {t.id: _haystack(t) for t in self._tracks}
            self._words = words
        return words


def plain(text: str) -> str:
    """Text without case, and composed: file names may hold Korean in parts."""
    return unicodedata.normalize("NFKC", text).casefold()


def _haystack(track: Track) -> str:
    said = (track.title, track.artist, track.album, track.album_artist, *track.genres)
    return plain("\n".join(said))


def _has_mood(track: Track, query: BrowseQuery) -> bool:
    mood = BY_HAND.get(query.mood)
    if mood is None:
        return False
    if track.valence is None or track.arousal is None:
        return query.mood in track.tags
    away = math.hypot(track.valence - mood.valence, track.arousal - mood.arousal)
    return away <= MOOD_REACH


_TESTS: dict[str, Callable[[Track, BrowseQuery], bool]] = {
    "artist": lambda t, q: plain(q.artist) in {plain(t.artist), plain(t.album_artist)},
    "album": lambda t, q: plain(t.album) == plain(q.album),
    "genre": lambda t, q: plain(q.genre) in map(plain, t.genres),
    "mood": _has_mood,
}


def _rows(query: BrowseQuery, tracks: list[Track]) -> list[Row]:
    if query.what == "artists":
        return _grouped(tracks, lambda t: [t.album_artist or t.artist])
    if query.what == "genres":
        return _grouped(tracks, lambda t: list(t.genres))
    if query.what == "moods":
        asked = [BrowseQuery(mood=word) for word in BY_HAND]
        return _grouped(tracks, lambda t: [q.mood for q in asked if _has_mood(t, q)])
    if query.what == "albums":
        return _albums(tracks)
    ordered = album_order(tracks) if query.album else sorted(tracks, key=_by_title)
    return [_track_row(track) for track in ordered]


def _by_title(track: Track) -> Key:
    return plain(track.title), plain(track.artist), track.id


def _grouped(tracks: list[Track], names: Callable[[Track], list[str]]) -> list[Row]:
    groups: dict[str, list[tuple[str, TrackId]]] = {}
    for track in tracks:
        for name in filter(None, names(track)):
            groups.setdefault(plain(name), []).append((name, track.id))
    return [
        Row(title=named[0][0], id=named[0][1], tracks=len(named))
        for _, named in sorted(groups.items())
    ]


def _albums(tracks: list[Track]) -> list[Row]:
    groups: dict[Key, list[Track]] = {}
    for track in tracks:
        if track.album:
            groups.setdefault(album_key(track), []).append(track)
    return [
        _album_row(album_order(group))
        for _, group in sorted(groups.items(), key=lambda item: (plain(item[0][1]), item[0][0]))
    ]


def _album_row(album: list[Track]) -> Row:
    first = album[0]
    return Row(
        title=first.album,
        id=first.id,
        artist="" if first.compilation else first.album_artist or first.artist,
        tracks=len(album),
        year=first.year,
        duration_seconds=sum(t.duration_seconds for t in album),
    )


def _track_row(track: Track) -> Row:
    return Row(
        title=track.title,
        id=track.id,
        artist=track.artist,
        album=track.album,
        year=track.year,
        number=track.number,
        duration_seconds=track.duration_seconds,
        explicit=track.explicit,
    )


def _judged(row: Row, liked: set[TrackId], banned: set[TrackId]) -> Row:
    return msgspec.structs.replace(row, liked=row.id in liked, banned=row.id in banned)
