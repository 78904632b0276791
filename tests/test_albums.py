"""Albums are what the library's tags say, and follow the library."""

from __future__ import annotations

import msgspec
import pytest

from contracts.track import Track, TrackId
from device import events
from device.albums import Albums
from device.session import Repeat
from tests.stage import Stage, make_library


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


def _of(*numbers: int) -> list[TrackId]:
    return [TrackId(f"{number:016x}") for number in numbers]


BLUE = _of(0, 1, 2)


@pytest.fixture
def stage() -> Stage:
    """The first of three tracks of an album plays; nine others are of none."""
    library = make_library(12)
    for n, track in enumerate(BLUE, start=1):
        library[track] = msgspec.structs.replace(
            library[track], album="Blue", album_artist="Ann", number=n
        )
    stage = Stage(library=library)
    stage.begin()
    stage.command("play_album", BLUE[0])
    return stage


def _end(stage: Stage) -> TrackId:
    """The track that is on ends; what plays then."""
    stage.wait(1)
    stage.happen(events.TrackEnded(at=stage.at, track=stage.plays[-1].track))
    return stage.plays[-1].track


def test_an_album_that_repeats_begins_again_after_its_last_track(stage: Stage) -> None:
    """As often as it ends."""
    stage.command("repeat", "album")
    assert [_end(stage) for _ in range(7)] == [*BLUE[1:], *BLUE, *BLUE[:2]]


@pytest.mark.parametrize(
    ("word", "argument"),
    [("another_like_this", ""), ("mood", "happy"), ("era", "any"), ("tags", "calm")],
)
@pytest.mark.parametrize("repeat", ["album", "track"])
def test_who_wants_something_else_has_it_and_nothing_repeats(
    stage: Stage, repeat: str, word: str, argument: str
) -> None:
    """The album is over: neither its next track comes nor the album of what came instead."""
    stage.command("queue_clear")
    stage.command("repeat", repeat)
    stage.command(word, argument)
    assert stage.plays[-1].track not in BLUE[1:]
    assert stage.core.repeat is Repeat.OFF
    assert not any(queued.by_hand for queued in stage.core.playlist.upcoming)
    assert _end(stage) != stage.plays[-2].track


def test_what_was_queued_by_hand_outlasts_a_repeat(stage: Stage) -> None:
    """It is nobody's album."""
    stage.command("queue_clear")
    stage.command("repeat", "album")
    stage.command("queue_add", _of(7)[0])
    stage.command("another_like_this")
    assert _of(7)[0] in {stage.plays[-1].track, *(q.track for q in stage.core.playlist.upcoming)}


def test_a_repeat_that_is_taken_back_ends_with_the_last_track(stage: Stage) -> None:
    """Also when the next round was queued already."""
    stage.command("repeat", "album")
    assert [_end(stage), _end(stage)] == BLUE[1:]
    stage.command("repeat", "off")
    assert _end(stage) not in BLUE


def test_a_repeat_that_is_taken_back_lets_the_album_play_on(stage: Stage) -> None:
    """What of it has not come yet comes."""
    stage.command("repeat", "album")
    stage.command("repeat", "off")
    assert [_end(stage), _end(stage)] == BLUE[1:]
    assert _end(stage) not in BLUE
