"""What strangers may send: every decoder and every door, with payloads bent out of shape.

`MLFYM_HOSTILE_CASES` cases a door, `MLFYM_HOSTILE_COUNT` the file that is told how many it were.
"""

from __future__ import annotations

import json
import os
import queue
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.faults.hostile_payloads import accepted, bent, damaged, sample
from contracts import topics
from contracts.bus import Publication
from contracts.errors import ContractError
from contracts.messages import Message, MessageError, RecommendRequest, State, decode
from contracts.pack import PackError
from contracts.ranking import library_pack, pack_bytes, read_pack
from contracts.settings import BrokerSettings
from contracts.tag_space import plain_space
from contracts.vision_wire import (
    FromVision,
    Packet,
    ToVision,
    VisionMessageError,
    decode_from_vision,
    decode_to_vision,
)
from device.analysis.__main__ import answer_to
from device.analysis.wire import Answer, ReadRequest, Sandbox, decode_answer
from device.commands import COMMANDS
from device.control import Control, ControlRequest
from device.events import Tick
from device.eye import Eye, listening_socket
from device.frontends.web.deed_routes import Given
from device.mqtt_commands import MqttCommands
from device.recommend.defaults import MOOD_WORDS
from device.recommend.remote import RemoteRecommender
from device.vision.picture_header import PictureRefusedError, checked_header
from recommender_server.service import Worker
from recommender_server.settings import RecommenderSettings
from tests.contract_values import structs_of
from tests.recommender_stage import LIBRARY, chunk
from tests.stage import Stage
from tests.test_eye import CONFIGURE
from tests.test_recommender_fuzz import RIGHT
from tests.web_client import Browser
from tests.web_stage import PageStage

