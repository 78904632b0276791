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


class Albums:
    """The library by albums; they are looked up when one is first wanted, once a library."""

    def __init__(self, library: Mapping[TrackId, Track]) -> None:
        self._library = library
        self._by_key: dict[tuple[str, str], list[Track]] = {}

    def library_changed(self) -> None:
        """Albums are looked up anew."""
        self._by_key.clear()

    def of(self, track: Track) -> list[Track]:
        """The whole album that a track belongs to, in its order; itself alone without one."""
        if not track.album:
            return [track]
        if not self._by_key:
            for other in self._library.values():
                self._by_key.setdefault(album_key(other), []).append(other)
        return album_order(self._by_key.get(album_key(track), ()))

    def go_on(self, one: TrackId, other: TrackId) -> bool:
        """Whether a track follows another without anything between them."""
        before, after = self._library.get(one), self._library.get(other)
        return before is not None and after is not None and follows(before, after)


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
