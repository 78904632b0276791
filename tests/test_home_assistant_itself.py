"""What the device tells, read by Home Assistant's own code in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.release_state import ReleaseState
from device.frontends.home_assistant.entities import discovery_payload
from device.frontends.home_assistant.sharing import home_state
from device.wish_commands import MOOD_WORDS
from tests.test_home_assistant import PLAYING

ROOT = Path(__file__).parents[1]
PYTHON = os.environ.get("MLFYM_HOME_ASSISTANT_PYTHON", "")
NEWER = ReleaseState(installed="1.0", latest="1.1", summary="more", phase="preparing", percent=40)
ENTITIES = 23
PRESSES: list[list[Any]] = [
    ["async_media_play_pause"],
    ["async_media_play"],
    ["async_media_pause"],
    ["async_media_stop"],
    ["async_media_next_track"],
    ["async_media_previous_track"],
    ["async_set_volume_level", 0.415],
    ["async_volume_up"],
    ["async_volume_down"],
    ["async_mute_volume", True],
    ["async_mute_volume", False],
    ["async_select_source", "calm"],
]

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="MLFYM_HOME_ASSISTANT_PYTHON names no Python that has homeassistant"
)


def asked() -> dict[str, Any]:
    """A good device in two moments of its life, and others that are wrong."""
    good = discovery_payload("mlfym", "1.0", updatable=True)
    unknown, nameless, misspelt = (json.loads(good) for _ in range(3))
    unknown["cmps"]["mood"]["p"] = "media_player"
    del nameless["o"]
    misspelt["cmps"]["mood"]["expires"] = 1
    payloads = {
        "good": good.decode(),
        "unknown": json.dumps(unknown),
        "nameless": json.dumps(nameless),
        "misspelt": json.dumps(misspelt),
    }
    state = home_state(PLAYING, cafe=False, celsius=41.5, version="1.0", release=NEWER)
    states = {"home": msgspec.to_builtins(state), "event": {"kind": "mood_changed"}}
    yaml = str(ROOT / "docs" / "universal_media_player.yaml")
    request = {"payloads": payloads, "states": states}
    return request | {"player": yaml, "seen": "good", "presses": PRESSES}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All that Home Assistant says; asked once, since it takes seconds to load."""
    script = ROOT / "bench" / "home_assistant_check.py"
    done = subprocess.run(
        [PYTHON, str(script)],
        input=json.dumps(asked()),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path_factory.mktemp("home"),
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def wrong(device: dict[str, Any]) -> dict[str, str]:
    """Components that were refused, and why."""
    return {name: one["wrong"] for name, one in device.items() if "wrong" in one}


def test_home_assistant_takes_all_of_it(found: dict[str, Any]) -> None:
    """Its parser the device, each platform's schema its entity, and it drops no key."""
    good = found["payloads"]["good"]
    assert wrong(good) == {}
    assert len(good) == ENTITIES
    shown = {name: one["shows"] for name, one in good.items()}
    assert shown["title"] == "노래"
    assert (shown["playback"], shown["mood"], shown["confidence"]) == ("playing", "positive", "93")
    assert (shown["camera"], shown["mute"], shown["recommender_online"]) == ("ON", "OFF", "OFF")
    assert (shown["volume"], shown["volume_limit"], shown["policy"]) == ("40", "80", "lift")
    assert json.loads(shown["happening"])["event_type"] == "mood_changed"


def test_home_assistant_sees_what_is_wrong(found: dict[str, Any]) -> None:
    """A platform that MQTT has not, a device without origin, a key that no schema has."""
    read = found["payloads"]
    refused = ["device"] if found["devices"] else ["mood"]
    assert list(wrong(read["unknown"])) == refused
    assert list(wrong(read["nameless"])) == ["device"]
    assert "it drops expires" in wrong(read["misspelt"])["mood"]


def test_home_assistant_offers_a_newer_release(found: dict[str, Any]) -> None:
    """What the updater says goes through its own reading of an update's state."""
    assert found["payloads"]["good"]["update"]["shows"] == "on"


def test_the_media_player_shows_what_plays(found: dict[str, Any]) -> None:
    """Title, artist, cover, volume and the moods as sources, by the universal player's code."""
    needs_devices(found)
    shown = found["player"]["shows"]
    assert shown.pop("source_list") == list(MOOD_WORDS)
    assert shown == {
        "state": "playing",
        "volume_level": 0.4,
        "is_volume_muted": False,
        "source": "auto",
        "media_title": "노래",
        "media_artist": "Artist",
        "media_album_name": "Album",
        "entity_picture": "/api/image_proxy/cover",
    }


def test_every_key_of_the_media_player_does_something(found: dict[str, Any]) -> None:
    """Exactly one action each, with the values that the device takes."""
    needs_devices(found)
    base = "mlfym/v1/mlfym/command"

    def press(name: str) -> list[Any]:
        return ["button.press", {"entity_id": [f"button.mlfym_mlfym_{name}"]}]

    def say(name: str, payload: str = "") -> list[Any]:
        return ["mqtt.publish", {"topic": f"{base}/{name}", "payload": payload}]

    mute, volume = ["switch.mlfym_mlfym_mute"], ["number.mlfym_mlfym_volume"]
    mood = ["select.mlfym_mlfym_mood_override"]
    assert [pressed for (pressed,) in found["player"]["became"]] == [
        press("play_pause"),
        say("play"),
        say("pause"),
        say("stop"),
        press("next"),
        press("previous"),
        ["number.set_value", {"value": 42, "entity_id": volume}],
        say("volume", "+5"),
        say("volume", "-5"),
        ["switch.turn_on", {"entity_id": mute}],
        ["switch.turn_off", {"entity_id": mute}],
        ["select.select_option", {"option": "calm", "entity_id": mood}],
    ]


def needs_devices(found: dict[str, Any]) -> None:
    """The player is written for the releases that know device payloads."""
    if not found["devices"]:
        pytest.skip(f"Home Assistant {found['version']} is older than device payloads")
