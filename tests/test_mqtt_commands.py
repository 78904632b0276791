"""Commands over MQTT."""

from __future__ import annotations

import pytest

from contracts.bus import Publication
from contracts.command_answer import CommandAnswer
from contracts.messages import decode
from device.effects import Answered
from device.events import CommandGiven, Event
from device.mqtt_commands import MAX_ARGUMENT_BYTES, MqttCommands
from device.vision.fakes import HandClock

BASE = "mlfym/v1/d1/command"


@pytest.fixture
def told() -> list[Event]:
    return []


class Answers(list[Publication]):
    """What was told on the bus."""

    def publish(self, publication: Publication) -> bool:
        self.append(publication)
        return True

    def taken(self) -> list[CommandAnswer]:
        """Since the last look."""
        assert {publication.topic for publication in self} <= {"mlfym/v1/d1/answer"}
        told = [decode(publication.payload, CommandAnswer) for publication in self]
        self.clear()
        return told


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def commands(told: list[Event], answers: Answers) -> MqttCommands:
    return MqttCommands("d1", told.append, HandClock().now, answers.publish)


def test_a_message_becomes_a_command(commands: MqttCommands, told: list[Event]) -> None:
    """The topic's last word is its name, the payload its argument."""
    assert commands.subscription == f"{BASE}/+"
    assert commands.receive(Publication(topic=f"{BASE}/next"))
    assert commands.receive(Publication(topic=f"{BASE}/tags", payload="잔잔한".encode()))
    assert told == [
        CommandGiven(at=100.0, name="next", ticket="m1"),
        CommandGiven(at=100.0, name="tags", argument="잔잔한", ticket="m2"),
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


def test_whoever_commands_is_told_what_came_of_it(
    commands: MqttCommands, told: list[Event], answers: Answers
) -> None:
    """Done or refused by core, each with the correlation data of its own command."""
    for name, correlation in (("next", b"one"), ("like", b"two")):
        commands.receive(Publication(topic=f"{BASE}/{name}", correlation=correlation))
    first, second = (event.ticket for event in told if isinstance(event, CommandGiven))
    commands.answered(Answered(name="like", text="nothing plays", refused=True, ticket=second))
    commands.answered(Answered(name="next", text="the next", ticket=first))
    assert [answer.correlation for answer in answers] == [b"two", b"one"]
    assert answers.taken() == [
        CommandAnswer(command="like", text="nothing plays", refused=True),
        CommandAnswer(command="next", text="the next"),
    ]


def test_a_refusal_before_core_hears_of_it_is_told_too(
    commands: MqttCommands, answers: Answers
) -> None:
    """With its reason and the correlation data; a retained command has nobody to tell."""
    commands.receive(Publication(topic=f"{BASE}/volume", payload=b"loud", correlation=b"c"))
    assert [answer.correlation for answer in answers] == [b"c"]
    (answer,) = answers.taken()
    assert (answer.command, answer.refused) == ("volume", True)
    assert "0 to 100" in answer.text
    commands.receive(Publication(topic=f"{BASE}/next", retain=True))
    assert answers.taken() == []


def test_what_was_not_commanded_over_mqtt_is_not_told_there(
    commands: MqttCommands, answers: Answers
) -> None:
    """The page's answers are the page's; an answer is told once."""
    commands.receive(Publication(topic=f"{BASE}/next"))
    commands.answered(Answered(name="next", text="the next", ticket="t1"))
    commands.answered(Answered(name="next", text="the next", ticket="m1"))
    commands.answered(Answered(name="next", text="the next", ticket="m1"))
    assert len(answers.taken()) == 1


def test_words_about_a_guest_stay_off_the_bus(commands: MqttCommands, answers: Answers) -> None:
    """That the command was done is told."""
    commands.receive(Publication(topic=f"{BASE}/next"))
    commands.answered(Answered(name="next", text="you look happy", ticket="m1", personal=True))
    assert answers.taken() == [CommandAnswer(command="next")]
