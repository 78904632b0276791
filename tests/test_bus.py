"""The bus over real brokers: ours, and mosquitto where it is installed."""

from __future__ import annotations

import os
import select
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.broker import BrokerError, EmbeddedBroker, free_port
from contracts.bus import Bus, Publication
from contracts.settings import BrokerSettings
from contracts.topics import OFFLINE, of_all_devices, of_device
from tests.brokers import ANSWER_SECONDS, MOSQUITTO, Listener, Mosquitto

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
AVAILABILITY = of_device("kitchen", "availability")
REQUEST, REPLY = of_device("kitchen", "recommend/request"), of_device("kitchen", "recommend/reply")

Broker = EmbeddedBroker | Mosquitto


def made(name: str, folder: Path) -> Broker:
    """A broker that was not started yet."""
    if name == "embedded":
        return EmbeddedBroker()
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed: sudo apt install mosquitto")
    return Mosquitto(folder)


@pytest.fixture(scope="module", params=["embedded", "mosquitto"])
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """One broker of each kind for all tests that leave it whole."""
    one = made(request.param, tmp_path_factory.mktemp("broker"))
    one.start()
    yield one
    one.stop()


@pytest.fixture(params=["embedded", "mosquitto"])
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A broker of each kind that a test may kill."""
    one = made(request.param, tmp_path)
    one.start()
    yield one
    one.stop()


def test_a_request_finds_its_reply(broker: Broker) -> None:
    """Response topic and correlation arrive with a request and lead the answer back."""
    with (
        Listener(broker.port, "worker", [REQUEST]) as worker,
        Listener(broker.port, "kitchen", [REPLY]) as device,
    ):
        device.bus.publish(
            Publication(topic=REQUEST, payload=b"?", response_topic=REPLY, correlation=b"\x00\x7f")
        )
        asked = worker.next()
        assert (asked.response_topic, asked.correlation) == (REPLY, b"\x00\x7f")
        worker.bus.publish(
            Publication(topic=asked.response_topic, payload=b"!", correlation=asked.correlation)
        )
        answer = device.next()
        assert (answer.payload, answer.correlation) == (b"!", b"\x00\x7f")


def test_a_retained_message_waits_for_who_comes_later(broker: Broker) -> None:
    """A state is there for a listener that was not, and says that it was kept."""
    with Listener(broker.port, "kitchen") as device:
        device.bus.publish(
            Publication(topic=of_device("kitchen", "state"), payload=b"on", retain=True)
        )
        device.settle()
    with Listener(broker.port, "panel", [of_all_devices("state")]) as panel:
        kept = panel.next()
        assert (kept.payload, kept.retain) == (b"on", True)


def test_workers_share_the_work(broker: Broker) -> None:
    """Of a group's workers exactly one gets each request, whichever device asks."""
    shared = of_all_devices("recommend/request", group="ranking")
    with (
        Listener(broker.port, "one", [shared]) as one,
        Listener(broker.port, "two", [shared]) as two,
        Listener(broker.port, "kitchen") as device,
    ):
        for number in range(20):
            topic = of_device(f"device{number}", "recommend/request")
            device.bus.publish(Publication(topic=topic, payload=bytes([number])))
        device.settle()
        one.settle()
        two.settle()
        counts = [one.messages.qsize(), two.messages.qsize()]
        assert sum(counts) == 20
        assert min(counts) > 0


def test_a_pack_of_three_megabytes_passes(broker: Broker) -> None:
    """The largest message that we send arrives unharmed."""
    pack = os.urandom(3_000_000)
    with (
        Listener(broker.port, "kitchen", [of_device("kitchen", "pack")]) as device,
        Listener(broker.port, "worker") as worker,
    ):
        worker.bus.publish(Publication(topic=of_device("kitchen", "pack"), payload=pack))
        assert device.next().payload == pack


