from __future__ import annotations

import json
import logging
import os
import queue
import socket
import ssl
import stat
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli import pair
from cli.appliance.accounts import Accounts, PairingError, account_name, hashed, new_secret
from cli.appliance.authority import (
    covers,
    is_good,
    make_authority,
    make_broker_certificate,
)
from contracts.bus import Bus, Publication
from contracts.settings import BrokerSettings, to_toml
from device.settings import DeviceSettings, SoundSettings
from tests.brokers import ANSWER_SECONDS, MOSQUITTO
from tests.household import Household

ROOT = Path(__file__).parents[1]
needs_mosquitto = pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")


class Member:
    """Somebody at the broker."""

    def __init__(self, settings: BrokerSettings, subscriptions: tuple[str, ...] = ()) -> None:
        self._name, self._subscribes = settings.username, bool(subscriptions)
        self.messages: queue.Queue[Publication] = queue.Queue()
        self.links: queue.Queue[bool] = queue.Queue()
        self.bus = Bus(
            settings,
            "whoever",
            subscriptions=subscriptions,
            received=self.messages.put,
            link_changed=self.links.put,
        )
        self.bus.start()

    def there(self, household: Household) -> Member:
        """Connected, and subscribed where it asked to be."""
        assert self.links.get(timeout=ANSWER_SECONDS)
        if self._subscribes:
            household.said("Sending SUBACK to " + self._name)
        return self

    def say(self, topic: str, payload: bytes) -> None:
        assert self.bus.publish(Publication(topic=topic, payload=payload))

    def hears(self) -> tuple[str, bytes]:
        got = self.messages.get(timeout=ANSWER_SECONDS)
        return got.topic, got.payload


Join = Callable[..., Member]


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    house = Household(tmp_path)
    yield house
    house.stop()


@pytest.fixture
def join() -> Iterator[Join]:
    members: list[Member] = []

    def joined(settings: BrokerSettings, *subscriptions: str) -> Member:
        members.append(Member(settings, subscriptions))
        return members[-1]

    yield joined
    for member in members:
        member.bus.stop()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@needs_mosquitto
def test_the_right_password_alone_lets_in(household: Household, join: Join) -> None:
    """Mosquitto takes our hash of the password, and no other password, and nobody unnamed."""
    kitchen = household.settings("kitchen")
    household.start()
    join(kitchen).there(household)
    for username, password in (("kitchen", new_secret()), ("", ""), ("attic", new_secret())):
        wrong = BrokerSettings(port=household.port, username=username, password=password)
        refused = join(wrong)
        household.said("not authorised")
        assert refused.links.empty()


@needs_mosquitto
def test_a_device_hears_and_speaks_under_its_own_name_alone(
    household: Household, join: Join
) -> None:
    """What it says elsewhere reaches nobody, and what others say does not reach it."""
    kitchen, attic = household.settings("kitchen"), household.settings("attic")
    home = household.settings("home.assistant")
    household.start()
    here = join(kitchen, "mlfym/v1/+/command/+", "mlfym/v1/+/state").there(household)
    there = join(attic, "mlfym/v1/attic/state", "mlfym/v1/attic/command/+").there(household)
    house = join(home, "mlfym/v1/+/state").there(household)
    there.say("mlfym/v1/attic/state", b"attic")
    assert there.hears() == ("mlfym/v1/attic/state", b"attic")
    assert house.hears() == ("mlfym/v1/attic/state", b"attic")
    here.say("mlfym/v1/attic/command/pause", b"stranger")
    here.say("mlfym/v1/attic/state", b"forged")
    here.say("mlfym/v1/kitchen/state", b"kitchen")
    assert here.hears() == ("mlfym/v1/kitchen/state", b"kitchen")
    assert house.hears() == ("mlfym/v1/kitchen/state", b"kitchen")
    house.say("mlfym/v1/attic/state", b"forged")
    house.say("mlfym/v1/attic/command/play", b"")
    assert there.hears() == ("mlfym/v1/attic/command/play", b"")


@needs_mosquitto
def test_workers_share_requests_and_answer_any_device(household: Household, join: Join) -> None:
    """The shared subscription is allowed to a worker, and so is its answer."""
    worker, kitchen = household.settings("recommender.1"), household.settings("kitchen")
    household.start()
    server = join(worker, "$share/mlfym/mlfym/v1/+/recommend/request").there(household)
    device = join(kitchen, "mlfym/v1/kitchen/recommend/reply").there(household)
    device.say("mlfym/v1/kitchen/recommend/request", b"?")
    assert server.hears() == ("mlfym/v1/kitchen/recommend/request", b"?")
    server.say("mlfym/v1/kitchen/state", b"forged")
    server.say("mlfym/v1/kitchen/recommend/reply", b"!")
    assert device.hears() == ("mlfym/v1/kitchen/recommend/reply", b"!")


