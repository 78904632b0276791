"""Presence, the listener's word, dayparts, sleep and volume: what a day at home brings."""

from __future__ import annotations

import msgspec
import pytest

from contracts.messages import DeviceEventKind, InteractionKind, Playback, Policy
from contracts.mood import MoodClass
from contracts.vision_wire import Box, CameraState
from device import effects, events
from device.dayparts import Daypart, LocalTime, daypart_at, local_time
from device.session import Hold
from device.settings import (
    CameraSettings,
    DeviceSettings,
    MusicSettings,
    PresenceSettings,
)
from tests.stage import QUICK, Stage, make_face, make_library

SMILE = (make_face("happiness"),)
PATIENT = msgspec.structs.replace(QUICK, presence=PresenceSettings(pause_after_minutes=1))


@pytest.fixture
def stage() -> Stage:
    """Music, a camera that is on, and a minute of patience."""
    stage = Stage(PATIENT)
    stage.begin()
    stage.happen(events.CameraChanged(at=stage.at, state=CameraState.ON))
    return stage


def playback(stage: Stage) -> Playback:
    return stage.core.state(stage.at).playback


# Presence


def test_an_empty_room_fades_out_and_music_goes_on_where_it_was(stage: Stage) -> None:
    """After the minutes of the settings; with the first face it is back."""
    stage.wait(30, SMILE)
    stage.happen(events.TrackStarted(at=stage.at, track=stage.plays[-1].track))
    stage.wait(59, ())
    assert playback(stage) is Playback.PLAYING
    stage.wait(3, ())
    assert playback(stage) is Playback.PAUSED
    (fade,) = stage.of(effects.FadeOut)
    assert fade.seconds > 1
    plays = len(stage.plays)
    stage.wait(60, ())
    place = stage.core.deck.position_seconds(stage.at)
    stage.wait(0.25, SMILE)
    assert playback(stage) is Playback.PLAYING
    assert stage.core.deck.position_seconds(stage.at) == pytest.approx(place)
    assert len(stage.plays) == plays
    assert len(stage.of(effects.Resume)) == 1


def test_a_listeners_pause_stays(stage: Stage) -> None:
    """Whoever comes in, only a hand lets the music go on."""
    stage.wait(5, SMILE)
    stage.command("pause")
    stage.wait(90, ())
    stage.wait(5, SMILE)
    assert stage.core.hold is Hold.LISTENER
    assert playback(stage) is Playback.PAUSED
    stage.command("play")
    assert playback(stage) is Playback.PLAYING


def test_a_pause_by_hand_in_an_empty_room_is_a_listeners_pause(stage: Stage) -> None:
    """A phone in the kitchen counts more than a face in the living room."""
    stage.wait(62, ())
    assert stage.core.hold is Hold.ABSENCE
    stage.command("pause")
    stage.wait(5, SMILE)
    assert playback(stage) is Playback.PAUSED


def test_a_hand_on_the_controls_is_somebody(stage: Stage) -> None:
    """The patience begins anew."""
    stage.wait(50, ())
    stage.command("volume", "30")
    stage.wait(50, ())
    assert playback(stage) is Playback.PLAYING


@pytest.mark.parametrize("state", [CameraState.OFF, CameraState.FAILED])
def test_without_a_camera_nobody_is_taken_to_be_away(stage: Stage, state: CameraState) -> None:
    """Music plays for who cannot be seen."""
    stage.happen(events.CameraChanged(at=stage.at, state=state))
    stage.wait(300)
    assert playback(stage) is Playback.PLAYING
    stage.happen(events.CameraChanged(at=stage.at, state=CameraState.ON))
    stage.wait(30, ())
    assert playback(stage) is Playback.PLAYING  # what was not watched is no absence


def test_no_minutes_is_never() -> None:
    """0 turns it off."""
    stage = Stage(msgspec.structs.replace(QUICK, presence=PresenceSettings(pause_after_minutes=0)))
    stage.begin()
    stage.happen(events.CameraChanged(at=stage.at, state=CameraState.ON))
    stage.wait(3600, ())
    assert playback(stage) is Playback.PLAYING


