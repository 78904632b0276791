"""docs/protocol.md is what the programs speak."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cli import protocol
from contracts import topics
from contracts.bus import Publication
from contracts.home import HomeState
from contracts.messages import Message, encode
from device.commands import COMMANDS, CommandError, checked
from device.events import Event
from device.mqtt_commands import AT_THE_DEVICE, MqttCommands
from device.vision.fakes import HandClock
from tests.contract_values import structs_of

ARGUMENTS = {
    "answer": "1",
    "era": "90s",
    "masks": "none",
    "mood": "calm 60",
    "queue_move": "1 2",
    "queue_remove": "1",
    "seek": "+10",
    "sleep": "30",
    "tags": "jazz",
    "volume": "40",
    "volume_ceiling": "80",
    "announce": "bell.wav",
    "dayparts": "none",
    "wishes": "open",
}
TRACK = "00000000000000aa"


def test_the_page_is_the_present_one() -> None:
    """`./mlfym protocol` would change nothing."""
    assert protocol.PAGE.read_text(encoding="utf-8") == protocol.page()


def test_an_old_page_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` tells a page that was written by hand, and writing mends it."""
    page = ["--page", str(tmp_path / "protocol.md")]
    assert protocol.run(["--check", *page]) == 1
    assert "run ./mlfym protocol" in capsys.readouterr().err
    assert protocol.run(page) == 0
    assert protocol.run(["--check", *page]) == 0


def test_no_topic_is_forgotten() -> None:
    """Every leaf that contracts names is on the page."""
    leaves = {
        value
        for name, value in vars(topics).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("_")
    } - {topics.ROOT, topics.SERVER_AVAILABILITY, topics.COMMAND}
    assert leaves == {row.leaf for row in protocol.TOPICS} - {"command/<name>"}


def test_no_message_is_forgotten() -> None:
    """Every struct of the wire is reached from a topic."""
    assert set(structs_of(Message)) <= set(protocol.message_kinds())


def test_every_key_of_every_message_is_told() -> None:
    """With its name as it travels."""
    page = protocol.page()
    for kind in protocol.message_kinds():
        section = page.partition(f"### {kind.__name__}\n")[2].partition("\n### ")[0]
        for field in msgspec.structs.fields(kind):
            assert f"| `{field.encode_name}` |" in section


def test_home_automation_gets_every_key() -> None:
    """What is at its default is sent too, so that templates never meet a gap."""
    assert set(msgspec.json.decode(encode(HomeState()))) == set(HomeState.__struct_fields__)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_can_be_given_over_mqtt(name: str) -> None:
    """But for those that need a person before the device; and the page names it."""
    told: list[Event] = []
    commands = MqttCommands("d1", told.append, HandClock().now)
    command = COMMANDS[name]
    argument = ARGUMENTS.get(name) or (command.choices[0] if command.choices else "")
    try:
        checked(name, argument)
    except CommandError:
        argument = TRACK  # what is left wants a track
    topic = f"mlfym/v1/d1/command/{name}"
    assert commands.receive(Publication(topic=topic, payload=argument.encode()))
    assert len(told) == (0 if name in AT_THE_DEVICE else 1)
    assert f"| `{name}` |" in protocol.page()