CASES = int(os.environ.get("MLFYM_HOSTILE_CASES", "30"))
SLOW_DOOR = 4
"""A door that takes a millisecond or more gets so many times fewer."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
SEEDS = st.integers(0, 2**63)
COUNTED: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    yield
    if file := os.environ.get("MLFYM_HOSTILE_COUNT"):
        Path(file).write_text(json.dumps(COUNTED), encoding="utf-8")


def payloads(*trees: object) -> st.SearchStrategy[bytes]:
    """Mostly these trees bent, sometimes any JSON, sometimes any bytes."""
    wrong = st.builds(bent, st.sampled_from(trees), SEEDS)
    return st.one_of(
        wrong, wrong, wrong, JSON.map(lambda tree: json.dumps(tree).encode()), st.binary()
    )


def sent(
    door: Callable[..., object], name: str, *drawn: st.SearchStrategy[Any], slow: bool = False
) -> None:
    """Every case through a door, which may refuse in its own way and in no other."""

    @settings(
        max_examples=max(5, CASES // SLOW_DOOR if slow else CASES),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*drawn))
    def each(case: tuple[Any, ...]) -> None:
        COUNTED[name] += 1
        door(*case)

    each()


def refused(error: type[Exception], step: Callable[[bytes], object]) -> Callable[[bytes], None]:
    def door(payload: bytes) -> None:
        try:
            step(payload)
        except error as why:
            assert str(why)  # noqa: PT017 - it may also be accepted

    return door


def test_every_sample_is_right() -> None:
    """What is bent is right before: the decoders are reached beyond their first check."""
    kinds = [*structs_of(Message), *structs_of(Packet), ControlRequest, ReadRequest, Given]
    assert [kind.__name__ for kind in kinds if not accepted(kind, sample(kind))] == []


@pytest.mark.parametrize("kind", structs_of(Message), ids=lambda kind: kind.__name__)
def test_a_message_is_read_or_refused(kind: type[Message]) -> None:
    """Nothing but a MessageError comes of what is none."""
    share = max(5, CASES // 8)
    door = refused(MessageError, lambda payload: decode(payload, kind))

    @settings(max_examples=share, deadline=None, database=None)
    @given(payloads(sample(kind)))
    def each(payload: bytes) -> None:
        COUNTED["messages"] += 1
        door(payload)

    each()


def test_vision_and_core_read_or_refuse_each_other() -> None:
    """Nothing but a VisionMessageError, on both sides."""
    for decoder, union in ((decode_to_vision, ToVision), (decode_from_vision, FromVision)):
        trees = [sample(kind) for kind in union.__args__]
        sent(refused(VisionMessageError, decoder), "vision wire", payloads(*trees))


def test_core_takes_whatever_vision_says(tmp_path: Path) -> None:
    """Packets that can be read become events that core lives with."""
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    eye = Eye(listening_socket(tmp_path / "vision.sock"), CONFIGURE, told.put, lambda: 100.0)
    stage = Stage()
    stage.begin()

    def door(payload: bytes) -> None:
        eye._take(decode_from_vision(payload))
        while not told.empty():
            stage.happen(told.get())

    trees = [sample(kind) for kind in FromVision.__args__]
    sent(refused(VisionMessageError, door), "core's eye", payloads(*trees))


def test_the_reader_of_files_and_core_read_or_refuse_each_other() -> None:
    """A line that is no request is answered with why; a line that is no answer is refused."""
    box = Sandbox(path="")
    sent(lambda line: answer_to(line, None, box), "analysis", payloads(sample(ReadRequest)))
    for kind in _below(Answer):
        door = refused(ContractError, lambda line, kind=kind: decode_answer(line, kind))
        sent(door, "analysis", payloads(sample(kind)), slow=True)


def _below(base: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    return [base, *base.__subclasses__()]


def test_a_damaged_pack_is_refused() -> None:
    """A pack with any of its bytes changed is a PackError, or the pack."""
    whole = pack_bytes(library_pack("library-1", LIBRARY, plain_space(MOOD_WORDS)))
    wrong = st.builds(damaged, st.just(whole), SEEDS) | st.binary()
    sent(refused(PackError, read_pack), "pack", wrong, slow=True)


def test_a_picture_is_told_by_its_header_or_refused() -> None:
    """Whatever begins like a picture."""
    starts = (
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBPVP8X",
        b"GIF89a",
    )
    pictures = st.builds(lambda start, rest: start + rest, st.sampled_from(starts), st.binary())
    sent(refused(PictureRefusedError, checked_header), "picture", pictures)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[PageStage]:
    with PageStage(tmp_path) as made:
        yield made


def test_the_control_socket_answers_whatever_it_is_told(page: PageStage, tmp_path: Path) -> None:
    """A status, a page or an error in words; and core goes on."""
    control = Control(tmp_path / "c.sock", lambda: page._snapshot, page.answers, page.shelves)
    commands = [{"command": name, "argument": "a"} for name in COMMANDS]
    trees = [sample(ControlRequest), {"browse": sample(ControlRequest)["browse"]}, *commands]
    sent(control.answer, "control socket", payloads(*trees))
    assert control.answer(b"{}").status is not None
    control.start()
    control.stop()


def test_commands_over_mqtt_are_given_or_counted() -> None:
    """Any name, any argument, retained or not."""
    stage = Stage()
    stage.begin()
    commands = MqttCommands("d", stage.happen, lambda: stage.at)

    def door(name: str, argument: bytes, retain: bool) -> None:  # noqa: FBT001 - drawn
        topic = f"mlfym/v1/d/command/{name}"
        assert commands.receive(Publication(topic=topic, payload=argument, retain=retain))

    names = st.sampled_from([*COMMANDS, *COMMANDS, "", "+", "vol/ume", "x" * 500])
    words = st.text(max_size=20).map(str.encode) | st.integers().map(lambda n: str(n).encode())
    sent(door, "commands", names, words | st.binary(max_size=30), st.booleans())
    assert stage.command("volume", "40").text


def test_a_device_lives_with_whatever_its_server_says() -> None:
    """Replies, acknowledgements and packs on the topics that a device hears."""
    stage, packs = Stage(), []
    stage.begin()
    remote = RemoteRecommender(
        "d",
        lambda _: True,
        Outbox(),
        put=stage.happen,  # type: ignore[arg-type] # every event is one
        take_pack=lambda library, content: packs.append((library, content)),
        clock=lambda: stage.at,
    )
    remote.set_library("library-1", list(stage.library.values()))
    heard = [topic for topic in remote.subscriptions if topic != topics.SERVER_AVAILABILITY]
    trees = [sample(kind) for kind in structs_of(Message) if kind is not State]

    def door(topic: str, payload: bytes, correlation: bytes) -> None:
        remote.receive(Publication(topic=topics.SERVER_AVAILABILITY, payload=topics.ONLINE))
        stage.happen(stage_ask(remote, stage))
        remote.receive(Publication(topic=topic, payload=payload, correlation=correlation))

    ids = st.sampled_from([b"r1", b"", b"\xff", b"r2"])
    sent(door, "device's topics", st.sampled_from([*heard, "", "x"]), payloads(*trees), ids)
    assert stage.command("volume", "40").text


class Outbox:
    def unsent(self, _limit: int) -> list[Any]:
        return []

    def forget(self, ids: Sequence[str]) -> None:
        assert all(isinstance(one, str) for one in ids)


def stage_ask(remote: RemoteRecommender, stage: Stage) -> Tick:
    """The question is open, so that an answer is taken; time goes by."""
    remote.ask("r1", RecommendRequest(library="library-1"))
    stage.at += 0.01
    return Tick(at=stage.at, unix_seconds=1e9 + stage.at)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Worker:
    folder = tmp_path_factory.mktemp("hostile")
    made = Worker(RecommenderSettings(data_folder=str(folder), broker=BrokerSettings(port=1)))
    made._desk.generation = replace(made._desk.generation, space=plain_space(MOOD_WORDS))
    given_to(made, "library", msgspec.json.encode(chunk()))
    return made


def given_to(worker: Worker, leaf: str, payload: bytes, device: str = "d") -> None:
    worker._received(Publication(topic=f"mlfym/v1/{device}/{leaf}", payload=payload))
    worker._step()


def test_a_server_lives_with_whatever_devices_say(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    """Each message is answered or refused, none is a fault of ours."""
    trees = {leaf: msgspec.to_builtins(message) for leaf, message in RIGHT.items()}
    caplog.clear()

    def door(leaf: str, payload: bytes, device: str) -> None:
        given_to(worker, leaf, payload, device)
        assert not [record for record in caplog.records if record.exc_info]

    devices = st.sampled_from(["d", "d", "e", "server", "a+b", ""])
    for leaf, tree in trees.items():
        sent(door, "server's topics", st.just(leaf), payloads(tree), devices, slow=True)


def test_the_page_refuses_in_words(page: PageStage) -> None:
    """Any body and any query gets an answer of HTTP that is no fault of ours, and JSON."""
    browser = Browser(page.port).open()
    paths = ["/api/command", "/api/staff/enter", "/api/staff/wishes", "/api/photo"]

    def post(path: str, body: bytes) -> None:
        got = browser.post(path, body)
        assert got.status < 500, got
        assert got.json

    commands = [{"command": name, "argument": "a"} for name in COMMANDS]
    bodies = payloads(sample(Given), {"pin": "1234"}, {"open": True}, *commands)
    sent(post, "page", st.sampled_from(paths), bodies, slow=True)
    safe = st.text("abcdefghijklmnop0123456789-%&=.", max_size=30)

    def query(text: str) -> None:
        got = browser.get(f"/api/browse?{text}")
        assert got.status < 500, got

    sent(query, "page", safe.map(lambda text: f"limit={text}&what=tracks"), slow=True)
    assert browser.get("/api/state").status == 200
