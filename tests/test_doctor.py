from __future__ import annotations

import importlib
import json
import queue
import shutil
import sys
from pathlib import Path

import pytest

from cli import doctor
from cli.appliance import checks
from cli.appliance.authority import make_authority
from cli.appliance.checks import Finding, Machine
from cli.broker import EmbeddedBroker, free_port
from contracts.bus import Bus
from contracts.settings import BrokerSettings
from device.settings import DeviceSettings
from device.status import Status
from tests.brokers import ANSWER_SECONDS, MOSQUITTO
from tests.household import Household

ROOT = Path(__file__).parents[1]
DAY = 86_400


def machine(root: Path, answer: str = "", **files: str) -> Machine:
    """A machine of these files, whose programs all give one answer."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return Machine(root, lambda *_words: answer)


def test_a_camera_by_number_is_looked_for(tmp_path: Path) -> None:
    """There with its name, or not there with what to do."""
    assert checks.camera("0", machine(tmp_path)).state == "bad"
    there = machine(tmp_path, dev__video0="", sys__class__video4linux__video0__name="Brio\n")
    assert checks.camera("0", there) == Finding("camera", "good", "/dev/video0 Brio")


def test_a_picamera2_that_would_not_start_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bookworm's own simplejpeg beside numpy 2 says this; without it picamera2 does not import."""
    machine(tmp_path, dev__media0="")
    for name, text in (
        ("picamera2.py", ""),
        ("simplejpeg.py", 'raise ValueError("numpy.dtype size changed")\n'),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "simplejpeg", raising=False)
    seen = checks.camera("picamera2", machine(tmp_path))
    assert (seen.state, "numpy.dtype size changed" in seen.saw) == ("bad", True)
    (tmp_path / "simplejpeg.py").write_text("# one that fits\n", encoding="utf-8")
    importlib.invalidate_caches()
    assert checks.camera("picamera2", machine(tmp_path)).state == "good"
    monkeypatch.delitem(sys.modules, "simplejpeg", raising=False)


def test_sound_cards_are_named(tmp_path: Path) -> None:
    """As the kernel lists them; none is bad; a driver that nobody hears is odd."""
    assert checks.sound("", machine(tmp_path)).state == "bad"
    cards = " 0 [Headphones     ]: bcm2835 - Headphones\n                      bcm2835\n"
    seen = checks.sound("", machine(tmp_path, proc__asound__cards=cards))
    assert seen == Finding("sound", "good", "bcm2835 - Headphones")
    assert checks.sound("dummy", machine(tmp_path)).state == "odd"


@pytest.mark.parametrize(
    ("bits", "state", "words"),
    [
        ("0x0", "good", "never"),
        ("0x50000", "odd", "since the start: under-voltage, throttled"),
        ("0x50005", "bad", "now: under-voltage, throttled"),
    ],
)
def test_throttling_is_read(tmp_path: Path, bits: str, state: str, words: str) -> None:
    """What is now is bad, what was is odd."""
    seen = checks.throttling(machine(tmp_path, f"throttled={bits}"))
    assert seen.state == state
    assert words in seen.saw
    assert checks.throttling(machine(tmp_path)).saw == "no Raspberry Pi firmware to ask"


@pytest.mark.parametrize(
    ("milli", "state"), [("50000", "good"), ("76000", "odd"), ("84000", "bad")]
)
def test_heat_is_read(tmp_path: Path, milli: str, state: str) -> None:
    """The hottest of all sensors counts."""
    hot = machine(
        tmp_path,
        sys__class__thermal__thermal_zone0__temp="40000\n",
        sys__class__thermal__thermal_zone1__temp=f"{milli}\n",
    )
    assert checks.temperature(hot).state == state


def test_the_clock_is_asked(tmp_path: Path) -> None:
    """Set from the network, or told that it is not."""
    assert checks.clock(machine(tmp_path, "yes")).state == "good"
    assert checks.clock(machine(tmp_path, "no")).state == "odd"


def test_an_altered_model_is_bad(tmp_path: Path) -> None:
    """The file is named; the shipped models are good."""
    assert checks.models(ROOT / "models").state == "good"
    shutil.copytree(ROOT / "models", tmp_path / "models")
    (tmp_path / "models/emotion.tflite").write_bytes(b"something else")
    seen = checks.models(tmp_path / "models")
    assert seen.state == "bad"
    assert "emotion.tflite was altered" in seen.saw
    assert checks.models(tmp_path).state == "bad"


