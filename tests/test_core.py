from __future__ import annotations

import msgspec
import pytest

from contracts.messages import DeviceEventKind, InteractionKind, Playback, Policy, Tier
from contracts.mood import MoodClass
from contracts.vision_wire import CameraState
from device import effects, events
from device.settings import DeviceSettings, MusicSettings
from tests.stage import QUICK, Stage, make_face, make_library


def test_music_starts_when_the_library_is_there() -> None:
    """With a library and no server, camera or command, the first track plays."""
    stage = Stage()
    stage.begin()
    assert len(stage.plays) == 1
    assert stage.core.state(stage.at).playback is Playback.PLAYING
    assert stage.asks[0].tier is Tier.DEFAULTS


def test_a_smile_changes_the_music() -> None:
    """A face that smiles for some seconds is believed and its music is put on."""
    stage = Stage()
    stage.begin()
    stage.wait(8, (make_face("happiness"),))
    assert stage.core.believed.mood is MoodClass.POSITIVE
    assert stage.asks[-1].query.valence > 0.5
    played = stage.library[stage.plays[-1].track]
    assert played.valence is not None
    assert played.valence > 0
    assert len(stage.plays) == 2


def test_without_act_at_once_the_mood_waits_for_the_end_of_the_track() -> None:
    """The default is to change the queue and let the track play out."""
    stage = Stage(DeviceSettings(mood=QUICK.mood, music=MusicSettings(crossfade_seconds=2.0)))
    stage.begin()
    stage.wait(8, (make_face("happiness"),))
    assert stage.core.believed.mood is MoodClass.POSITIVE
    assert len(stage.plays) == 1
    stage.happen(events.TrackEnded(at=stage.at, track=stage.plays[0].track))
    assert len(stage.plays) == 2


def test_the_listeners_word_wins_over_the_camera() -> None:
    """A mood picked by hand stays until it is handed back to the camera."""
    stage = Stage()
    stage.begin()
    stage.command("mood", "calm")
    stage.wait(8, (make_face("anger"),))
    assert stage.core.believed.chosen_by_hand
    stage.command("mood", "auto")
    assert stage.core.believed.mood is MoodClass.NEGATIVE


def test_a_silent_server_is_replaced_within_the_deadline() -> None:
    """When the server does not answer, the next tier is asked and music starts within 3 s."""
    stage = Stage()
    stage.silent = {Tier.SERVER}
    stage.happen(events.ServerChanged(at=stage.at, online=True))
    stage.begin()
    assert stage.plays == []
    stage.wait(2.25)
    assert {ask.tier for ask in stage.asks[:-1]} == {Tier.SERVER}
    assert stage.asks[-1].tier is Tier.DEFAULTS
    assert len(stage.plays) == 1
    assert stage.core.state(stage.at).tier is Tier.DEFAULTS


def test_falling_is_immediate_and_returning_automatic() -> None:
    """A server that goes away lowers the tier at once; one that comes back raises it."""
    stage = Stage()
    stage.happen(events.ServerChanged(at=stage.at, online=True))
    stage.begin()
    assert stage.core.state(stage.at).tier is Tier.SERVER
    stage.happen(events.ServerChanged(at=stage.at, online=False))
    assert stage.core.state(stage.at).tier is Tier.DEFAULTS
    told = [e.event.kind for e in stage.done if isinstance(e, effects.Tell)]
    assert DeviceEventKind.FALLBACK_ENTERED in told
    stage.happen(events.PackChanged(at=stage.at, usable=True))
    assert stage.core.state(stage.at).tier is Tier.PACK
    stage.happen(events.ServerChanged(at=stage.at, online=True))
    assert stage.core.state(stage.at).tier is Tier.SERVER
    assert stage.core.deck.playback is Playback.PLAYING


def test_a_server_that_goes_with_a_question_open_is_not_waited_for() -> None:
    """The question goes to the next tier the moment the server is gone."""
    stage = Stage()
    stage.silent = {Tier.SERVER}
    stage.happen(events.ServerChanged(at=stage.at, online=True))
    stage.begin()
    stage.happen(events.ServerChanged(at=stage.at, online=False))
    assert len(stage.plays) == 1


def test_a_track_that_cannot_be_decoded_is_never_offered_again() -> None:
    """It is marked broken, the next plays, and later requests exclude it."""
    stage = Stage()
    stage.begin()
    broken = stage.plays[0].track
    stage.happen(events.TrackFailed(at=stage.at, track=broken, why="no frames"))
    assert stage.of(effects.MarkBroken) == [effects.MarkBroken(track=broken, why="no frames")]
    assert stage.plays[-1].track != broken
    stage.command("more_like_this")
    assert broken in stage.asks[-1].query.exclude
    assert stage.asks[-1].query.seed_track == stage.plays[-1].track


def test_the_next_track_crosses_over_the_end_of_the_last() -> None:
    """The following track is prepared, and starts a crossfade before the end."""
    stage = Stage()
    stage.begin()
    first = stage.plays[0].track
    stage.happen(events.TrackEnding(at=stage.at, track=first, seconds_left=4.0))
    assert len(stage.of(effects.Prepare)) == 1
    stage.wait(1.75)
    assert len(stage.plays) == 1
    stage.wait(0.5)
    assert len(stage.plays) == 2
    assert stage.plays[1].crossfade_seconds == 2.0
    remembered = [e for e in stage.done if isinstance(e, effects.Remember)]
    assert remembered[-1].interaction.kind is InteractionKind.COMPLETED
    stage.happen(events.TrackEnded(at=stage.at, track=first))
    assert len(stage.plays) == 2


