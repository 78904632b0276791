"""Albums are what the library's tags say, and follow the library."""

from __future__ import annotations

from contracts.track import Track, TrackId
from device.albums import Albums


def _track(n: int, number: int | None, album: str = "Abbey", **more: object) -> Track:
    known = {"id": TrackId(f"{n:016x}"), "title": f"Song {n}", "artist": "Ann", "album": album}
    return Track(**{**known, "number": number, **more})  # type: ignore[arg-type]


def test_an_album_is_in_the_order_of_its_discs_and_numbers() -> None:
    """Capitals make no other album; a track without a number comes last."""
    rows = [_track(1, None), _track(2, 2), _track(3, 1, disc=2), _track(4, 1, "ABBEY")]
    albums = Albums({track.id: track for track in rows})
    assert [track.title for track in albums.of(rows[0])] == ["Song 4", "Song 2", "Song 1", "Song 3"]


def test_a_track_without_an_album_is_alone() -> None:
    """Tracks without an album are none together."""
    rows = [_track(1, 1, ""), _track(2, 2, "")]
    albums = Albums({track.id: track for track in rows})
    assert albums.of(rows[0]) == [rows[0]]
    assert not albums.go_on(rows[0].id, rows[1].id)


def test_an_album_that_has_grown_is_whole_once_the_library_was_told() -> None:
    """What was looked up for the library before does not stay."""
    one, two = _track(1, 1), _track(2, 2)
    library = {one.id: one}
    albums = Albums(library)
    assert albums.of(one) == [one]
    library[two.id] = two
    albums.library_changed()
    assert albums.of(one) == [one, two]
    assert albums.go_on(one.id, two.id)
    assert not albums.go_on(two.id, one.id)
