"""Joining the mosquitto that a home has already."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

import pytest

from cli import acl
from contracts.broker_address import PASSWORD_VARIABLE, broker_of
from contracts.bus import Bus, Publication
from contracts.command_answer import CommandAnswer
from contracts.messages import decode
from contracts.settings import BrokerSettings, SettingsError
from device.frontends.home_assistant.joining import acl_for
from device.mqtt_commands import MqttCommands
from device.vision.fakes import HandClock
from tests.brokers import ANSWER_SECONDS, MOSQUITTO, guarded_mosquitto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BASE = "mlfym/v1/salon"
ODD = BrokerSettings(host="nas", username="a@b", password="p:q")  # noqa: S106 - no secret
USERS = ("salon", "cellar", "recommender", "homeassistant")


@pytest.mark.parametrize(
    ("address", "settings"),
    [
        ("nas", BrokerSettings(host="nas")),
        ("mqtt://nas", BrokerSettings(host="nas")),
        ("mqtt://salon@nas:1884", BrokerSettings(host="nas", port=1884, username="salon")),
        ("mqtt://a%40b:p%3Aq@nas", ODD),
        ("mqtt://[fd00::1]:1885", BrokerSettings(host="fd00::1", port=1885)),
    ],
)
def test_an_address_is_read(address: str, settings: BrokerSettings) -> None:
    """User, host and port, each as it is meant."""
    assert broker_of(address, {}) == settings


def test_tls_and_the_password_of_the_environment() -> None:
    """The password does not stand among the arguments."""
    broker = broker_of("mqtts://salon@nas", {PASSWORD_VARIABLE: "pw"})
    assert (broker.port, broker.password) == (8883, "pw")
    assert broker.ca_file.endswith("ca-certificates.crt")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://nas",
        "mqtt://",
        "mqtt://nas/x",
        "mqtt://nas:0",
        "mqtt://nas:99999",
        "mqtt://:secretpw@nas",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """It says what to write, and repeats no password."""
    with pytest.raises(SettingsError, match="write mqtt://user@host") as refused:
        broker_of(address, {})
    assert "secretpw" not in str(refused.value)


def test_the_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """For any device and user; a hostile id is refused."""
    assert acl.run(["--device", "salon", "--user", "radio"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("user radio\ntopic readwrite mlfym/v1/salon/#\n")
    assert acl.run(["--device", "a/#"]) == 2


class Guest:
    """Somebody at the home's broker."""

    def __init__(self, port: int, user: str, *topics: str) -> None:
        self.messages: queue.Queue[Publication] = queue.Queue()
        self._links: queue.Queue[bool] = queue.Queue()
        self.bus = Bus(
            BrokerSettings(port=port, username=user, password=f"{user}-pw"),
            f"{user}-client",
            subscriptions=topics,
            received=self.messages.put,
            link_changed=self._links.put,
        )
        self.bus.start()
        assert self._links.get(timeout=ANSWER_SECONDS)

    def say(self, topic: str, text: str = "x") -> None:
        assert self.bus.publish(Publication(topic=topic, payload=text.encode()))

    def heard(self) -> str:
        got = self.messages.get(timeout=ANSWER_SECONDS)
        return f"{got.topic} {got.payload.decode()}"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A mosquitto that lets in only whom it knows, with the list as it is printed."""
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed")
    with guarded_mosquitto(tmp_path, USERS, acl_for("salon")) as accepting:
        yield accepting


def test_the_list_lets_each_do_its_part_and_no_more(port: int) -> None:
    """Delivery is what counts: a broker may grant a subscription and deliver nothing."""
    everything = ("mlfym/#", "homeassistant/#")
    guests = {user: Guest(port, user, *everything) for user in USERS}
    device, stranger = guests["salon"], guests["cellar"]
    server, home = guests["recommender"], guests["homeassistant"]
    try:
        stranger.say(f"{BASE}/command/ban")  # goes nowhere: it has no part in this
        stranger.say("homeassistant/device/mlfym_salon/config")
        server.say(f"{BASE}/command/ban")
        home.say(f"{BASE}/state")
        device.say("mlfym/v1/cellar/state")
        device.say("homeassistant/device/other/config")
        home.say("homeassistant/status", "online")
        assert device.heard() == "homeassistant/status online"
        assert home.heard() == "homeassistant/status online"
        home.say(f"{BASE}/command/next", "")
        assert device.heard() == f"{BASE}/command/next "
        device.say(f"{BASE}/recommend/request", "who")
        assert server.heard() == f"{BASE}/recommend/request who"
        assert device.heard() == f"{BASE}/recommend/request who"
        server.say(f"{BASE}/recommend/reply", "you")
        assert device.heard() == f"{BASE}/recommend/reply you"
        for topic in (f"{BASE}/home", f"{BASE}/cover", "homeassistant/device/mlfym_salon/config"):
            device.say(topic, "told")
            assert home.heard() == f"{topic} told"
        assert stranger.messages.empty()
        assert server.messages.empty()
    finally:
        for guest in guests.values():
            guest.bus.stop()


def test_what_came_of_a_command_is_told_to_the_home(port: int) -> None:
    """Through the real broker and its list: the answer names the command and says why."""
    home = Guest(port, "homeassistant", f"{BASE}/answer", f"{BASE}/state", "homeassistant/status")
    device = Guest(port, "salon", f"{BASE}/command/+")
    # What a client says comes after its subscriptions: once it is heard, these hold.
    home.say("homeassistant/status", "online")
    assert home.heard() == "homeassistant/status online"
    device.say(f"{BASE}/state", "here")
    assert home.heard() == f"{BASE}/state here"
    commands = MqttCommands("salon", lambda _event: None, HandClock().now, device.bus.publish)
    try:
        asked = Publication(topic=f"{BASE}/command/volume", payload=b"loud", correlation=b"seven")
        assert home.bus.publish(asked)
        assert commands.receive(device.messages.get(timeout=ANSWER_SECONDS))
        told = home.messages.get(timeout=ANSWER_SECONDS)
        answer = decode(told.payload, CommandAnswer)
        assert (told.topic, told.correlation) == (f"{BASE}/answer", b"seven")
        assert (answer.command, answer.refused) == ("volume", True)
        assert answer.text
    finally:
        home.bus.stop()
        device.bus.stop()
