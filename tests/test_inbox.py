"""The line before core: bounded, honest, in order."""

from __future__ import annotations

import queue
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import topics
from contracts.bus import Publication
from contracts.messages import Tier
from contracts.track import TrackId
from contracts.vision_wire import CameraState
from device.answers import Answers
from device.effects import Answered
from device.events import (
    CameraChanged,
    CommandGiven,
    FacesSeen,
    LibraryChanged,
    RankingArrived,
    TrackEnded,
    VisionLost,
)
from device.inbox import (
    MOST_COMMANDS,
    MOST_MESSAGE_BYTES,
    MOST_MESSAGES,
    MOST_OWN,
    MOST_SEEN,
    Inbox,
)

A = TrackId("a" * 16)
REPLY, PACK = "mlfym/v1/d1/recommend/reply", "mlfym/v1/d1/pack"


class Line:
    """An inbox, and what it refused."""

    def __init__(self) -> None:
        self.refused: list[Answered] = []
        self.inbox = Inbox(self.refused.append, lambda: 0.0)

    def put(self, *items: object) -> Line:
        for item in items:
            self.inbox.put(item)  # type: ignore[arg-type]
        return self

    def all(self) -> list[object]:
        return [self.inbox.get(0.0) for _ in range(len(self.inbox))]


def command(name: str, argument: str = "", ticket: str = "") -> CommandGiven:
    return CommandGiven(at=1.0, name=name, argument=argument, ticket=ticket)


def faces(at: float) -> FacesSeen:
    return FacesSeen(at=at)


def test_what_came_first_goes_first() -> None:
    """Whatever stream it is of; then there is nothing, and whoever waits is told so."""
    items = [command("next"), faces(1.0), True, TrackEnded(at=2.0, track=A), Publication(topic="x")]
    line = Line().put(*items)
    assert line.all() == items
    with pytest.raises(queue.Empty):
        line.inbox.get(0.0)


def test_of_faces_only_the_newest_waits() -> None:
    """In the place of the first, so that a busy core does not see none at all."""
    line = Line().put(faces(1.0), command("next"), faces(2.0), faces(3.0))
    assert line.all() == [faces(3.0), command("next")]
    assert line.put(faces(4.0)).all() == [faces(4.0)]


def test_faces_do_not_pass_a_camera_that_closed() -> None:
    """What was seen before it closed stays before, and after it comes after."""
    off = CameraChanged(at=2.0, state=CameraState.OFF)
    items = [faces(1.0), off, faces(3.0), VisionLost(at=4.0), faces(5.0)]
    assert Line().put(*items, faces(6.0)).all() == [*items[:4], faces(6.0)]


def test_a_vision_that_floods_costs_its_oldest() -> None:
    """The camera's last state is never the one that is lost."""
    changes = [CameraChanged(at=float(n), state=CameraState.ON) for n in range(500)]
    assert Line().put(*changes).all() == changes[-MOST_SEEN:]


def test_a_dragged_volume_is_its_last() -> None:
    """The others are answered at once that they were overtaken, and are not refused."""
    line = Line().put(*(command("volume", str(n), f"t{n}") for n in range(40)), command("next"))
    assert line.all() == [command("volume", "39", "t39"), command("next")]
    assert [answer.ticket for answer in line.refused] == [f"t{n}" for n in range(39)]
    assert {answer.refused for answer in line.refused} == {False}
    assert line.refused[0].text == "overtaken: volume 1 was said since"


@pytest.mark.parametrize(
    "said",
    [
        [command("volume", "40"), command("volume", "+5"), command("volume", "50")],
        [command("volume", "40"), command("mute", "on"), command("volume", "50")],
        [command("like"), command("like")],
        [command("volume", "+5"), command("volume", "+5")],
    ],
)
def test_commands_that_mean_something_together_all_come(said: list[CommandGiven]) -> None:
    """Steps, and what another command lies between, are not taken for one."""
    assert Line().put(*said).all() == said


def test_too_many_commands_are_refused_aloud() -> None:
    """Those that wait come to core; each one more is answered with what to do."""
    line = Line().put(*(command("next", ticket=f"t{n}") for n in range(MOST_COMMANDS + 7)))
    assert [answer.ticket for answer in line.refused] == [f"t{MOST_COMMANDS + n}" for n in range(7)]
    assert all(answer.refused and "try again" in answer.text for answer in line.refused)
    assert len(line.all()) == MOST_COMMANDS
    assert line.put(command("like")).all() == [command("like")]