@needs_mosquitto
def test_tls_1_1_is_refused(household: Household) -> None:
    """TLS 1.2 is the least."""
    household.start()

    def version(highest: ssl.TLSVersion) -> str | None:
        context = ssl.create_default_context(cafile=household.authority)
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, highest
        with socket.create_connection(("localhost", household.tls_port)) as plain:
            return context.wrap_socket(plain, server_hostname="localhost").version()

    assert version(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        version(ssl.TLSVersion.TLSv1_1)


@needs_mosquitto
def test_a_wrong_authority_lets_nothing_out(
    household: Household, join: Join, tmp_path: Path
) -> None:
    """A broker that another authority signed for is not spoken to."""
    make_authority(tmp_path / "other", "somebody else")
    settings = household.settings("kitchen", ca_file=str(tmp_path / "other/ca.pem"))
    household.start()
    member = join(settings)
    household.said("unknown ca")
    assert member.links.empty()


@needs_mosquitto
def test_an_expired_certificate_lets_nothing_out(tmp_path: Path, join: Join) -> None:
    """Nor is one whose certificate is over."""
    house = Household(tmp_path, broker_days=-1)
    settings = house.settings("kitchen")
    house.start()
    try:
        member = join(settings)
        house.said("certificate expired")
        assert member.links.empty()
    finally:
        house.stop()


@needs_mosquitto
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_without_its_authority_nothing_is_sent_in_the_clear(
    household: Household,
    tmp_path: Path,
    content: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A missing or broken file is said, with what to do, and no connection is opened."""
    authority = tmp_path / "gone.pem"
    if content:
        authority.write_text(content, encoding="utf-8")
    settings = household.settings("kitchen", ca_file=str(authority), port=household.port)
    household.start()
    with caplog.at_level(logging.ERROR):
        member = Member(settings)
    assert "gone.pem cannot be read" in caplog.text
    assert "pair this anew" in caplog.text
    member.bus.stop()
    assert member.links.empty()


@needs_mosquitto
def test_music_goes_on_before_a_broker_that_is_not_trusted(
    household: Household, tmp_path: Path
) -> None:
    """The real core plays from its own library while its broker's authority is wrong."""
    make_authority(tmp_path / "other", "somebody else")
    (tmp_path / "music").mkdir()
    with wave.open(str(tmp_path / "music/tone.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(range(256)) * 3_750)  # a minute of a saw's tooth
    settings = tmp_path / "device.toml"
    chosen = DeviceSettings(
        device_id="kitchen",
        music_folder=str(tmp_path / "music"),
        state_folder=str(tmp_path / "state"),
        vision_socket=str(tmp_path / "vision.sock"),
        broker=household.settings("kitchen", ca_file=str(tmp_path / "other/ca.pem")),
        sound=SoundSettings(driver="dummy"),
    )
    settings.write_text(to_toml(chosen), encoding="utf-8")
    household.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(ANSWER_SECONDS)
        named = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        words = [sys.executable, "-m", "device", "--settings", str(settings)]
        core = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **named})
        try:
            assert systemd.recv(64) == b"READY=1"
            household.said("unknown ca")
            told = ""
            while "tone" not in told:  # each turn waits for a sign of life of core's loop
                systemd.recv(64)
                asked = [sys.executable, "-m", "cli.main", "control", "--settings", str(settings)]
                told = subprocess.run(
                    [*asked, "status"], cwd=ROOT, capture_output=True, text=True, check=False
                ).stdout
            assert core.poll() is None
        finally:
            core.terminate()
            core.wait(ANSWER_SECONDS)


def test_secrets_are_random_long_and_their_owners_alone(tmp_path: Path) -> None:
    """256 bits each, never twice, files 0600, the password itself in none of them."""
    accounts = Accounts(tmp_path)
    secrets = [accounts.put("kitchen") for _ in range(20)]
    assert len(set(secrets)) == 20
    assert min(map(len, secrets)) >= 43
    assert {mode(tmp_path / name) for name in ("passwords", "acl")} == {0o600}
    assert secrets[-1] not in (tmp_path / "passwords").read_text(encoding="utf-8")
    assert hashed("a") != hashed("a")


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    """Both private keys are 0600, whatever the umask; certificates may be read."""
    old = os.umask(0)
    try:
        make_authority(tmp_path, "a test")
        make_broker_certificate(tmp_path, ["speaker.local", "192.0.2.7"])
    finally:
        os.umask(old)
    assert {mode(tmp_path / name) for name in ("ca.key", "broker.key")} == {0o600}
    assert covers(tmp_path / "broker.pem", ["192.0.2.7", "speaker.local"])
    assert not covers(tmp_path / "broker.pem", ["192.0.2.8"])
    assert is_good(tmp_path / "broker.pem")
    assert not is_good(tmp_path / "broker.pem", 900 * 86_400)


@pytest.mark.parametrize("name", ["", "server", "a/b", "+", "recommender.1", "home.x", "a\nuser b"])
def test_no_device_takes_a_name_that_is_not_its_kinds(name: str) -> None:
    """Reserved names, characters of topics and the dot of other kinds are refused."""
    with pytest.raises(PairingError):
        account_name(name, "device")


def test_a_bundle_holds_all_that_is_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file, 0600, with where the broker is, who one is there, and whom to trust."""
    make_authority(tmp_path / "authority", "a test")
    out = tmp_path / "kitchen.mlfym"
    words = ["kitchen", "--etc", str(tmp_path), "--host", "box.local", "--out", str(out)]
    assert pair.run(words) == 0
    bundle = json.loads(out.read_text(encoding="utf-8"))
    assert mode(out) == 0o600
    assert (bundle["username"], bundle["host"], bundle["port"]) == ("kitchen", "box.local", 8883)
    assert bundle["ca"].startswith("-----BEGIN CERTIFICATE-----")
    assert bundle["password"] not in capsys.readouterr().out
    assert pair.run(words) == 1
    assert "is there already" in capsys.readouterr().err
    assert pair.run(["kitchen", "--etc", str(tmp_path), "--remove"]) == 0
    assert Accounts(tmp_path / "broker").names() == []
    assert pair.run(["kitchen", "--etc", str(tmp_path), "--remove"]) == 1


def test_pairing_needs_an_authority(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one it says how to get it, and pairs nobody."""
    assert pair.run(["kitchen", "--etc", str(tmp_path)]) == 1
    assert "install --role server" in capsys.readouterr().err
    assert Accounts(tmp_path / "broker").names() == []
