"""The recommender server behind a real broker."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import pytest

from cli.broker import EmbeddedBroker
from contracts import topics
from contracts.bus import Bus, Publication
from contracts.library import library_hash
from contracts.messages import (
    Interaction,
    InteractionBatch,
    InteractionKind,
    InteractionsAck,
    LibraryAck,
    PackRequest,
    RecommendReply,
    RecommendRequest,
    decode,
)
from contracts.ranking import rank, read_pack
from contracts.settings import BrokerSettings
from device.recommend import forgetting
from device.recommend.forgetting import AGAIN_SECONDS, MemoryShelf
from device.recommend.remote import RemoteRecommender
from device.vision.fakes import HandClock
from recommender_server.service import Worker
from recommender_server.settings import RecommenderSettings
from recommender_server.store import open_store
from tests.brokers import MOSQUITTO, Mosquitto
from tests.recommender_stage import LIBRARY, WITHIN_SECONDS, Device, chunk


@pytest.fixture(scope="module", params=["embedded", "mosquitto"])
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerSettings]:
    if request.param == "embedded":
        pytest.importorskip("iotcore", reason="the embedded broker is the `broker` extra")
        with EmbeddedBroker() as running:
            yield BrokerSettings(host=running.host, port=running.port)
        return
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed: sudo apt install mosquitto")
    real = Mosquitto(tmp_path_factory.mktemp("broker"))
    real.start()
    yield BrokerSettings(port=real.port)
    real.stop()


@pytest.fixture(scope="module")
def server(broker: BrokerSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder: Path = tmp_path_factory.mktemp("recommender")
    worker = Worker(RecommenderSettings(broker=broker, data_folder=str(folder)))
    thread = threading.Thread(target=worker.run)
    with _availability(broker) as seen:
        thread.start()
        while seen.get(timeout=WITHIN_SECONDS).payload != topics.ONLINE:
            pass
        yield worker
        worker.stop()
        thread.join(WITHIN_SECONDS)


class _availability:  # noqa: N801 - reads as a sentence
    def __init__(self, broker: BrokerSettings) -> None:
        self.seen: queue.Queue[Publication] = queue.Queue()
        self.linked: queue.Queue[bool] = queue.Queue()
        self.bus = Bus(
            broker,
            "test-availability",
            subscriptions=[topics.SERVER_AVAILABILITY],
            received=self.seen.put,
            link_changed=self.linked.put,
        )

    def __enter__(self) -> queue.Queue[Publication]:
        self.bus.start()
        self.linked.get(timeout=WITHIN_SECONDS)
        return self.seen

    def __exit__(self, *_error: object) -> None:
        self.bus.stop()


@pytest.fixture
def device(
    server: Worker, broker: BrokerSettings, request: pytest.FixtureRequest
) -> Iterator[Device]:
    assert server
    with Device(broker, request.node.name.replace("[", "-").replace("]", "")[:60]) as connected:
        yield connected


def test_a_device_gets_a_ranking_of_its_own_library(device: Device) -> None:
    """The answer has the mood's tracks first and the request's correlation data."""
    ack = decode(device.ask("library", chunk()).payload, LibraryAck)
    assert ack == LibraryAck(library="library-1")
    request = RecommendRequest(library="library-1", valence=0.8, arousal=0.4, count=3)
    answer = device.ask(
        "recommend/request",
        request,
        response_topic=topics.of_device(device.name, "recommend/reply"),
        correlation=b"17",
    )
    assert answer.correlation == b"17"
    reply = decode(answer.payload, RecommendReply)
    assert {r.track for r in reply.tracks[:2]} == {LIBRARY[0].id, LIBRARY[4].id}
    assert reply.generation == "seed"


def test_a_pack_ranks_as_the_server_does(device: Device) -> None:
    """A pack that came over the wire gives the same list, scores and reasons."""
    device.ask("library", chunk())
    pack = read_pack(device.ask("pack/request", PackRequest(library="library-1")).payload)
    request = RecommendRequest(valence=-0.6, arousal=-0.4, tags=("acoustic",))
    reply = decode(device.ask("recommend/request", request).payload, RecommendReply)
    assert rank(pack, request) == reply.tracks


def test_garbage_ends_nothing(device: Device, server: Worker) -> None:
    """Payloads that are no messages are counted and answered with what is wrong; work goes on."""
    before = server.complaints.total
    for leaf in ("library", "interactions", "pack/request", "recommend/request"):
        wrong = device.ask(leaf, b"\xff\x00{", correlation=b"9")
        assert wrong.correlation == b"9"
        assert b"not a" in wrong.payload
    deep = device.ask("recommend/request", b"[" * 5000)
    assert "not a RecommendRequest" in decode(deep.payload, RecommendReply).error
    device.ask("library", chunk())
    assert server.complaints.total == before + 5


def test_interactions_are_acknowledged(device: Device) -> None:
    """Each id of a batch comes back, also when it is sent again."""
    like = Interaction(
        id="i1", track=LIBRARY[2].id, kind=InteractionKind.LIKED, at_unix_seconds=1e9
    )
    for _ in range(2):
        ack = device.ask("interactions", InteractionBatch(interactions=(like,)))
        assert decode(ack.payload, InteractionsAck).ids == ("i1",)


def test_an_answer_goes_to_nobody_else(device: Device, server: Worker) -> None:
    """A request that names another reply topic is refused and counted."""
    device.ask("library", chunk())
    before = server.complaints.total
    device.say(
        "recommend/request",
        RecommendRequest(),
        response_topic=topics.of_device("other", "recommend/reply"),
    )
    device.ask("library", chunk())
    assert server.complaints.total == before + 1
    assert device.heard.empty()


def test_a_worker_that_leaves_does_not_speak_for_the_others(
    broker: BrokerSettings, server: Worker
) -> None:
    """When `offline` is announced while a worker is there, it announces `online` again."""
    assert server
    with _availability(broker) as seen, Device(broker, "bystander") as bystander:
        assert seen.get(timeout=WITHIN_SECONDS).payload == topics.ONLINE
        offline = Publication(topic=topics.SERVER_AVAILABILITY, payload=b"offline", retain=True)
        bystander._bus.publish(offline)
        heard = [seen.get(timeout=WITHIN_SECONDS).payload for _ in range(2)]
        assert heard == [topics.OFFLINE, topics.ONLINE]


def test_a_devices_wish_to_be_forgotten_reaches_the_disk(
    broker: BrokerSettings, server: Worker
) -> None:
    """The device's own side asks; nothing of it is left, and its outbox flows again."""
    folder = Path(server._settings.data_folder)
    with Leaver(broker) as leaver, contextlib.closing(open_store(folder)) as store:
        leaver.outbox.remember(_heard("b-1"))
        leaver.remote.set_library(library_hash(LIBRARY), LIBRARY)
        leaver.until(lambda: leaver.remote.online and not leaver.outbox.unsent(1))
        assert len(store.deeds("leaver", "device")) == 1
        forgetting.wish(leaver.shelf, opinions=True)
        leaver.outbox.remember(_heard("b-2"))
        leaver.pass_seconds(AGAIN_SECONDS)
        leaver.until(lambda: not leaver.shelf.get(forgetting.KEY))
        assert store.deeds("leaver", "device") == []
        leaver.pass_seconds(AGAIN_SECONDS)
        leaver.until(lambda: not leaver.outbox.unsent(1))
        assert len(store.deeds("leaver", "device")) == 1


