"""The control socket, over a real one."""

from __future__ import annotations

import json
import queue
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contracts.messages import State
from device.answers import Answers
from device.browse import BrowseQuery, Shelves
from device.commands import CommandError
from device.control import (
    MAX_ANSWER_BYTES,
    Control,
    ControlRequest,
    DeviceAwayError,
    ask_device,
    converse,
)
from device.effects import Answered
from device.events import CommandGiven, Event
from device.status import Happening, Status
from device.vision.fakes import HandClock
from tests.stage import make_library

PATIENCE_SECONDS = 20.0


class Served:
    """A control socket with a status of the test's own, and a core that answers at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.status = Status(state=State(volume=0.25))
        self.told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.refusal = ""
        self.answers = Answers(self.take, HandClock().now)
        self.shelves = Shelves(lambda _: ())
        self.control = Control(path, lambda: self.status, self.answers, self.shelves)
        self.control.start()

    def take(self, event: Event) -> None:
        self.told.put(event)
        if isinstance(event, CommandGiven):
            text = self.refusal or f"done: {event.name}"
            refused = bool(self.refusal)
            ticket = event.ticket
            self.answers.give(Answered(name=event.name, text=text, refused=refused, ticket=ticket))

    def ask(self, packet: bytes) -> dict[str, object]:
        """The answer to any packet."""
        with self.connection() as peer:
            peer.send(packet)
            answer: dict[str, object] = json.loads(peer.recv(MAX_ANSWER_BYTES))
        return answer

    def connection(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.settimeout(PATIENCE_SECONDS)
        peer.connect(str(self.path))
        return peer


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "control.sock")
    yield served
    served.control.stop()


def test_a_look_changes_nothing(served: Served) -> None:
    """Without a command there is the status, and no event."""
    assert ask_device(served.path) == served.status
    assert served.told.empty()


def test_a_command_becomes_an_event(served: Served) -> None:
    """With its argument; core's words and the status after it are the answer."""
    answer = converse(served.path, ControlRequest(command="volume", argument="40"))
    assert (answer.said, answer.status) == ("done: volume", served.status)
    assert served.told.get(timeout=PATIENCE_SECONDS) == CommandGiven(
        at=100.0, name="volume", argument="40", ticket="t1"
    )


def test_what_core_refuses_is_refused_to_whoever_asked(served: Served) -> None:
    """What can only be known by what plays, too."""
    served.refusal = "nothing plays"
    with pytest.raises(CommandError, match="nothing plays"):
        ask_device(served.path, "like")


def test_a_core_that_takes_its_time_loses_no_command() -> None:
    """Whoever gave it is told that it was taken, and a late answer is nobody's."""
    told: list[Event] = []
    answers = Answers(told.append, HandClock().now)
    answered = answers.command("next", patience_seconds=0.0)
    assert not answered.refused
    assert "taken" in answered.text
    assert [event.name for event in told if isinstance(event, CommandGiven)] == ["next"]
    answers.give(Answered(name="next", text="late", ticket=answered.ticket))
    assert answers.command("next", patience_seconds=0.0).text == answered.text


def test_the_library_can_be_looked_through(served: Served) -> None:
    """A page of it for a query."""
    served.shelves.put(make_library(8).values())
    query = BrowseQuery(what="tracks", text="song 7")
    page = converse(served.path, ControlRequest(browse=query)).page
    assert page is not None
    assert [row.title for row in page.rows] == ["Song 7"]
    assert served.ask(b'{"browse":{"what":"cats"}}')["error"]


@pytest.mark.parametrize(
    ("command", "argument", "said"),
    [
        ("fly", "", "there are announce, another_like_this, answer"),
        ("mood", "hungry", "choose one of auto, positive"),
        ("volume", "101", "0 to 100"),
        ("volume", "9" * 4000, "0 to 100"),
    ],
)
def test_a_wrong_command_is_refused_with_what_would_be_right(
    served: Served, command: str, argument: str, said: str
) -> None:
    """The error reaches whoever asked; core hears nothing."""
    with pytest.raises(CommandError, match=said):
        ask_device(served.path, command, argument)
    assert served.told.empty()


@pytest.mark.parametrize(
    "packet",
    [b"next", b'{"command":"\xff"}', b'{"command":5}', b"[" * 4000, b'{"argument":"' + b"x" * 5000],
)
def test_nonsense_is_answered_and_the_next_one_served(served: Served, packet: bytes) -> None:
    """Broken JSON, broken UTF-8, wrong types, deep nesting and too much."""
    assert served.ask(packet)["error"]
    assert ask_device(served.path) == served.status


def test_several_questions_may_be_asked_on_one_connection(served: Served) -> None:
    """A packet each way a question."""
    with served.connection() as peer:
        for _ in range(2):
            peer.send(b"{}")
            assert "status" in json.loads(peer.recv(MAX_ANSWER_BYTES))


def test_a_silent_client_keeps_nobody_waiting(served: Served) -> None:
    """Others are answered while it says nothing."""
    with served.connection(), served.connection():
        assert ask_device(served.path) == served.status


def test_a_long_history_still_fits_a_packet(served: Served) -> None:
    """The oldest happenings yield, the newest stay."""
    rows = tuple(Happening(at=float(n), kind="track", what="노" * 300) for n in range(500))
    served.status = Status(happenings=rows)
    got = ask_device(served.path).happenings
    assert 50 < len(got) < 500
    assert got == rows[-len(got) :]


def test_only_the_owner_may_command(served: Served) -> None:
    """The socket's file is closed to others."""
    assert served.path.stat().st_mode & 0o777 == 0o600


def test_a_left_over_socket_is_replaced(tmp_path: Path) -> None:
    """After a crash its file is still there."""
    path = tmp_path / "control.sock"
    path.write_bytes(b"")
    served = Served(path)
    assert ask_device(path) == served.status
    served.control.stop()


def test_a_stopped_device_is_away(tmp_path: Path) -> None:
    """Nobody answers from then on, and the error asks the right question."""
    served = Served(tmp_path / "control.sock")
    ask_device(served.path)
    served.control.stop()
    with pytest.raises(DeviceAwayError, match="is it running"):
        ask_device(served.path)


def test_another_program_on_the_socket_is_no_device(tmp_path: Path) -> None:
    """An answer that is none is told as a device that is away."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        with pytest.raises(DeviceAwayError):
            ask_device(path)


def test_every_answer_can_be_read_back(served: Served) -> None:
    """What the device sends is what a client decodes."""
    assert msgspec.json.decode(msgspec.json.encode(served.status), type=Status) == served.status
