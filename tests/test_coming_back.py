"""What survives a restart, what was recorded, what was heard."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import unicodedata
from pathlib import Path

import msgspec
import pytest

from bench.days import live
from cli import erase, history, replay
from cli.week_plot import HEARD, SKIPPED, week_plot
from contracts.messages import Interaction, InteractionKind, Playback
from contracts.settings import load_settings, to_toml
from contracts.track import Track, TrackId
from contracts.vision_wire import Box
from device import effects, events, opinions
from device.bookmark import Bookmark
from device.browse import BrowseQuery, Shelves
from device.dayparts import Daypart
from device.history import by_hour, read_history
from device.recorder import Recorder
from device.replaying import replay as replayed
from device.session import Hold, Session
from device.settings import CameraSettings, DeviceSettings, MusicSettings, RecordSettings
from device.starting import restored
from device.store import Entry, Store
from device.store_schema import MIGRATIONS
from tests.stage import QUESTIONS, QUICK, Stage, make_face, make_library


def ids(*numbers: int) -> list[TrackId]:
    return [TrackId(f"{number:016x}") for number in numbers]


# Sessions


def cut_off(stage: Stage, position: float) -> Stage:
    """The power goes, and comes back: another core with what was kept."""
    kept = [e.session for e in stage.of(effects.Keep)]
    again = Stage(QUICK, dict(stage.library))
    again.at = 5000.0
    again.happen(events.Tick(at=again.at, unix_seconds=1e9 + stage.at + 60))
    session = msgspec.json.decode(msgspec.json.encode(kept[-1]), type=Session)
    again.happen(events.Restored(at=again.at, session=session, position_seconds=position))
    return again


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.happen(events.Tick(at=stage.at, unix_seconds=1e9 + stage.at))
    stage.happen(events.Restored(at=stage.at))
    stage.begin()
    return stage


def test_after_a_power_cut_it_goes_on_where_it_was(stage: Stage) -> None:
    """Same track, place, queue, volume, mood and wishes; at once, asking nobody."""
    stage.command("queue_add", "0000000000000007 0000000000000003")
    stage.command("volume", "35")
    stage.command("mood", "calm 30")
    stage.command("repeat", "track")
    again = cut_off(stage, 31.5)
    assert again.plays == [effects.Play(track=stage.plays[-1].track, start_seconds=31.5)]
    assert again.core.playlist.upcoming == stage.core.playlist.upcoming
    assert again.core.volume.level == 0.35
    assert again.core.repeat == "track"
    assert again.asks == []
    again.happen(events.TrackStarted(at=again.at + 1, track=again.plays[0].track))
    assert again.core.deck.position_seconds(again.at + 2) == pytest.approx(32.5)
    assert again.core.believed.chosen_by_hand
    again.wait(30 * 60 - 50)
    assert not again.core.believed.chosen_by_hand


def test_a_pause_stays_one_over_a_power_cut(stage: Stage) -> None:
    """And `play` goes on from the place; what was played lately is still barred."""
    stage.command("next")
    stage.command("pause")
    again = cut_off(stage, 12.0)
    assert again.plays == []
    assert again.core.deck.playback is Playback.PAUSED
    assert again.core.hold is Hold.LISTENER
    again.command("seek", "+3")
    assert again.of(effects.Seek) == []  # the player has yet to be given the track
    again.command("play")
    assert again.plays == [effects.Play(track=stage.plays[-1].track, start_seconds=15.0)]
    assert set(again.core.playlist.barred(again.at)) == {play.track for play in stage.plays}


def test_a_track_that_is_gone_is_followed_by_another(stage: Stage) -> None:
    """Its file may have been deleted meanwhile."""
    del stage.library[stage.plays[-1].track]
    again = cut_off(stage, 12.0)
    again.happen(events.LibraryChanged(at=again.at, tracks=tuple(again.library)))
    assert again.core.deck.playback is Playback.PLAYING
    assert again.plays[-1].track in again.library


def test_bans_count_again_after_a_restart(tmp_path: Path) -> None:
    """They are read out of the store, whichever tier ranks and however old they are."""
    store = Store(tmp_path / "device.sqlite")
    opinions.judge(store, ids(3)[0], "banned")
    opinions.judge(store, ids(5)[0], "liked")
    opinions.judge(store, ids(7)[0], "banned")
    opinions.judge(store, ids(7)[0], "")
    event = restored(store, Bookmark(tmp_path / "position"), 1.0)
    assert (event.banned, event.liked) == (tuple(ids(3)), tuple(ids(5)))
    again = Stage()
    again.happen(event)
    again.begin()
    assert ids(3)[0] in again.asks[-1].query.exclude
    assert again.core.playlist.is_refused(ids(3)[0])


def test_opinions_of_an_older_store_are_taken_over(tmp_path: Path) -> None:
    """The last word on each track, out of what was remembered before there was a table."""
    file = tmp_path / "device.sqlite"
    with sqlite3.connect(file) as old:
        for version, script in enumerate(MIGRATIONS[:2], start=1):
            old.executescript(script)
            old.execute(f"PRAGMA user_version = {version}")
        told = [(1, "banned"), (2, "liked"), (1, "liked"), (3, "banned"), (4, "skipped")]
        for number, (track, kind) in enumerate(told):
            done = Interaction(
                id=f"b-{number}",
                track=ids(track)[0],
                kind=InteractionKind(kind),
                at_unix_seconds=float(number),
            )
            row = (done.id, msgspec.json.encode(done))
            old.execute("INSERT INTO interactions (id, interaction) VALUES (?, ?)", row)
    old.close()
    store = Store(file)
    assert opinions.judged(store, "liked") == tuple(ids(1, 2))
    assert opinions.judged(store, "banned") == tuple(ids(3))
    assert len(store.history()) == 5


def test_a_session_of_the_future_costs_itself_alone(tmp_path: Path) -> None:
    """What cannot be read is said, and the music begins anew."""
    store = Store(tmp_path / "device.sqlite")
    store.put("session", '{"playback": "dancing"}')
    assert restored(store, Bookmark(tmp_path / "position"), 1.0).session is None


@pytest.mark.parametrize("spoilt", [b"", b"\0" * 40, b"0000000000000001 x\n", b"\xff"])
def test_a_bookmark_is_of_one_track_and_may_be_spoilt(tmp_path: Path, spoilt: bytes) -> None:
    """Then the track begins anew."""
    file = tmp_path / "position"
    mark = Bookmark(file)
    mark.write(ids(1)[0], 100.25, at=0.0)
    mark.write(ids(1)[0], 101.0, at=1.0)  # too soon
    assert mark.read(ids(1)[0]) == 100.25
    mark.write(ids(1)[0], 5.0, at=2.0)
    assert (mark.read(ids(1)[0]), mark.read(ids(2)[0])) == (5.0, 0.0)
    file.write_bytes(spoilt)
    assert mark.read(ids(1)[0]) == 0.0


def test_a_bookmark_spares_the_disk(tmp_path: Path) -> None:
    """In memory every 2 s, for a crash; on the disk every 60 s and at the end, for the power."""
    disk, memory = tmp_path / "position", tmp_path / "memory"
    memory.mkdir()
    mark = Bookmark(disk, memory)
    for second in range(70):
        mark.write(ids(1)[0], float(second), at=float(second))
    assert Bookmark(disk, memory).read(ids(1)[0]) == 68.0
    assert Bookmark(disk).read(ids(1)[0]) == 60.0
    mark.close()
    assert Bookmark(disk, tmp_path / "another boot").read(ids(1)[0]) == 69.0


# Recording and replay


def recorded(file: Path) -> Stage:
    """A session that was recorded."""
    settings = msgspec.structs.replace(QUICK, record=RecordSettings(events_file=str(file)))
    stage = Stage(settings)
    recorder = Recorder(settings, "boot")
    handle = stage.core.handle

    def both(event: events.Event) -> list[effects.Effect]:
        recorder.event(event)
        return handle(event)

    stage.core.handle = both  # type: ignore[method-assign]
    recorder.library(stage.library.values())
    stage.begin()
    stage.wait(8, (make_face("happiness"),))
    stage.command("not_this")
    stage.command("answer", "1")
    stage.command("volume", "400")
    return stage


def test_a_recording_replays_to_the_same_decisions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every effect, and each decision with its reason on the terminal."""
    file = tmp_path / "events.jsonl"
    stage = recorded(file)
    with file.open("rb") as lines:
        steps = list(replayed(lines, QUESTIONS))
    assert [effect for step in steps for effect in step.effects] == stage.done
    assert replay.run([str(file), "--events"]) == 0
    told = capsys.readouterr().out
    assert "plays Song" in told
    assert "happy, like your mood" in told
    assert "believes the mood positive: sure to" in told
    assert "asks defaults (r1): by taste, the mood is unknown" in told
    assert "volume: refused, volume '400': give a number from 0 to 100" in told
    assert "· CommandGiven answer 1" in told