class Leaver:
    """The device's own side of the conversation, over a broker, with a clock set by hand."""

    def __init__(self, broker: BrokerSettings) -> None:
        self.clock, self.shelf, self.outbox = HandClock(), MemoryShelf(), Outbox()
        self.heard: queue.Queue[Publication] = queue.Queue()
        self.linked: queue.Queue[bool] = queue.Queue()
        self.remote = RemoteRecommender(
            "leaver",
            self.publish,
            self.outbox,
            put=lambda _: None,
            take_pack=lambda _library, _content: None,
            clock=self.clock.now,
            shelf=self.shelf,
        )
        self.bus = Bus(
            broker,
            "test-leaver",
            subscriptions=self.remote.subscriptions,
            received=self.heard.put,
            link_changed=self.linked.put,
        )

    def __enter__(self) -> Self:
        self.bus.start()
        assert self.linked.get(timeout=WITHIN_SECONDS)
        return self

    def __exit__(self, *_error: object) -> None:
        self.bus.stop()

    def publish(self, publication: Publication) -> bool:
        return self.bus.publish(publication)

    def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.remote.receive(self.heard.get(timeout=WITHIN_SECONDS))

    def pass_seconds(self, seconds: float) -> None:
        self.clock.wait(seconds)
        self.remote.tick()


def _heard(number: str) -> Interaction:
    kind = InteractionKind.COMPLETED
    return Interaction(id=number, track=LIBRARY[0].id, kind=kind, at_unix_seconds=1e9)


class Outbox:
    """An outbox in memory."""

    def __init__(self) -> None:
        self._waiting: list[Interaction] = []

    def remember(self, one: Interaction) -> None:
        self._waiting.append(one)

    def unsent(self, limit: int) -> list[Interaction]:
        return self._waiting[:limit]

    def forget(self, ids: Sequence[str]) -> None:
        self._waiting = [one for one in self._waiting if one.id not in ids]


def test_workers_share_the_requests(broker: BrokerSettings, server: Worker) -> None:
    """With a second worker each request is answered once, and both of them answer some."""
    other = Worker(RecommenderSettings(broker=broker, data_folder=server._settings.data_folder))
    thread = threading.Thread(target=other.run)
    with _availability(broker) as seen, Device(broker, "shared") as device:
        assert seen.get(timeout=WITHIN_SECONDS).payload == topics.ONLINE
        thread.start()
        assert seen.get(timeout=WITHIN_SECONDS).payload == topics.ONLINE
        device.ask("library", chunk())
        before = server.answered, other.answered
        asked = RecommendRequest(library="library-1", deadline_ms=60_000)
        numbers = [b"%d" % number for number in range(20)]
        answers = [device.ask("recommend/request", asked, correlation=n) for n in numbers]
        done = server.answered - before[0], other.answered - before[1]
        other.stop()
        thread.join(WITHIN_SECONDS)
        assert [answer.correlation for answer in answers] == numbers
        assert device.heard.empty()
        assert sum(done) == 20
        assert min(done) > 0
