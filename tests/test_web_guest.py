"""A café's guest: the camera after the notice alone, an end by itself, and nothing left behind."""

from __future__ import annotations

import io
import logging
import re
import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest

from cli import pin as pin_command
from contracts.bus import Publication
from contracts.messages import DeviceEventKind
from contracts.mood import MoodClass
from contracts.topics import COMMAND, of_device
from contracts.track import Track, TrackId
from contracts.vision_wire import Box
from device import effects, keeping
from device.app import App
from device.dayparts import Daypart
from device.frontends.web import staff_pin
from device.frontends.web.wishes import Wishes
from device.mqtt_commands import MqttCommands
from device.music.fakes import FakePlayer
from device.music.files import track_id
from device.settings import CameraSettings, RecordSettings, WebSettings
from device.starting import camera_wanted
from device.store import Entry, Store
from device.totals import DayTotals, Tally
from device.vision.fakes import HandClock
from device.wish_rules import WishRules
from tests.stage import QUICK, Stage, make_face, make_library
from tests.test_uploads import music
from tests.web_stage import page_library

COUNTER = Box(left=0.8, top=0.0, width=0.2, height=1.0)
CAFE = msgspec.structs.replace(
    QUICK, web=WebSettings(cafe=True), camera=CameraSettings(masks=(COUNTER,))
)
HAPPY = (make_face("happiness"),)


def cafe(*, confirmed: bool = True) -> Stage:
    stage = Stage(CAFE, page_library())
    stage.begin()
    if confirmed:
        stage.command("mounting", "confirmed")
    return stage


def camera_of(stage: Stage) -> list[bool]:
    return [e.on for e in stage.done if isinstance(e, effects.SetCamera)]


def mood_of(stage: Stage) -> MoodClass:
    return stage.core.believed.mood


def test_the_camera_opens_for_a_guest_who_agreed() -> None:
    """`guest_begin` is what the page sends after the notice; `camera on` is refused."""
    stage = cafe()
    assert stage.command("camera", "on").refused
    assert camera_of(stage) == []
    assert not stage.command("guest_begin").refused
    assert camera_of(stage) == [True]


def test_without_a_confirmed_mounting_it_stays_closed() -> None:
    """Nor with masks that were changed since."""
    stage = cafe(confirmed=False)
    assert "mounting" in stage.command("guest_begin").text
    stage.command("mounting", "confirmed")
    stage.command("masks", '[{"left":0,"top":0,"width":0.1,"height":1}]')
    assert stage.command("guest_begin").refused
    assert camera_of(stage) == []


def test_a_mounting_without_a_mask_is_not_confirmed() -> None:
    """There is always somewhere that staff stand."""
    stage = cafe(confirmed=False)
    stage.command("masks", "none")
    assert "mask" in stage.command("mounting", "confirmed").text
    assert stage.command("guest_begin").refused


def test_a_session_ends_when_the_guest_has_gone() -> None:
    """Within half a minute, and the mood is forgotten with it."""
    stage = cafe()
    stage.command("guest_begin")
    stage.wait(12, HAPPY)
    assert mood_of(stage) is MoodClass.POSITIVE
    stage.wait(45, ())
    assert camera_of(stage) == [True, False]
    assert mood_of(stage) is MoodClass.UNKNOWN
    assert stage.core.filter.emotions == {}


def test_a_session_ends_after_its_time() -> None:
    """Even for somebody who stays."""
    stage = cafe()
    stage.command("guest_begin")
    stage.wait(CAFE.web.session_seconds + 1, HAPPY)
    assert camera_of(stage) == [True, False]


def test_frames_after_the_end_count_for_nothing() -> None:
    """Some are on their way when the camera closes."""
    stage = cafe()
    stage.command("guest_begin")
    stage.wait(2, HAPPY)
    stage.command("guest_end")
    stage.wait(5, HAPPY)
    assert stage.core.filter.emotions == {}


def test_nothing_of_a_guest_leaves_the_kiosk() -> None:
    """No mood in the state, the events, the history, or what is kept for the next start."""
    stage = cafe()
    stage.command("play")
    stage.command("guest_begin")
    stage.wait(20, HAPPY)
    stage.command("mood", "sad")
    stage.command("like")
    stage.command("next")
    stage.wait(5, HAPPY)
    states = [e.state for e in stage.done if isinstance(e, effects.Announce)]
    assert states
    assert {state.mood.mood for state in states} == {MoodClass.UNKNOWN}
    told = {e.event.kind for e in stage.done if isinstance(e, effects.Tell)}
    assert not told & {DeviceEventKind.MOOD_CHANGED, DeviceEventKind.LISTENER_ARRIVED}
    rows = [e.interaction for e in stage.done if isinstance(e, effects.Remember)]
    assert len(rows) >= 2
    assert {(row.valence, row.arousal, row.valence_change) for row in rows} == {(None, None, None)}
    kept = [e.session for e in stage.done if isinstance(e, effects.Keep)]
    assert {(session.mood, session.mood_word) for session in kept} <= {(None, "")}