# Several faces, masks


def test_the_larger_face_weighs_more() -> None:
    """A group's mood is the mean by area: who stands close counts before who walks by."""
    stage = Stage()
    stage.begin()
    near, far = make_face("happiness", size=0.4), make_face("sadness", size=0.1)
    stage.wait(8, (near, far))
    assert stage.core.believed.mood is MoodClass.POSITIVE


def test_masked_faces_never_count() -> None:
    """Neither as a mood nor as somebody there; masks come by settings and by command."""
    everywhere = '[{"left": 0, "top": 0, "width": 1, "height": 1}]'
    masked = CameraSettings(masks=(Box(left=0.0, top=0.0, width=0.5, height=0.5),))
    stage = Stage(msgspec.structs.replace(QUICK, camera=masked))
    stage.begin()
    stage.wait(8, SMILE)
    assert stage.core.believed.mood is MoodClass.UNKNOWN
    assert not stage.core.presence.seen
    stage.command("masks", "none")
    stage.wait(8, SMILE)
    assert stage.core.believed.mood is MoodClass.POSITIVE
    stage.command("masks", everywhere)
    assert stage.of(effects.SetMasks)[-1].masks == (Box(left=0, top=0, width=1, height=1),)
    stage.wait(62, SMILE)
    assert stage.core.believed.mood is MoodClass.UNKNOWN


@pytest.mark.parametrize(
    "argument", ["", "all", "[3]", '[{"left":0,"top":0,"width":0,"height":1}]']
)
def test_what_describes_no_mask_is_refused(argument: str) -> None:
    """The answer shows how one is written, and the masks stay."""
    stage = Stage()
    assert stage.command("masks", argument).refused
    assert stage.of(effects.SetMasks) == []


# The listener's word


def test_a_mood_by_hand_may_end_by_itself() -> None:
    """`calm 30`: after half an hour the camera tells again."""
    stage = Stage()
    stage.begin()
    stage.command("mood", "calm 1")
    stage.wait(59, SMILE)
    assert stage.core.believed.chosen_by_hand
    stage.wait(2, SMILE)
    assert stage.core.believed.mood is MoodClass.POSITIVE
    told = [e.event for e in stage.of(effects.Tell) if e.event.kind is DeviceEventKind.MOOD_CHANGED]
    assert [event.subject for event in told] == ["neutral", "positive"]


def test_a_mood_that_is_said_acts_now() -> None:
    """One that is seen waits for the track's end, one that is said does not."""
    settings = msgspec.structs.replace(QUICK, music=MusicSettings(crossfade_seconds=2.0))
    stage = Stage(settings)
    stage.begin()
    stage.wait(8, SMILE)
    assert len(stage.plays) == 1
    stage.command("mood", "calm")
    assert len(stage.plays) == 2


# Sleep, volume


def test_the_sleep_timer_fades_the_music_out_for_good() -> None:
    """And a face that comes by does not wake it."""
    stage = Stage(PATIENT)
    stage.begin()
    stage.command("sleep", "1")
    stage.wait(59, SMILE)
    assert playback(stage) is Playback.PLAYING
    stage.wait(2, SMILE)
    assert stage.of(effects.FadeOut)[-1].seconds == 20.0
    stage.wait(30, SMILE)
    assert playback(stage) is Playback.PAUSED
    assert stage.command("play").text.startswith("playing")


def test_the_music_may_end_with_the_track() -> None:
    """Nothing is prepared to follow, nothing follows, and the next `play` begins anew."""
    stage = Stage()
    stage.begin()
    first = stage.plays[0].track
    stage.happen(events.TrackEnding(at=stage.at, track=first, seconds_left=4.0))
    stage.command("sleep", "track")
    assert isinstance(stage.of(effects.Unprepare)[-1], effects.Unprepare)
    stage.wait(4)
    stage.happen(events.TrackEnded(at=stage.at, track=first))
    stage.wait(5)
    assert playback(stage) is Playback.IDLE
    assert len(stage.plays) == 1
    stage.command("play")
    assert len(stage.plays) == 2


