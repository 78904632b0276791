"""The journal, the words of reasons, and the report that is made of them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import msgspec
import pytest

from cli.demonstration.display import live_view, save_picture
from cli.demonstration.programs import Program, usage
from cli.demonstration.report import make_report
from contracts.messages import (
    Choice,
    DeviceEvent,
    DeviceEventKind,
    Playback,
    Reason,
    ReasonKind,
    State,
    Tier,
)
from contracts.mood import Mood, MoodClass
from contracts.track import TrackId
from device.effects import Announce, Note, Play, Tell
from device.journal import KEPT, Journal
from device.status import Happening, Heard, Status
from device.words import reason_words
from tests.stage import make_face, make_library

A = TrackId("a" * 16)
CHOICE = Choice(track=A, title="노래 [b]", artist="가수", reason="played often", tier=Tier.PACK)
PLAYING = State(playback=Playback.PLAYING, playing=CHOICE, tier=Tier.PACK)


def test_tracks_moods_and_tiers_are_kept() -> None:
    """Each with its time; a tier only when it is another; the rest is nobody's business."""
    journal = Journal()
    mood = DeviceEvent(kind=DeviceEventKind.MOOD_CHANGED, subject="positive")
    left = DeviceEvent(kind=DeviceEventKind.LISTENER_LEFT)
    for at, effect in enumerate(
        [
            Announce(state=PLAYING),
            Announce(state=PLAYING),
            Play(track=A),
            Tell(event=mood),
            Tell(event=left),
            Note(text="a decision"),
        ]
    ):
        journal.note(effect, lambda: PLAYING, float(at))
    assert journal.happenings == (
        Happening(at=0.0, kind="tier", what="pack"),
        Happening(at=2.0, kind="track", what="노래 [b]", why="played often", tier="pack"),
        Happening(at=3.0, kind="mood", what="positive"),
    )


def test_the_oldest_happenings_are_forgotten() -> None:
    """A device runs for years."""
    journal = Journal()
    for at in range(KEPT + 1):
        journal.note(Play(track=A), lambda: PLAYING, float(at))
    assert (len(journal.happenings), journal.happenings[0].at) == (KEPT, 1.0)


@pytest.mark.parametrize("kind", ReasonKind)
def test_every_reason_has_words(kind: ReasonKind) -> None:
    """With a subject and without, and never a gap where one is missing."""
    library = make_library(2)
    track = next(iter(library.values()))
    assert reason_words(Reason(kind=kind, subject="jazz"), library)
    assert track.id not in reason_words(Reason(kind=kind, subject=track.id), library)
    bare = reason_words(Reason(kind=kind), library)
    assert bare == bare.strip(" ,")
    assert "{" not in bare


def test_a_subject_that_is_a_track_is_named() -> None:
    """By its title; a title with braces is only a title."""
    library = make_library(1)
    (track,) = library.values()
    library[track.id] = msgspec.structs.replace(track, title="{0} {x}")
    words = reason_words(Reason(kind=ReasonKind.LIKED, subject=track.id), library)
    assert words == "because you play {0} {x}"


STATUS = Status(
    state=msgspec.structs.replace(
        PLAYING, mood=Mood(mood=MoodClass.POSITIVE, valence=0.5), queued=(CHOICE,)
    ),
    faces=(make_face("happiness"),),
    faces_age_seconds=0.1,
    duration_seconds=60.0,
    position_seconds=12.0,
    requests_sent=3,
    requests_answered=2,
    round_trip_ms=4.5,
    sound_driver="dummy",
    heard=Heard(seconds=2.345, rms=0.12345, first_at=101.25),
    happenings=(
        Happening(at=100.5, kind="tier", what="defaults"),
        Happening(at=101.0, kind="track", what="Song", why="fits your mood", tier="defaults"),
        Happening(at=103.0, kind="mood", what="positive"),
    ),
)


def test_a_report_counts_from_the_start_of_the_demo() -> None:
    """Seconds since then, each happening under its kind."""
    report = make_report(STATUS, began=100.0, ended=110.0, programs={}, complaints={})
    told = json.loads(msgspec.json.encode(report))
    assert told["seconds"] == 10.0
    assert told["cold_start_seconds"] == 1.25
    assert told["moods"] == [{"after_seconds": 3.0, "mood": "positive"}]
    assert told["tracks"] == [
        {"after_seconds": 1.0, "title": "Song", "reason": "fits your mood", "tier": "defaults"}
    ]
    assert told["tier_changes"] == [{"after_seconds": 0.5, "tier": "defaults"}]
    assert told["requests"] == {"sent": 3, "answered": 2, "median_ms": 4.5}
    assert (told["pcm_seconds"], told["pcm_rms"]) == (2.35, 0.1235)
    assert told["faces_seen"] is True


def test_a_report_of_silence_says_so() -> None:
    """No cold start, no median, no face: null and false, never a zero."""
    report = make_report(Status(), began=100.0, ended=101.0, programs={}, complaints={})
    assert report.cold_start_seconds is None
    assert report.requests.median_ms is None
    assert not report.faces_seen


def test_the_view_shows_mood_track_reason_and_tier(tmp_path: Path) -> None:
    """As a picture too; brackets in a title are letters, not markup."""
    picture = tmp_path / "view.svg"
    save_picture(
        live_view(STATUS, {"vision": "exit 78: altered"}, camera="reel", began=100.0), picture
    )
    drawn = picture.read_text(encoding="utf-8").replace("&#160;", " ")
    for words in ("positive", "노래 [b]", "played often", "offline pack", "a face", "exit 78"):
        assert words in drawn, words


def test_an_idle_device_shows_what_it_waits_for(tmp_path: Path) -> None:
    """The scan while it runs, and a camera that is off."""
    picture = tmp_path / "view.svg"
    save_picture(live_view(Status(scanned=(3, 9)), {}, camera="reel", began=0.0), picture)
    drawn = picture.read_text(encoding="utf-8").replace("&#160;", " ")
    assert "scanning 3 of 9" in drawn
    assert "camera off" in drawn


def test_usage_is_measured_of_a_living_process_only() -> None:
    """Memory and CPU of this one; None for one that cannot be."""
    mine = usage(os.getpid())
    assert mine is not None
    assert mine.resident_mb > 1
    assert mine.cpu_seconds > 0
    assert usage(2**31 - 1) is None


def test_a_program_leaves_its_last_words(tmp_path: Path) -> None:
    """The last lines of its log, with whatever bytes."""
    program = Program("talker", ["-c", ""], tmp_path / "talker.log")
    assert (program.pid, program.exit_code(), program.last_words()) == (0, None, "")
    program.log.write_bytes(b"1\n2\n3\n\xff4\n")
    assert program.last_words() == "2\n3\n\ufffd4"


def test_a_program_that_was_killed_can_be_started_again(tmp_path: Path) -> None:
    """As after a power cut; stopping one that has ended does no harm."""
    program = Program("sleeper", ["-c", "import signal; signal.pause()"], tmp_path / "log")
    for _ in range(2):
        program.start()
        assert program.exit_code() is None
        program.kill()
        assert program.exit_code() == -signal.SIGKILL
    program.stop()
