"""Albums as the library's tags tell them: which tracks belong together, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contracts.track import Track, TrackId

VARIOUS = "various artists"
UNNUMBERED = 9999


def album_key(track: Track) -> tuple[str, str]:
    """Artist and title of a track's album in small letters; the title is empty without one."""
    artist = VARIOUS if track.compilation else (track.album_artist or track.artist)
    return artist.casefold(), track.album.casefold()


def album_order(tracks: Iterable[Track]) -> list[Track]:
    """The tracks of an album by disc and number; what has none comes last, by its title."""
    return sorted(
        tracks, key=lambda t: (t.disc or 1, t.number or UNNUMBERED, t.title.casefold(), t.id)
    )


def album_of(track: Track, library: Mapping[TrackId, Track]) -> list[Track]:
    """The whole album that a track belongs to, in its order; itself alone without one."""
    if not track.album:
        return [track]
    key = album_key(track)
    return album_order(t for t in library.values() if t.album and album_key(t) == key)


def follows(one: Track, other: Track) -> bool:
    """Whether `other` is the next track of the same disc: nothing may be heard between them."""
    numbered = one.number is not None and other.number is not None
    return (
        bool(one.album)
        and numbered
        and album_key(one) == album_key(other)
        and (one.disc or 1) == (other.disc or 1)
        and other.number == (one.number or 0) + 1
    )