def test_no_ceiling_can_be_sung_over() -> None:
    """The lowest of settings, listener and daypart holds; a rising one gives back the level."""
    stage = Stage(DeviceSettings(music=MusicSettings(volume=0.5, volume_ceiling=0.8)))
    assert "the ceiling" in stage.command("volume", "100").text
    assert stage.core.volume.level == 0.8
    stage.command("volume_ceiling", "40")
    assert stage.of(effects.SetVolume)[-1].volume == 0.4
    stage.command("volume", "+20")
    assert stage.core.volume.level == 0.4
    stage.command("volume_ceiling", "100")
    assert stage.core.volume.level <= 0.8
    stage.command("volume", "-10")
    assert stage.of(effects.SetVolume)[-1].volume == pytest.approx(0.3)


# Dayparts

DAY = (
    Daypart(name="night", start="23:00", until="07:00", quiet=True),
    Daypart(
        name="morning",
        start="07:00",
        until="11:00",
        days=("mon", "tue", "wed", "thu", "fri"),
        policy=Policy.CALM,
        volume=0.3,
        prefer_tags=("acoustic",),
        avoid_tags=("metal",),
    ),
    Daypart(name="evening", start="17:00", until="23:00", volume_ceiling=0.5, allow_explicit=False),
)


@pytest.mark.parametrize(
    ("day", "clock", "name"),
    [
        (0, "06:59", "night"),
        (0, "07:00", "morning"),
        (5, "07:00", None),
        (0, "11:00", None),
        (6, "23:30", "night"),
        (0, "22:59", "evening"),
    ],
)
def test_the_wall_clock_finds_its_daypart(day: int, clock: str, name: str | None) -> None:
    """Over midnight too, and on its own days alone."""
    hours, minutes = map(int, clock.split(":"))
    part = daypart_at(DAY, LocalTime(day, hours * 3600 + minutes * 60))
    assert (part.name if part else None) == name


def test_local_time_is_that_of_the_wall() -> None:
    """2026-01-01 00:30 UTC is a Thursday, and half past nine in Seoul."""
    assert local_time(1_767_227_400, 0) == LocalTime(3, 1800)
    assert local_time(1_767_227_400, 9 * 3600).hour == 9.5
    assert local_time(1_767_227_400, -3600) == LocalTime(2, 84_600)


class Cafe(Stage):
    """A stage whose wall clock the test sets."""

    def __init__(self) -> None:
        library = make_library(24)
        for n, track in enumerate(list(library.values())):
            if n % 3 == 0:
                library[track.id] = msgspec.structs.replace(track, explicit=True)
            elif n % 3 == 1:
                library[track.id] = msgspec.structs.replace(track, tags=("metal",))
        super().__init__(
            DeviceSettings(mood=QUICK.mood, music=MusicSettings(volume=0.7), dayparts=DAY), library
        )

    def clock(self, hours: float) -> None:
        """It is this time on a Thursday."""
        self.at += 60
        unix = 1_767_225_600 + hours * 3600
        self.happen(events.Tick(at=self.at, unix_seconds=unix))