def test_whoever_waits_for_an_answer_hears_that_core_is_busy() -> None:
    """Through the page's and the terminal's own way, without the patience running out."""

    def refused(answer: Answered) -> None:
        answers.give(answer)

    inbox = Inbox(refused, lambda: 0.0)
    answers = Answers(inbox.put, lambda: 0.0)
    for _ in range(MOST_COMMANDS):
        inbox.put(command("next"))
    assert answers.command("like", patience_seconds=60.0).refused


def test_messages_are_bounded_in_number_and_bytes() -> None:
    """The newest is dropped: whoever sent it asks again."""
    many = [Publication(topic=REPLY, payload=b"%d" % n) for n in range(MOST_MESSAGES + 5)]
    assert Line().put(*many).all() == many[:MOST_MESSAGES]
    large = [Publication(topic=REPLY, payload=bytes(MOST_MESSAGE_BYTES // 4))] * 9
    assert len(Line().put(*large).all()) == 4
    alone = Publication(topic=REPLY, payload=bytes(2 * MOST_MESSAGE_BYTES))
    assert Line().put(alone).all() == [alone]


def test_the_newest_pack_and_the_servers_presence_always_come() -> None:
    """Behind a full line too; an older one gives its place away."""
    full = [Publication(topic=REPLY)] * MOST_MESSAGES
    packs = [Publication(topic=PACK, payload=bytes([n])) for n in range(3)]
    there = [Publication(topic=topics.SERVER_AVAILABILITY, payload=p) for p in (b"a", b"b")]
    assert Line().put(*full, *packs, *there).all() == [*full, packs[-1], there[-1]]


@given(st.lists(st.booleans(), max_size=30))
def test_a_flapping_link_leaves_its_state_and_one_break(states: list[bool]) -> None:
    """However often it broke, at most two wait, and the last is as it is now."""
    left = Line().put(*states).all()
    assert len(left) <= 2
    assert left[-1:] == states[-1:]
    assert (len(set(states)) > 1) >= (len(left) > 1)


def test_a_library_read_often_is_told_once() -> None:
    """Rankings are not: each answers another question."""
    changes = [LibraryChanged(at=float(n), tracks=(A,)) for n in range(9)]
    rankings = [RankingArrived(at=1.0, request=f"r{n}", tier=Tier.PACK) for n in range(3)]
    assert Line().put(changes[0], *rankings, *changes[1:]).all() == [changes[-1], *rankings]


def test_the_devices_own_parts_are_bounded_too() -> None:
    """The oldest yields, long after anything was as it should be."""
    ends = [TrackEnded(at=float(n), track=A) for n in range(MOST_OWN + 3)]
    assert Line().put(*ends).all() == ends[3:]


@given(
    st.lists(
        st.one_of(
            st.booleans(),
            st.sampled_from(["volume 1", "volume +2", "next", "seek 3"]),
            st.floats(0, 9).map(faces),
            st.sampled_from([REPLY, PACK, topics.SERVER_AVAILABILITY]).map(
                lambda topic: Publication(topic=topic, payload=b"12")
            ),
            st.none(),
        ),
        max_size=60,
    )
)
def test_every_command_comes_or_is_answered(steps: list[object]) -> None:
    """In any order of putting and taking, none is both, none is neither; the count is right."""
    line, put = Line(), 0
    taken: list[object] = []
    for number, step in enumerate(steps):
        if step is None:
            taken += [line.inbox.get(0.0)] if len(line.inbox) else []
        elif isinstance(step, str):
            name, _, argument = step.partition(" ")
            line.put(command(name, argument, str(number)))
            put += 1
        else:
            line.put(step)
    taken += line.all()
    came = [item for item in taken if isinstance(item, CommandGiven)]
    assert len(came) + len(line.refused) == put
    assert not {c.ticket for c in came if c.ticket} & {a.ticket for a in line.refused}
    assert line.inbox._bytes == 0
    assert not line.inbox._newest


def test_many_threads_lose_nothing() -> None:
    """What four threads put while one takes arrives whole, each thread's in its order."""
    line, each = Line(), MOST_OWN // 4
    taken: list[object] = []

    def put(thread: int) -> None:
        line.put(*(TrackEnded(at=float(n), track=TrackId(str(thread))) for n in range(each)))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while len(taken) < 4 * each:
        taken.append(line.inbox.get(60.0))
    for thread in threads:
        thread.join()
    for number in range(4):
        own = [e.at for e in taken if isinstance(e, TrackEnded) and e.track == str(number)]
        assert own == [float(n) for n in range(each)]