def test_a_recording_holds_no_picture_no_place_and_no_password(tmp_path: Path) -> None:
    """Of the settings only what decides."""
    file = tmp_path / "events.jsonl"
    recorded(file)
    first = json.loads(file.read_bytes().splitlines()[0])["beginning"]
    assert set(first) == {"boot", "mood", "music", "presence", "camera", "dayparts"}
    assert first["camera"]["source"] == CameraSettings().source


def test_a_recording_ends_when_it_is_large_enough(tmp_path: Path) -> None:
    """And by default there is none."""
    file = tmp_path / "events.jsonl"
    record = RecordSettings(events_file=str(file), max_megabytes=0.002)
    recorder = Recorder(DeviceSettings(record=record), "boot")
    for number in range(200):
        recorder.event(events.Tick(at=float(number), unix_seconds=1e9))
    assert 1500 < file.stat().st_size < 2200
    Recorder(DeviceSettings(), "boot").event(events.Tick(at=0.0, unix_seconds=0.0))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello\n", "line 1"),
        (b'{"event":{"type":"Tick","at":1,"unix_seconds":1}}\n', "record.events_file"),
    ],
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path, content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its line; a last line that was cut off only ends a replay."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(content)
    assert replay.run([str(file)]) == 1
    assert said in capsys.readouterr().err
    recorded(file)
    with file.open("ab") as cut:
        cut.write(b'{"event":{"ty')
    assert replay.run([str(file)]) == 0
    with file.open("ab") as more:
        more.write(b'pe"}}\n{}\n')
    assert replay.run([str(file)]) == 1