def test_at_home_moods_are_told_and_remembered() -> None:
    """What a café leaves out is there otherwise: home automation lives by it."""
    stage = Stage(QUICK, page_library())
    stage.begin()
    stage.command("play")
    stage.wait(20, HAPPY)
    stage.command("next")
    rows = [e.interaction for e in stage.done if isinstance(e, effects.Remember)]
    assert any(row.valence is not None for row in rows)
    told = {e.event.kind for e in stage.done if isinstance(e, effects.Tell)}
    assert DeviceEventKind.MOOD_CHANGED in told


def test_after_a_power_cut_a_cafes_camera_is_closed(tmp_path: Path) -> None:
    """Even when it was open then, and whatever the settings say; at home it comes back."""
    store = Store(tmp_path / "device.sqlite")
    store.put("camera", "on")
    on = CameraSettings(on_at_start=True)
    assert camera_wanted(store, msgspec.structs.replace(QUICK, camera=on))
    assert not camera_wanted(store, msgspec.structs.replace(CAFE, camera=on))
    store.close()


def test_a_confirmed_mounting_lasts_over_a_restart() -> None:
    """It is kept with the session."""
    stage = cafe()
    assert keeping.session(stage.core).mounting == (COUNTER,)


def visit(stage: Stage, emotion: str = "happiness") -> None:
    """A guest comes, is read, and leaves."""
    stage.command("guest_begin")
    stage.wait(12, (make_face(emotion),))
    stage.command("guest_end")


def sums(stage: Stage) -> dict[str, int]:
    """Of all days."""
    return {mood: n for day in stage.core.guest.tally.days for mood, n in day.moods.items()}


def test_moods_are_counted_five_guests_at_a_time() -> None:
    """Until then nothing changes that anybody could look at."""
    stage = cafe()
    for guests in range(1, 12):
        visit(stage, "happiness" if guests % 3 else "sadness")
        assert sum(sums(stage).values()) == guests // 5 * 5
    assert sums(stage) == {"positive": 7, "negative": 3}
    stage.command("erase_history")
    assert sums(stage) == {}


def test_a_mood_by_hand_counts_once_and_a_mere_goodbye_not_at_all() -> None:
    """The kiosk says goodbye again when its screen goes back."""
    stage = cafe()
    for _ in range(5):
        stage.command("mood", "calm")
        stage.command("guest_end")
        stage.command("guest_end")
    assert sums(stage) == {"neutral": 5}


def test_sums_are_kept_by_the_day_and_for_a_month() -> None:
    """By the clock on the wall; the oldest go."""
    tally = Tally()
    for day in range(40):
        for _ in range(5):
            tally.add(MoodClass.POSITIVE, 20_000 + day)
    assert len(tally.days) == 31
    assert tally.days[-1] == DayTotals(day="2024-11-12", moods={"positive": 5})


OF_A_SESSION = re.compile(r"\b(positive|negative|happy|sad|valence|arousal|happiness|sadness)\b")


