"""Commands over MQTT."""

from __future__ import annotations

import pytest

from contracts.bus import Publication
from device.events import CommandGiven, Event
from device.mqtt_commands import MAX_ARGUMENT_BYTES, MqttCommands
from device.vision.fakes import HandClock

BASE = "mlfym/v1/d1/command"


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def commands(told: list[Event]) -> MqttCommands:
    return MqttCommands("d1", told.append, HandClock().now)


def test_a_message_becomes_a_command(commands: MqttCommands, told: list[Event]) -> None:
    """The topic's last word is its name, the payload its argument."""
    assert commands.subscription == f"{BASE}/+"
    assert commands.receive(Publication(topic=f"{BASE}/next"))
    assert commands.receive(Publication(topic=f"{BASE}/tags", payload="잔잔한".encode()))
    assert told == [
        CommandGiven(at=100.0, name="next"),
        CommandGiven(at=100.0, name="tags", argument="잔잔한"),
    ]


def test_other_topics_are_left_to_others(commands: MqttCommands, told: list[Event]) -> None:
    """Another leaf, and another device's command."""
    for topic in ("mlfym/v1/d1/pack", "mlfym/v1/d2/command/next", "mlfym/v1/d1/commands"):
        assert not commands.receive(Publication(topic=topic))
    assert told == []


@pytest.mark.parametrize(
    ("publication", "said"),
    [
        (Publication(topic=f"{BASE}/next", retain=True), "without retain"),
        (Publication(topic=f"{BASE}/fly"), "there are announce, another"),
        (Publication(topic=f"{BASE}/"), "no command ''"),
        (Publication(topic=f"{BASE}/volume", payload=b"loud"), "0 to 100"),
        (Publication(topic=f"{BASE}/volume", payload=b"9" * 5000), "4096 bytes"),
        (Publication(topic=f"{BASE}/volume", payload=b"9" * 4096), "volume"),
        (Publication(topic=f"{BASE}/volume", payload=b"\xff\xfe"), "0 to 100"),
        (Publication(topic=f"{BASE}/tags", payload=b"x" * (MAX_ARGUMENT_BYTES + 1)), "4096"),
    ],
)
def test_what_is_no_command_is_dropped_and_said(
    commands: MqttCommands,
    told: list[Event],
    publication: Publication,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Core hears nothing of it; the log says what would be right."""
    assert commands.receive(publication)
    assert told == []
    assert "commands over MQTT refused" in caplog.text
    assert said in caplog.text