def test_a_day_in_a_cafe() -> None:
    """Quiet at night, calm and soft in the morning, nothing explicit and less loud at night."""
    cafe = Cafe()
    cafe.clock(5.0)
    cafe.happen(events.LibraryChanged(at=cafe.at, tracks=tuple(cafe.library)))
    assert playback(cafe) is Playback.IDLE
    assert cafe.core.hold is Hold.QUIET
    cafe.clock(7.0)
    assert playback(cafe) is Playback.PLAYING
    assert (cafe.core.policy, cafe.core.volume.level) == (Policy.CALM, 0.3)
    assert cafe.asks[-1].query.tags == ("acoustic",)
    assert cafe.asks[-1].query.avoid_tags == ("metal",)
    assert not any("metal" in cafe.library[q.track].tags for q in cafe.core.playlist.upcoming)
    cafe.clock(12.0)
    assert (cafe.core.policy, cafe.core.volume.level) == (Policy.LIFT, 0.7)
    cafe.clock(17.0)
    assert cafe.core.volume.level == 0.5
    assert not any(cafe.library[q.track].explicit for q in cafe.core.playlist.upcoming)
    assert not cafe.asks[-1].query.allow_explicit
    explicit = next(t for t in cafe.library.values() if t.explicit)
    assert "explicit" in cafe.command("play_track", explicit.id).text
    cafe.clock(23.0)
    assert playback(cafe) is Playback.PAUSED
    cafe.clock(31.0)
    assert playback(cafe) is Playback.PLAYING


def test_who_starts_music_in_quiet_hours_has_it() -> None:
    """Until the schedule has something new to say."""
    cafe = Cafe()
    cafe.clock(5.0)
    cafe.happen(events.LibraryChanged(at=cafe.at, tracks=tuple(cafe.library)))
    cafe.command("play")
    cafe.clock(5.5)
    assert playback(cafe) is Playback.PLAYING


def test_music_that_staff_paused_in_the_evening_waits_for_them() -> None:
    """The morning does not start it."""
    cafe = Cafe()
    cafe.clock(18.0)
    cafe.happen(events.LibraryChanged(at=cafe.at, tracks=tuple(cafe.library)))
    cafe.command("pause")
    cafe.clock(23.5)
    cafe.clock(31.5)
    assert playback(cafe) is Playback.PAUSED
    cafe.command("play")
    assert playback(cafe) is Playback.PLAYING


def test_a_policy_by_hand_holds_until_the_schedule_names_another() -> None:
    """The later word counts."""
    cafe = Cafe()
    cafe.clock(12.0)
    cafe.command("policy", "match")
    cafe.clock(18.0)
    assert cafe.core.policy is Policy.MATCH
    cafe.clock(31.5)
    assert cafe.core.policy is Policy.CALM


def test_what_a_track_did_to_the_mood_is_remembered() -> None:
    """Valence at its end less that at its beginning."""
    stage = Stage()
    stage.begin()
    stage.command("mood", "sad")
    stage.command("next")
    stage.command("mood", "happy")
    changes = [
        e.interaction.valence_change
        for e in stage.of(effects.Remember)
        if e.interaction.kind in {InteractionKind.PLAYED, InteractionKind.SKIPPED}
    ]
    assert changes[0] is None
    assert changes[-1] == pytest.approx(1.5)


def test_time_without_a_sound_card_is_no_music() -> None:
    """The place in the track and the crossfade wait for the card."""
    stage = Stage()
    stage.begin()
    track = stage.plays[0].track
    stage.happen(events.TrackStarted(at=stage.at, track=track))
    stage.wait(10)
    stage.happen(events.TrackEnding(at=stage.at, track=track, seconds_left=4.0))
    stage.happen(events.SoundLost(at=stage.at))
    stage.wait(100)
    assert stage.core.deck.position_seconds(stage.at) == pytest.approx(10)
    assert len(stage.plays) == 1
    stage.happen(events.SoundBack(at=stage.at))
    stage.wait(1)
    assert stage.core.deck.position_seconds(stage.at) == pytest.approx(11)
    stage.wait(1.5)
    assert len(stage.plays) == 2


def test_what_is_kept_forgets_with_the_history() -> None:
    """The list of what was lately heard is part of it."""
    stage = Stage()
    stage.happen(events.Restored(at=stage.at))
    stage.begin()
    stage.command("next")
    stage.command("erase_history", "all")
    assert stage.of(effects.EraseHistory) == [effects.EraseHistory(opinions=True)]
    assert stage.of(effects.Keep)[-1].session.played == ()