# History


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    """Settings of a device that heard three tracks; one has left the library since."""
    store = Store(tmp_path / "state" / "device.sqlite")
    tracks = [
        Track(id=ids(n)[0], title=title, artist="가수", isrc=f"KR{n}", duration_seconds=200.0)
        for n, title in enumerate(["노래", "=cmd()", "[b]gone"])
    ]
    store.upsert(Entry(track=t, path=Path(f"/m/{t.id}.ogg"), mtime_ns=1, size=1) for t in tracks)
    kinds = [InteractionKind.COMPLETED, InteractionKind.SKIPPED, InteractionKind.PLAYED]
    for n, kind in enumerate(kinds):
        for what in (kind, InteractionKind.LIKED):
            done = Interaction(
                id=f"b-{n}-{what}",
                track=ids(n)[0],
                kind=what,
                at_unix_seconds=1e9 + 3600 * n + 100,
                position_seconds=100.0,
                valence=0.5 if n else None,
            )
            store.remember(done)
    opinions.judge(store, ids(0)[0], "liked")
    store.remove(ids(2))
    store.close()
    file = tmp_path / "device.toml"
    file.write_text(to_toml(DeviceSettings(state_folder=str(tmp_path / "state"))), "utf-8")
    return file


def test_what_was_heard_is_shown_newest_first(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each track once for each time, gone files with their names."""
    assert history.run(["--settings", str(settings_file)]) == 0
    shown = capsys.readouterr().out
    assert shown.index("[b]gone") < shown.index("=cmd()") < shown.index("노래")
    heard = read_history(settings_file.parent / "state" / "device.sqlite")
    assert [one.began_unix_seconds for one in heard] == [1e9 + 7200, 1e9 + 3600, 1e9]


def test_a_licence_report_can_be_read_by_a_spreadsheet(settings_file: Path) -> None:
    """Oldest first, with what societies ask for, and no cell that would be calculated."""
    file = settings_file.parent / "report.csv"
    assert history.run(["--settings", str(settings_file), "--csv", str(file)]) == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
    assert [row["title"] for row in rows] == ["노래", "'=cmd()", "[b]gone"]
    assert rows[0]["isrc"] == "KR0"
    assert (rows[1]["seconds_played"], rows[1]["how_it_ended"]) == ("100", "skipped")


def test_the_week_is_drawn(settings_file: Path) -> None:
    """A PNG of the hours, with bars where something was heard."""
    file = settings_file.parent / "week.png"
    assert history.run(["--settings", str(settings_file), "--plot", str(file)]) == 0
    assert file.read_bytes().startswith(b"\x89PNG")
    heard = read_history(settings_file.parent / "state" / "device.sqlite")
    hours = by_hour(heard, 1e9, 24)
    assert [(h.heard, h.skipped, h.valence) for h in hours[:3]] == [
        (1, 0, None),
        (1, 1, 0.5),
        (1, 0, 0.5),
    ]
    image = week_plot(hours, 1e9)
    assert image.shape == (620, 1200, 3)
    for colour in (HEARD, SKIPPED):
        assert (image == colour).all(axis=2).any()


def test_one_command_erases_it(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a running device, in its store; likes and bans only when they are meant."""
    file = settings_file.parent / "state" / "device.sqlite"
    assert erase.run(["--settings", str(settings_file)]) == 0
    assert read_history(file) == []
    store = Store(file)
    assert opinions.judged(store, "liked") == tuple(ids(0))
    assert store.rows("SELECT * FROM heard") == []
    store.close()
    assert erase.run(["--settings", str(settings_file), "--all"]) == 0
    assert opinions.judged(Store(file), "liked") == ()
    assert "erased" in capsys.readouterr().out


def test_a_device_that_never_ran_has_no_history(tmp_path: Path) -> None:
    """The error says so, and nothing is made."""
    file = tmp_path / "device.toml"
    file.write_text(f'state_folder = "{tmp_path}/none"\n', "utf-8")
    assert history.run(["--settings", str(file)]) == 1
    assert erase.run(["--settings", str(file)]) == 0
    assert not (tmp_path / "none").exists()


# Getting about


def test_the_library_can_be_gone_about_in() -> None:
    """By artist, album, genre, mood and words, a page at a time."""
    library = make_library(12)
    for n, track in enumerate(list(library.values())):
        library[track.id] = msgspec.structs.replace(
            track,
            album=f"Album {n // 4}",
            number=4 - n % 4,
            genres=("Jazz",) if n % 2 else ("Pop", "jazz"),
        )
    shelves = Shelves(lambda verdict: ids(3) if verdict == "liked" else ())
    shelves.put(library.values())
    albums = shelves.look(BrowseQuery(what="albums"))
    assert [(row.title, row.tracks) for row in albums.rows] == [
        (f"Album {n // 4}", 1) for n in range(12)
    ]
    assert [r.title for r in shelves.look(BrowseQuery(what="genres")).rows] == ["jazz", "Pop"]
    assert shelves.look(BrowseQuery(what="artists")).total == 4
    of_album = shelves.look(BrowseQuery(album="album 0"))
    assert [row.number for row in of_album.rows] == [1, 2, 3, 4]
    page = shelves.look(BrowseQuery(offset=10, limit=5))
    assert (page.total, len(page.rows)) == (12, 2)
    assert [r.id for r in shelves.look(BrowseQuery(only="liked")).rows] == ids(3)
    found = shelves.look(BrowseQuery(text="SONG 11 album")).rows
    assert [row.title for row in found] == ["Song 11"]
    sad = shelves.look(BrowseQuery(mood="sad"))
    assert {row.id for row in sad.rows} == set(ids(3, 7, 11))
    assert shelves.look(BrowseQuery(mood="hungry")).total == 0


def test_korean_is_found_however_it_is_written() -> None:
    """File systems take syllables apart."""
    track = Track(id=ids(1)[0], title=unicodedata.normalize("NFD", "여름 노래"))
    shelves = Shelves(lambda _: ())
    shelves.put([track])
    assert shelves.look(BrowseQuery(text="노래")).total == 1


# Settings, and a life


def test_dayparts_and_masks_survive_the_way_through_toml(tmp_path: Path) -> None:
    """Lists of tables too."""
    settings = DeviceSettings(
        camera=CameraSettings(masks=(Box(left=0.0, top=0.0, width=0.5, height=1.0),)),
        music=MusicSettings(questions_file="q.toml"),
        dayparts=(
            Daypart(name="night", start="23:00", until="07:00", quiet=True),
            Daypart(name="day", start="07:00", until="23:00", volume=0.5, days=("sat", "sun")),
        ),
    )
    file = tmp_path / "device.toml"
    file.write_text(to_toml(settings), "utf-8")
    assert load_settings(file, DeviceSettings) == settings


def test_some_days_of_a_life_keep_every_promise() -> None:
    """`./mlfym bench days` lives through a thousand."""
    life = live(6, seed=7)
    assert life.broken == []
    assert life.tracks > 200
    assert life.commands > life.refused > 0
