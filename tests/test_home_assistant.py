"""Discovery by Home Assistant, and what it is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.bus import Publication
from contracts.home import HomeState
from contracts.messages import Choice, DeviceEventKind, Playback, State
from contracts.mood import Mood, MoodClass
from contracts.release_state import WISH, ReleaseState
from contracts.track import TrackId
from device.commands import COMMANDS, checked
from device.frontends.home_assistant.entities import discovery_payload, discovery_topic
from device.frontends.home_assistant.sharing import (
    AT_MOST_EVERY_SECONDS,
    SEEN_EVERY_SECONDS,
    TOLD_EVERY_SECONDS,
    Sharing,
    cpu_celsius,
)
from device.frontends.home_assistant.table import BEGIN, PAGE, with_table
from device.frontends.opening import Frontends
from device.settings import DeviceSettings, HomeAssistantSettings, WebSettings
from device.status import Controls, NowPlaying, Status
from device.vision.fakes import HandClock

ROOT = Path(__file__).parents[1]
BASE = "mlfym/v1/d1/"
CONFIG = "homeassistant/device/mlfym_d1/config"
SETTINGS = DeviceSettings(device_id="d1")
SONG = TrackId("00000000000000aa")
PLAYING = Status(
    state=State(
        playback=Playback.PLAYING,
        playing=Choice(track=SONG, title="노래", artist="Artist", reason="you liked it"),
        volume=0.4,
        mood=Mood(mood=MoodClass.POSITIVE, confidence=0.93),
        camera="on",
    ),
    controls=Controls(now=NowPlaying(album="Album"), somebody_seen=True, volume_ceiling=0.8),
)


def payload() -> dict[str, Any]:
    return dict(json.loads(discovery_payload("d1", "1.0")))


class House:
    """A device's sharing, and what it published."""

    def __init__(self, settings: DeviceSettings = SETTINGS) -> None:
        self.clock, self.told, self.broker = HandClock(), list[Publication](), True
        self.release: ReleaseState | None = None
        self.sharing = Sharing(
            settings,
            self.publish,
            {SONG: b"\xff\xd8picture"}.get,
            self.clock.now,
            version="1.0",
            celsius=lambda: 41.5,
            release=lambda: self.release,
        )

    def publish(self, publication: Publication) -> bool:
        if self.broker:
            self.told.append(publication)
        return self.broker

    def on(self, topic: str) -> list[Publication]:
        return [p for p in self.told if p.topic == topic]

    def later(self, seconds: float, status: Status) -> None:
        self.clock.wait(seconds)
        self.sharing.show(status)
        self.sharing.join()


def test_all_entities_are_there() -> None:
    """Every one that a home may want, each with its platform and an id that stays."""
    components = payload()["cmps"]
    assert {(c["p"], name) for name, c in components.items()} == {
        *(("sensor", n) for n in ("playback", "title", "mood", "confidence", "cpu_temperature")),
        *(("binary_sensor", n) for n in ("listener_present", "recommender_online")),
        *(("switch", n) for n in ("camera", "auto_play", "mute")),
        *(("number", n) for n in ("volume", "volume_limit")),
        *(("select", n) for n in ("mood_override", "policy")),
        *(
            ("button", n)
            for n in ("play_pause", "next", "previous", "more_like_this", "ban", "restart")
        ),
        ("image", "cover"),
        ("event", "happening"),
        ("update", "update"),
    }
    assert len({c["uniq_id"] for c in components.values()}) == len(components)
    for name, component in components.items():
        assert component["def_ent_id"] == f"{component['p']}.mlfym_d1_{name}"
        assert "object_id" not in component
        assert "obj_id" not in component


def test_the_device_is_whole() -> None:
    """Without origin or device Home Assistant drops all of it."""
    told = payload()
    assert set(told) == {"dev", "o", "avty", "stat_t", "qos", "cmps"}
    assert told["o"]["name"]
    assert told["dev"]["ids"] == ["mlfym_d1"]
    assert told["avty"] == [{"t": f"{BASE}availability"}]
    assert told["stat_t"] == f"{BASE}home"


def test_every_control_gives_a_command_that_the_device_takes() -> None:
    """A switch its two words, a number its bounds, a select each option, a button nothing."""
    controls = [c for c in payload()["cmps"].values() if "cmd_t" in c]
    assert len(controls) == 13
    for control in controls:
        name = control["cmd_t"].removeprefix(f"{BASE}command/")
        assert name in COMMANDS
        said = control.get("ops") or [
            str(control[key])
            for key in ("pl_on", "pl_off", "pl_prs", "min", "max")
            if key in control
        ]
        assert said
        for argument in said:
            checked(name, argument)