def test_a_pause_holds_the_crossfade_too() -> None:
    """While paused nothing is handed over; the planned moment moves with the pause."""
    stage = Stage()
    stage.begin()
    stage.happen(events.TrackEnding(at=stage.at, track=stage.plays[0].track, seconds_left=4.0))
    stage.command("pause")
    stage.wait(30)
    assert len(stage.plays) == 1
    stage.command("play")
    stage.wait(2.5)
    assert len(stage.plays) == 2


def test_two_sad_tracks_are_followed_by_another_kind() -> None:
    """Whatever is asked for, a third sad track in a row is not played."""
    stage = Stage(DeviceSettings(music=MusicSettings(policy=Policy.MATCH)))
    stage.begin()
    stage.command("mood", "sad")
    for _ in range(6):
        stage.command("next")
    tracks = [stage.library[play.track] for play in stage.plays]
    sad = [(t.valence or 0) < 0 and (t.arousal or 0) < 0 for t in tracks]
    assert any(sad)
    assert not any(all(sad[i : i + 3]) for i in range(len(sad) - 2))


def test_the_lift_policy_starts_where_the_listener_is_and_leads_upwards() -> None:
    """After a matching track or two, each request aims higher in valence."""
    stage = Stage()
    stage.begin()
    before = len(stage.asks)
    stage.wait(8, (make_face("sadness"),))
    asked = [stage.asks[before].query.valence]
    for _ in range(5):
        stage.command("next")
        asked.append(stage.asks[-1].query.valence)
    assert asked[0] < -0.4
    assert asked == sorted(asked)
    assert asked[-1] > 0.4


def test_an_unsure_face_changes_nothing() -> None:
    """Faces that the classifier calls unknown leave the mood unknown."""
    stage = Stage()
    stage.begin()
    unsure = msgspec.structs.replace(make_face("anger"), known=False)
    stage.wait(10, (unsure,))
    assert stage.core.believed.mood is MoodClass.UNKNOWN
    assert stage.core.state(stage.at).mood.confidence == 0


def test_a_lost_vision_program_does_not_stop_the_music() -> None:
    """The camera is shown as off, the mood is forgotten in time, the music goes on."""
    stage = Stage()
    stage.begin()
    stage.happen(events.CameraChanged(at=stage.at, state=CameraState.ON))
    stage.wait(8, (make_face("happiness"),))
    stage.happen(events.VisionLost(at=stage.at))
    stage.wait(61)
    assert stage.core.state(stage.at).camera == "off"
    assert stage.core.believed.mood is MoodClass.UNKNOWN
    assert stage.core.deck.playback is Playback.PLAYING


def test_volume_stays_within_the_ceiling() -> None:
    """A command above the ceiling sets the ceiling."""
    stage = Stage(DeviceSettings(music=MusicSettings(volume=0.9, volume_ceiling=0.5)))
    assert stage.core.volume.level == 0.5
    stage.command("volume", "90")
    assert stage.of(effects.SetVolume)[-1] == effects.SetVolume(volume=0.5)


@pytest.mark.parametrize(
    ("name", "argument"),
    [("fly", ""), ("volume", "loud"), ("volume", "1000"), ("mood", "hungry"), ("volume", "٤")],
)
def test_a_wrong_command_is_refused_and_changes_nothing(name: str, argument: str) -> None:
    """The answer says what would be right."""
    stage = Stage()
    stage.begin()
    before = stage.core.state(stage.at)
    assert stage.command(name, argument).refused
    assert stage.done[-1] == effects.Answered(
        name=name, text=stage.done[-1].text, refused=True
    )  # and nothing else
    assert stage.core.state(stage.at) == before


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_music_goes_on_however_small_the_library(size: int) -> None:
    """Even one track is enough for music without end."""
    stage = Stage(library=make_library(size))
    stage.begin()
    for _ in range(4 * size):
        stage.happen(events.TrackEnded(at=stage.at, track=stage.plays[-1].track))
    assert len(stage.plays) == 4 * size + 1
    assert stage.core.deck.playback is Playback.PLAYING


def test_an_unknown_mood_ends_no_song() -> None:
    """Someone who looks away keeps the track that plays, even when moods act at once."""
    stage = Stage()
    stage.begin()
    stage.wait(8, (make_face("happiness"),))
    playing = stage.plays[-1].track
    stage.wait(62, ())
    assert stage.core.believed.mood is MoodClass.UNKNOWN
    assert stage.plays[-1].track == playing


def test_a_neutral_face_is_not_played_sad_music() -> None:
    """What is asked for a neutral face is at least a little pleasant, and not loud."""
    stage = Stage()
    stage.begin()
    stage.wait(8, (make_face("neutral"),))
    assert stage.core.believed.mood is MoodClass.NEUTRAL
    assert stage.asks[-1].query.valence >= 0.3
    assert stage.asks[-1].query.arousal <= -0.1
