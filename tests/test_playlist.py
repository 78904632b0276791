"""What is to be played, and what must not come back."""

from __future__ import annotations

from contracts.messages import Ranked, Reason, ReasonKind, Tier
from contracts.track import Track, TrackId
from device.playlist import MOST_EXCLUDED, Playlist
from tests.stage import make_library, make_track

HOUR = 3600.0
REASON = Reason(kind=ReasonKind.MOOD, subject="happy")


def ids(*numbers: int) -> list[TrackId]:
    return [TrackId(f"{number:016x}") for number in numbers]


def fill(playlist: Playlist, *numbers: int, at: float = 0.0) -> None:
    ranked = [Ranked(track=track, score=1.0, reason=REASON) for track in ids(*numbers)]
    playlist.replace(playlist.playable(ranked, Tier.SERVER, at))


def drain(playlist: Playlist, at: float = 0.0) -> list[TrackId]:
    taken = []
    while queued := playlist.take(at):
        taken.append(queued.track)
    return taken


def library(kinds: str) -> dict[TrackId, Track]:
    """A sad track for each s, another for each other letter."""
    valences = [-0.7 if kind == "s" else 0.5 for kind in kinds]
    tracks = [make_track(n, valence=valence, arousal=-0.5) for n, valence in enumerate(valences)]
    return {track.id: track for track in tracks}


def test_a_ranking_is_played_in_its_order_each_track_once() -> None:
    """What is not in the library, and what came before, is left out."""
    playlist = Playlist(make_library(8), HOUR)
    fill(playlist, 4, 2, 99, 4, 6)
    assert drain(playlist) == ids(4, 2, 6)


def test_what_was_played_is_barred_until_its_time_is_over() -> None:
    """The latest first, and a quarter of the library at most."""
    playlist = Playlist(make_library(8), HOUR)
    fill(playlist, 0, 1, 2)
    for at in (0.0, 10.0, 20.0):
        playlist.take(at)
    assert playlist.barred(20.0) == tuple(ids(2, 1))
    assert playlist.barred(HOUR + 15) == tuple(ids(2))
    fill(playlist, 0, 1, 2, at=20.0)
    assert drain(playlist) == ids(0)


def test_one_track_that_is_left_is_never_barred() -> None:
    """However small the library is once the refused ones are counted out."""
    playlist = Playlist(make_library(2), HOUR)
    fill(playlist, 0, 1)
    playlist.take(0)
    assert playlist.barred(0) == tuple(ids(0))
    playlist.refuse(ids(1)[0])
    assert playlist.barred(0) == ()


def test_no_request_grows_beyond_what_it_may_carry() -> None:
    """However much was played in a large library."""
    playlist = Playlist(make_library(10_000), HOUR)
    fill(playlist, *(n for n in range(10_000) if n % 4 != 3))  # the fourths are sad
    for _ in range(MOST_EXCLUDED + 500):
        playlist.take(0)
    assert len(playlist.barred(0)) <= MOST_EXCLUDED


def test_a_refused_track_never_comes_again() -> None:
    """It leaves the queue and every later ranking."""
    playlist = Playlist(make_library(8), HOUR)
    fill(playlist, 0, 1, 2)
    playlist.refuse(ids(1)[0])
    assert drain(playlist) == ids(0, 2)
    fill(playlist, 1)
    assert drain(playlist) == []
    assert playlist.refused == tuple(ids(1))


def test_a_third_sad_track_waits_for_another_kind() -> None:
    """The first that is not sad goes before it."""
    playlist = Playlist(library("sssshh"), HOUR)
    fill(playlist, 0, 1, 2, 3, 4, 5)
    assert drain(playlist) == ids(0, 1, 4, 2, 3, 5)


def test_a_sad_ranking_after_sad_tracks_brings_relief() -> None:
    """Of the library's other tracks the one played longest ago, with its reason in words."""
    playlist = Playlist(library("ssshh"), 0.0)
    fill(playlist, 3, 0, 1)
    for at in (1.0, 2.0, 3.0):
        playlist.take(at)
    assert playlist.sad_enough
    fill(playlist, 2, 0)
    chosen = playlist.take(4.0)
    assert chosen is not None
    assert chosen.track == ids(4)[0]
    assert playlist.choice(chosen).reason == "a change after sad music"
    assert drain(playlist) == ids(2, 0)


def test_where_all_is_sad_music_goes_on() -> None:
    """Nothing else can be played, so sad music is."""
    playlist = Playlist(library("ssssh"), HOUR)
    playlist.refuse(ids(4)[0])
    fill(playlist, 0, 1, 2, 3)
    assert drain(playlist) == ids(0, 1, 2, 3)


def test_the_track_before_is_one_that_may_be_played() -> None:
    """Neither refused nor gone from the library nor a third sad one."""
    tracks = library("hhhhss")
    playlist = Playlist(tracks, HOUR)
    assert playlist.previous() is None
    fill(playlist, 0, 1, 2, 3)
    drain(playlist)
    playlist.refuse(ids(2)[0])
    del tracks[ids(1)[0]]
    assert playlist.previous() == ids(0)[0]
    fill(playlist, 3, 4, 5, at=2 * HOUR)
    drain(playlist, at=2 * HOUR)
    assert playlist.sad_enough
    assert playlist.previous() == ids(3)[0]


def test_going_back_goes_further_back_each_time() -> None:
    """And what was interrupted comes after it."""
    playlist = Playlist(make_library(20), HOUR)
    fill(playlist, 0, 1, 2, 4)
    for _ in range(3):
        playing = playlist.take(0)
    for expected in (1, 0):
        earlier = playlist.previous()
        assert earlier == ids(expected)[0]
        assert playing is not None
        playlist.put_back(earlier, playing)
        playing = playlist.take(0)
    assert [q.track for q in playlist.upcoming] == ids(1, 2, 4)
    assert playlist.previous() is None


def test_what_left_the_library_leaves_the_queue() -> None:
    """Nobody is shown a track that cannot be played."""
    tracks = make_library(4)
    playlist = Playlist(tracks, HOUR)
    fill(playlist, 0, 1, 2)
    del tracks[ids(1)[0]]
    playlist.library_changed()
    assert drain(playlist) == ids(0, 2)


def test_a_choice_names_track_reason_and_tier() -> None:
    """In words for people."""
    playlist = Playlist(make_library(4), HOUR)
    fill(playlist, 1)
    queued = playlist.next()
    assert queued is not None
    choice = playlist.choice(queued)
    assert (choice.title, choice.artist, choice.tier) == ("Song 1", "Artist 1", Tier.SERVER)
    assert choice.reason == "happy, like your mood"