def test_every_value_that_is_read_is_told() -> None:
    """A template names only keys of the state; every kind of event is known."""
    keys = set(HomeState.__struct_fields__)
    for component in payload()["cmps"].values():
        if component["p"] == "event":
            assert component["evt_typ"] == [str(kind) for kind in DeviceEventKind]
            continue
        for template in (component.get("val_tpl", ""), component.get("json_attr_tpl", "")):
            for part in template.split("value_json.")[1:]:
                word = "".join(c if c.isalnum() or c == "_" else " " for c in part).split()[0]
                assert word in keys


def test_everything_is_told_when_the_broker_comes() -> None:
    """Discovery and state are retained, at QoS 1."""
    house = House()
    house.sharing.link_up()
    house.later(1, PLAYING)
    (found,) = house.on(CONFIG)
    (state,) = house.on(f"{BASE}home")
    (cover,) = house.on(f"{BASE}cover")
    assert json.loads(found.payload) == payload()
    assert all(p.retain for p in house.told)
    assert (found.qos, state.qos, cover.qos) == (1, 1, 0)
    assert cover.payload == b"\xff\xd8picture"
    assert json.loads(state.payload) == {
        "playback": "playing",
        "title": "노래",
        "artist": "Artist",
        "album": "Album",
        "reason": "you liked it",
        "tier": "defaults",
        "volume": 40,
        "volume_limit": 80,
        "muted": False,
        "auto_play": True,
        "camera": True,
        "mood": "positive",
        "mood_word": "auto",
        "confidence": 93,
        "policy": "lift",
        "listener_present": True,
        "recommender_online": False,
        "unkept": "",
        "cpu_celsius": 41.5,
        "version": "1.0",
        "latest_version": "1.0",
        "release_summary": "",
        "updating": False,
        "update_percent": None,
    }


def test_all_is_told_again_when_home_assistant_comes() -> None:
    """It says so on its status topic; that it goes changes nothing."""
    house = House()
    house.sharing.link_up()
    house.later(1, PLAYING)
    before = len(house.told)
    assert house.sharing.receive(Publication(topic="homeassistant/status", payload=b"offline"))
    house.later(1, PLAYING)
    assert len(house.told) == before
    assert house.sharing.receive(Publication(topic="homeassistant/status", payload=b"online"))
    house.later(1, PLAYING)
    assert len(house.told) == 2 * before
    assert not house.sharing.receive(Publication(topic=f"{BASE}command/next"))


def test_the_device_is_removed_by_an_empty_retained_message() -> None:
    """And stays so when Home Assistant starts anew, until it is wanted back."""
    house = House()
    house.sharing.discover(on=False)
    assert house.on(CONFIG) == [Publication(topic=CONFIG, payload=b"", retain=True)]
    house.sharing.link_up()
    assert len(house.on(CONFIG)) == 1
    house.sharing.discover(on=True)
    assert json.loads(house.on(CONFIG)[-1].payload) == payload()


def test_discovery_can_be_left_out_and_moved() -> None:
    """By the settings."""
    quiet = msgspec.structs.replace(SETTINGS, home_assistant=HomeAssistantSettings(discovery=False))
    house = House(quiet)
    house.sharing.link_up()
    assert house.told == []
    moved = HomeAssistantSettings(prefix="ha")
    house = House(msgspec.structs.replace(SETTINGS, home_assistant=moved))
    house.sharing.link_up()
    assert house.told[0].topic == discovery_topic("ha", "d1") == "ha/device/mlfym_d1/config"
    assert house.sharing.receive(Publication(topic="ha/status", payload=b"online"))


def test_only_what_is_new_is_told_and_a_mood_does_not_run_out() -> None:
    """Twice a second at most, once a minute at least."""
    house = House()
    house.later(1, PLAYING)
    assert len(house.on(f"{BASE}home")) == 1
    louder = msgspec.structs.replace(
        PLAYING, state=msgspec.structs.replace(PLAYING.state, volume=0.5)
    )
    house.later(AT_MOST_EVERY_SECONDS / 2, louder)
    assert len(house.on(f"{BASE}home")) == 1
    house.later(AT_MOST_EVERY_SECONDS, louder)
    house.later(TOLD_EVERY_SECONDS / 2, louder)
    assert len(house.on(f"{BASE}home")) == 2
    house.later(TOLD_EVERY_SECONDS / 2, louder)
    assert len(house.on(f"{BASE}home")) == 3
    assert payload()["cmps"]["mood"]["exp_aft"] > TOLD_EVERY_SECONDS