def test_a_will_is_spoken_for_who_died(broker: Broker) -> None:
    """A program that is killed is announced as offline."""
    source = (
        "import sys, signal\n"
        "from contracts.bus import Publication\n"
        "from tests.brokers import Listener\n"
        f"will = Publication(topic={AVAILABILITY!r}, payload={OFFLINE!r}, retain=True)\n"
        f"with Listener({broker.port}, 'kitchen', will=will):\n"
        "    print('up', flush=True)\n"
        "    signal.pause()\n"
    )
    with Listener(broker.port, "panel", [of_all_devices("availability")]) as panel:
        device = subprocess.Popen(
            [sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE, env=_root_first()
        )
        assert device.stdout
        assert device.stdout.readline() == b"up\n"
        device.kill()
        device.wait()
        device.stdout.close()
        spoken = panel.next()
        assert (spoken.topic, spoken.payload) == (AVAILABILITY, OFFLINE)


def _root_first() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def test_a_link_comes_back_after_the_broker_was_killed(mortal: Broker) -> None:
    """A broker's death is told once, its return once, and subscriptions hold again."""
    with Listener(mortal.port, "kitchen", ["a/topic"]) as device:
        os.kill(mortal.pid, signal.SIGKILL)
        assert not device.link()
        assert not device.bus.connected
        assert not device.bus.publish(Publication(topic="a/topic", payload=b"lost"))
        mortal.stop()
        mortal.start()
        assert device.link()
        device.settle()
        device.bus.publish(Publication(topic="a/topic", payload=b"kept"))
        assert device.next().payload == b"kept"
        assert device.links.empty()


def test_a_link_that_was_never_there_comes_up(tmp_path: Path) -> None:
    """A program that starts before its broker finds it later."""
    del tmp_path
    broker = EmbeddedBroker(free_port())
    device = Listener(broker.port, "early")
    device.bus.start()
    assert not device.bus.connected
    with broker:
        assert device.link()
        device.bus.stop()


def test_an_exception_does_not_end_the_thread(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """What `received` raises is logged, and the next message arrives."""
    arrived: list[bytes] = []

    def received(publication: Publication) -> None:
        if publication.payload == b"bad":
            msg = "cannot read this"
            raise ValueError(msg)
        arrived.append(publication.payload)

    with Listener(broker.port, "kitchen", ["a/topic"], received=received) as device:
        for payload in (b"bad", b"good"):
            device.bus.publish(Publication(topic="a/topic", payload=payload))
        device.settle()
        device.settle()
        assert arrived == [b"good"]
        assert device.bus.connected
    assert "a message on a/topic was dropped" in caplog.text


def test_a_round_trip_does_not_wait_for_nagle(broker: Broker) -> None:
    """Ours and mosquitto's defaults would hold each answer back for 40 ms; the bus prevents it."""
    with (
        Listener(broker.port, "worker", [REQUEST]) as worker,
        Listener(broker.port, "kitchen", [REPLY]) as device,
    ):
        took = []
        for _ in range(40):
            began = time.perf_counter()
            device.bus.publish(Publication(topic=REQUEST))
            worker.next()
            worker.bus.publish(Publication(topic=REPLY))
            device.next()
            took.append(time.perf_counter() - began)
    # Held-back answers all take 40 ms or more; a busy machine slows some, never all.
    assert statistics.quantiles(took, n=4)[0] < 0.035


def test_nothing_is_sent_without_a_broker() -> None:
    """Publishing before there is a link says so and keeps nothing."""
    bus = Bus(
        BrokerSettings(port=free_port()),
        "alone",
        subscriptions=[],
        received=print,
        link_changed=print,
    )
    assert not bus.publish(Publication(topic="a/topic"))
    bus.start()
    assert not bus.publish(Publication(topic="a/topic"))
    bus.stop()


def test_a_taken_port_is_refused() -> None:
    """Two brokers do not share a port: the second says that it is taken."""
    with EmbeddedBroker() as first, pytest.raises(BrokerError, match="is taken"):
        EmbeddedBroker(first.port).start()


def test_a_broker_ends_with_its_owner() -> None:
    """A broker whose owner was killed does not stay behind."""
    source = (
        "import signal\n"
        "from cli.broker import EmbeddedBroker\n"
        "with EmbeddedBroker() as broker:\n"
        "    print(broker.pid, flush=True)\n"
        "    signal.pause()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE, env=_root_first()
    )
    assert owner.stdout
    pid = int(owner.stdout.readline())
    watched = os.pidfd_open(pid)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert select.select([watched], [], [], ANSWER_SECONDS)[0]
    os.close(watched)


def test_a_retained_message_says_so_to_those_who_are_there(broker: Broker) -> None:
    """Whoever listens already learns that a message is kept: a kept command is no command."""
    if isinstance(broker, EmbeddedBroker):
        pytest.skip("the embedded broker passes nothing on as published; it serves demos alone")
    topic = of_device("kitchen", "command/stop")
    with (
        Listener(broker.port, "kitchen", [topic]) as device,
        Listener(broker.port, "somebody") as somebody,
    ):
        somebody.bus.publish(Publication(topic=topic, payload=b"now", retain=True))
        assert device.next().retain
        somebody.bus.publish(Publication(topic=topic))
        assert not device.next().retain