def test_a_cafe_stores_nothing_of_a_single_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The whole program with its disk: store, bookmark and log, after a guest with two moods."""
    recording = tmp_path / "events.jsonl"
    settings = msgspec.structs.replace(
        CAFE,
        music_folder=str(tmp_path / "music"),
        state_folder=str(tmp_path / "state"),
        vision_socket=str(tmp_path / "vision.sock"),
        record=RecordSettings(events_file=str(recording)),
    )
    clock = HandClock()
    song = tmp_path / "music" / "song.wav"
    song.parent.mkdir()
    song.write_bytes(music())
    track = Track(id=track_id(song.parent, song), title="Song", valence=0.5, arousal=0.1)
    found = song.stat()
    store = Store(tmp_path / "state" / "device.sqlite")
    store.upsert([Entry(track=track, path=song, mtime_ns=found.st_mtime_ns, size=found.st_size)])
    store.close()
    app = App(
        settings,
        lambda put: (FakePlayer(put, durations={track.id: 60.0}), "fake"),
        clock=clock.now,
        unix_clock=lambda: 1e9 + clock.now(),
    )
    running = threading.Thread(target=app.run)
    with caplog.at_level(logging.DEBUG):
        running.start()
        for name, argument in (
            ("mounting", "confirmed"),
            ("guest_begin", ""),
            ("mood", "happy"),
            ("play_track", track.id),
            ("like", ""),
            ("not_this", ""),
            ("mood", "sad"),
            ("guest_end", ""),
        ):
            app.answers.command(name, argument, patience_seconds=30)
        app.end()
        running.join(30)
    assert not recording.exists()
    assert [r.message for r in caplog.records if OF_A_SESSION.search(r.message)] == []
    database = sqlite3.connect(tmp_path / "state" / "device.sqlite")
    rows = [
        (table, str(row))
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if table != "tracks"  # what a song sounds like is no guest's
        for row in database.execute(f"SELECT * FROM {table}")  # noqa: S608 - its own names
    ]
    database.close()
    assert {table for table, _ in rows} >= {"settings", "interactions", "opinions"}
    told = {table: OF_A_SESSION.findall(text) for table, text in rows if table != "heard"}
    assert not any(told.values()), told


@pytest.mark.parametrize("name", ["guest_begin", "mounting", "pin_reset"])
def test_over_mqtt_nobody_can_say_that_a_notice_was_read(name: str) -> None:
    """Only who stands before the device can."""
    given: list[object] = []
    commands = MqttCommands("cafe", given.append, lambda: 0.0)
    topic = of_device("cafe", f"{COMMAND}/{name}")
    assert commands.receive(Publication(topic=topic, payload=b"confirmed"))
    assert given == []


def wished(settings_change: dict[str, object], **track: object) -> effects.Answered:
    """What comes of wishing for a track of this kind."""
    library = make_library(8)
    wanted = TrackId("f" * 16)
    library[wanted] = Track(id=wanted, title="Wanted", valence=-1.0, arousal=-1.0, **track)  # type: ignore[arg-type] # named by the test
    stage = Stage(msgspec.structs.replace(CAFE, **settings_change), library)
    stage.begin()
    return stage.command("wish", wanted)


def daypart(**changes: object) -> dict[str, object]:
    """All day, with these rules."""
    part = Daypart(name="Brunch", start="00:00", until="00:00", **changes)  # type: ignore[arg-type] # named by the test
    return {"dayparts": (part,)}


def test_a_wish_fits_the_daypart() -> None:
    """Its tags, its words, its quiet."""
    assert not wished(daypart(avoid_tags=("metal",)), tags=("folk",)).refused
    assert "Brunch" in wished(daypart(avoid_tags=("metal",)), tags=("metal",)).text
    assert "explicit" in wished(daypart(allow_explicit=False), explicit=True).text
    assert wished(daypart(quiet=True)).refused


def test_a_song_is_wished_for_once() -> None:
    """While it plays or waits."""
    stage = cafe()
    assert not stage.command("wish", f"{9:016x}").refused
    assert "already" in stage.command("wish", f"{9:016x}").text


def test_wishes_are_counted_by_every_mark_of_a_guest() -> None:
    """A cleared cookie does not help where the address is the same."""
    now = [0.0]
    wishes = Wishes(WishRules, lambda: now[0])
    wishes.granted(["cookie", "10.0.0.7"])
    now[0] = 300.0
    assert wishes.wait_seconds(["another", "10.0.0.7"]) == 600.0
    assert wishes.wait_seconds(["another", "10.0.0.8"]) == 0.0


def test_the_pin_command_sets_and_forgets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From standard input, by chance, or none at all; its errors say what a PIN is."""
    settings = tmp_path / "device.toml"
    settings.write_text(f'state_folder = "{tmp_path / "state"}"\n')
    named = ["--settings", str(settings)]
    monkeypatch.setattr("sys.stdin", io.StringIO("482913\n"))
    assert pin_command.run(named) == 0
    pins = staff_pin.StaffPin(tmp_path / "state", lambda: 0.0)
    assert pins.check("482913")
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n"))
    assert pin_command.run(named) == 1
    assert "6 to 12 digits" in capsys.readouterr().err
    assert pin_command.run([*named, "--new"]) == 0
    shown = capsys.readouterr().out
    assert pins.check("".join(c for c in shown.split(";")[0] if c.isdigit()))
    assert pin_command.run([*named, "--forget"]) == 0
    assert not pins.is_set