def test_another_version_than_the_pinned_is_odd(tmp_path: Path) -> None:
    """Named with the pin; what is not installed is passed over."""
    pins = tmp_path / "constraints.txt"
    pins.write_text("# made\nnumpy==1.0\nno-such-package==3\n", encoding="utf-8")
    seen = checks.versions(pins)
    assert seen.state == "odd"
    assert " for 1.0" in seen.saw
    assert "no-such-package" not in seen.saw


def test_a_disk_is_really_written(tmp_path: Path) -> None:
    """A folder that does not exist yet is looked at where it will be; nothing stays behind."""
    assert "writable" in checks.disk(tmp_path / "not/yet").saw
    assert list(tmp_path.iterdir()) == []


def test_a_broker_lets_in_or_is_away() -> None:
    """The answer to a real CONNECT counts, not an open port."""
    with EmbeddedBroker() as running:
        assert checks.broker(BrokerSettings(port=running.port)).state == "good"
    assert checks.broker(BrokerSettings(port=free_port())).state == "odd"


@pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")
def test_tls_and_credentials_are_tried(tmp_path: Path) -> None:
    """The right ones get in; a wrong password and a wrong authority are told apart."""
    house = Household(tmp_path)
    right = house.settings("kitchen")
    make_authority(tmp_path / "other", "somebody else")
    house.start()
    try:
        seen = checks.broker(right)
        assert seen.state == "good"
        assert "TLSv1.3" in seen.saw
        wrong = BrokerSettings(port=house.port, username="kitchen", password="no")  # noqa: S106
        assert "refuses us (reason 0x87)" in checks.broker(wrong).saw
        stranger = BrokerSettings(
            host="localhost", port=house.tls_port, ca_file=str(tmp_path / "other/ca.pem")
        )
        assert "CERTIFICATE_VERIFY_FAILED" in checks.broker(stranger).saw
    finally:
        house.stop()


@pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")
def test_core_is_not_sent_away_by_a_look(tmp_path: Path) -> None:
    """Two of one name cannot be at the broker: where core has a server there, that is enough."""
    house = Household(tmp_path)
    settings = DeviceSettings(state_folder=str(tmp_path), broker=house.settings("kitchen"))
    house.start()
    links: queue.Queue[bool] = queue.Queue()
    bus = Bus(
        settings.broker,
        "kitchen",
        subscriptions=(),
        received=lambda _: None,
        link_changed=links.put,
    )
    try:
        bus.start()
        assert links.get(timeout=ANSWER_SECONDS)
        found = checks.all_findings(settings, machine(tmp_path), Status(server_online=True))
        seen = next(finding for finding in found if finding.name == "broker")
        assert (seen.state, links.empty()) == ("good", True)
        assert checks.broker(settings.broker).state == "good"
        assert links.get(timeout=ANSWER_SECONDS) is False  # so does one who only asks for a look
    finally:
        bus.stop()
        house.stop()


def test_an_authority_that_ends_is_told(tmp_path: Path) -> None:
    """Good, odd within 60 days, bad when it is over, bad when it cannot be read."""
    make_authority(tmp_path, "a test", days=100)
    settings = BrokerSettings(host="box.local", ca_file=str(tmp_path / "ca.pem"))
    now = (tmp_path / "ca.pem").stat().st_mtime
    states = [checks.authority(settings, now + days * DAY).state for days in (0, 50, 101)]
    assert states == ["good", "odd", "bad"]
    assert checks.authority(BrokerSettings(ca_file=str(tmp_path / "none"))).state == "bad"
    assert checks.authority(BrokerSettings()).state == "good"
    assert checks.authority(BrokerSettings(host="box.local")).state == "bad"


def test_every_line_that_is_not_good_says_what_to_do(tmp_path: Path) -> None:
    """As lines and as JSON, without any secret of the settings."""
    broker = BrokerSettings(port=free_port(), username="x", password="hush-hush")  # noqa: S106
    settings = DeviceSettings(state_folder=str(tmp_path), broker=broker)
    found = checks.all_findings(settings, machine(tmp_path))
    assert [f.name for f in found if f.state != "good" and not f.advice] == []
    text = doctor.as_json(found)
    assert [row["name"] for row in json.loads(text)][:3] == ["camera", "sound", "broker"]
    assert "hush-hush" not in text + doctor.as_lines(found)