def test_what_was_not_told_is_told_later() -> None:
    """A broker that was away hears the newest."""
    house = House()
    house.broker = False
    house.later(1, PLAYING)
    house.broker = True
    house.later(1, PLAYING)
    assert len(house.on(f"{BASE}home")) == 1
    assert len(house.on(f"{BASE}cover")) == 1


def test_a_track_without_a_picture_takes_the_last_one_away() -> None:
    """Nobody sees another song's cover."""
    house = House()
    house.later(1, PLAYING)
    other = msgspec.structs.replace(
        PLAYING,
        state=msgspec.structs.replace(
            PLAYING.state, playing=Choice(track=TrackId("00000000000000bb"), title="Other")
        ),
    )
    house.later(1, other)
    assert [p.payload for p in house.on(f"{BASE}cover")] == [b"\xff\xd8picture", b""]


def test_of_a_cafe_s_guests_nothing_is_told() -> None:
    """No mood, no confidence, nobody there."""
    house = House(msgspec.structs.replace(SETTINGS, web=WebSettings(cafe=True)))
    said = msgspec.structs.replace(PLAYING.controls, mood_word="sad")
    house.later(1, msgspec.structs.replace(PLAYING, controls=said))
    state = json.loads(house.on(f"{BASE}home")[0].payload)
    assert (state["mood"], state["confidence"], state["mood_word"]) == ("unknown", 0, "auto")
    assert not state["listener_present"]
    assert state["title"] == "노래"


def test_a_newer_release_is_told_and_offered_where_there_is_an_updater() -> None:
    """What the updater says; without one nothing can be installed from there."""
    house = House()
    house.sharing.link_up()
    assert "cmd_t" not in json.loads(house.on(CONFIG)[0].payload)["cmps"]["update"]
    house.release = ReleaseState(latest="1.1", summary="x" * 300, phase="checking", percent=90)
    house.sharing.link_up()
    update = json.loads(house.on(CONFIG)[1].payload)["cmps"]["update"]
    assert update["cmd_t"] == f"{BASE}command/update"
    checked("update", update["pl_inst"])
    house.later(1, PLAYING)
    state = msgspec.json.decode(house.on(f"{BASE}home")[0].payload, type=HomeState)
    assert (state.version, state.latest_version) == ("1.0", "1.1")
    assert len(state.release_summary) == 255
    assert (state.updating, state.update_percent) == (True, 90)


def test_a_release_that_comes_later_is_told(tmp_path: Path) -> None:
    """As soon as the updater's file says so; a wish for it is an empty file."""
    house = House()
    house.later(1, PLAYING)
    house.release = ReleaseState(latest="1.1")
    house.later(SEEN_EVERY_SECONDS, PLAYING)
    assert b'"latest_version":"1.1"' in house.on(f"{BASE}home")[-1].payload
    Frontends([], house.sharing, lambda: None, tmp_path).ask_for_release()
    assert (tmp_path / WISH).read_bytes() == b""


def test_an_update_that_cannot_be_asked_for_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The music goes on."""
    Frontends([], House().sharing, lambda: None, tmp_path / "none").ask_for_release()
    assert "no update can be asked for" in caplog.text


def test_the_processor_s_temperature(tmp_path: Path) -> None:
    """As Linux tells it, in thousandths; none where there is no sensor."""
    zone = tmp_path / "temp"
    assert cpu_celsius(zone) is None
    zone.write_text("48312\n")
    assert cpu_celsius(zone) == 48.5


def test_the_media_player_is_made_of_what_there_is() -> None:
    """Every entity and every command that its YAML names."""
    text = (ROOT / "docs" / "universal_media_player.yaml").read_text("utf-8")
    there = {c["def_ent_id"] for c in json.loads(discovery_payload("mlfym", "1"))["cmps"].values()}
    named = set(re.findall(r"\b[a-z]+\.mlfym_mlfym_\w+", text))
    assert len(named) >= 8
    assert named <= there
    commands = set(re.findall(r"mlfym/v1/mlfym/command/(\w+)", text))
    assert len(commands) >= 4
    assert commands <= set(COMMANDS)


def test_the_page_tells_of_every_entity() -> None:
    """Its table is the one that the payload makes."""
    page = PAGE.read_text("utf-8")
    assert BEGIN in page
    assert with_table(page) == page, "python -m device.frontends.home_assistant.table"
    assert all(component["name"] in page for component in payload()["cmps"].values())
