from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import msgspec
import pytest
from argon2 import PasswordHasher

from device.chosen import FILE, Chosen, with_chosen
from device.frontends.web.staff_pin import StaffPin
from device.settings import DeviceSettings, WebSettings
from device.setup.choices import keep_wish
from device.setup.hotspot_key import hotspot_key
from device.setup.paper import FOLDER
from device.setup.policy import PARTING_SECONDS
from device.setup.site import Site
from tests.setup_stage import ADDRESS, Answer, Phone, Stage

PASSWORD = "long enough"  # noqa: S105 - a test's
PIN = "482913"


class Visitor:
    """A phone in the hotspot."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)
        self.music = folder
        self.stage.after(0)
        self.stage.after(200)
        site = Site(self.stage.desk, self.stage.events.put, 80)
        self.client = Phone(site)

    def page(self, path: str = "/") -> str:
        answer = self.client.get(path)
        assert answer.status == 200
        self.heard()
        return answer.text

    def send(self, **fields: str) -> Answer:
        token = re.search(r'name="token" value="([^"]+)"', self.page())
        assert token
        form = {"token": token[1], "language": "en", "music": str(self.music), **fields}
        answer = self.client.post("/", form)
        self.heard()
        return answer

    def heard(self) -> None:
        while True:
            try:
                event = self.stage.events.get_nowait()
            except Empty:
                return
            assert event
            self.stage.setup.handle(event)


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    made = Visitor(tmp_path)
    with made.client:
        yield made


@pytest.mark.parametrize(
    "address",
    [
        "http://connectivitycheck.gstatic.com/generate_204",
        "http://captive.apple.com/hotspot-detect.html",
        "http://www.msftconnecttest.com/connecttest.txt",
        "http://detectportal.firefox.com/canonical.html",
        f"{ADDRESS}/generate_204",
        f"{ADDRESS}/no/such/page",
    ],
)
def test_whatever_a_phone_asks_leads_to_the_page(visitor: Visitor, address: str) -> None:
    """So that phones open it by themselves."""
    answer = visitor.client.get(address)
    assert (answer.status, answer.headers["location"]) == (302, f"{ADDRESS}/")


def test_a_form_for_another_name_is_not_obeyed(visitor: Visitor) -> None:
    """A page elsewhere cannot send one under its own name."""
    answer = visitor.client.post("http://evil.example/", {"network": "Home"})
    assert answer.status == 421
    assert visitor.stage.phase == "offering"


def test_a_form_without_the_pages_own_word_is_not_obeyed(visitor: Visitor) -> None:
    """It is shown again, with why."""
    answer = visitor.send(network="Home", password=PASSWORD, token="guessed")  # noqa: S106
    assert answer.status == 403
    assert "out of date" in answer.text
    assert visitor.stage.phase == "offering"


def test_the_page_runs_nothing_and_loads_nothing_from_elsewhere(visitor: Visitor) -> None:
    """No script at all."""
    answer = visitor.client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "<script" not in answer.text
    assert visitor.client.get("/page/style.css").status == 200
    assert visitor.client.get("/page/../setup.json").status == 302


def test_networks_are_listed_as_they_are_called(visitor: Visitor) -> None:
    """The strongest first; those of a company cannot be picked, hidden ones are not shown."""
    page = visitor.page()
    assert page.index("Caf") < page.index(">Home<") < page.index(">Office<")
    assert 'value="Office" disabled' in page
    assert "Attic" not in page


def test_a_network_with_markup_for_a_name_is_text(tmp_path: Path) -> None:
    """Anybody near can call a network so."""
    stage = Stage(tmp_path)
    stage.outside.change(air=[{"ssid": "<b>&\"'", "signal": 12}])
    stage.after(0)
    stage.after(200)
    with Phone(Site(stage.desk, stage.events.put, 80)) as phone:
        page = phone.get("/").text
    assert 'value="&lt;b&gt;&amp;&quot;&#x27;"' in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en-GB,ko;q=0.5", "en"), ("fr", "en"), ("", "en")],
)
def test_the_page_speaks_as_the_phone_does(visitor: Visitor, accepted: str, language: str) -> None:
    """Korean or English; the link at its head changes that."""
    page = visitor.client.get("/", {"accept-language": accepted}).text
    assert f'<html lang="{language}">' in page
    assert '<html lang="ko">' in visitor.page("/?lang=ko")


def test_both_languages_have_the_same_words() -> None:
    """And the same places for names in them."""
    korean, english = (json.loads((FOLDER / f"{n}.json").read_text("utf-8")) for n in ("ko", "en"))
    assert list(korean) == list(english)
    for key, text in english.items():
        assert re.findall(r"\{\w+\}", korean[key]) == re.findall(r"\{\w+\}", text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose a Wi-Fi"),
        ({"network": "Home"}, "needs its password"),
        ({"network": "Home", "password": "short"}, "8 to 63"),
        ({"other": "x" * 33, "password": "long enough"}, "at most 32"),
        ({"network": "Home", "password": "long enough", "pin": "123456"}, "6 to 12 digits that"),
        ({"network": "Home", "password": "long enough", "name": "Küche"}, "Only small letters"),
        ({"network": "Home", "password": "long enough", "music": "/no/such"}, "no such folder"),
        ({"network": "Home", "password": "long enough", "music": "music"}, "no such folder"),
    ],
)
def test_a_form_that_cannot_be_carried_out_says_why(
    visitor: Visitor, fields: dict[str, str], said: str
) -> None:
    """Beside the field; nothing happens."""
    answer = visitor.send(**fields)
    assert answer.status == 422
    assert said in answer.text
    assert "long enough" not in answer.text
    assert visitor.stage.phase == "offering"


def test_a_form_that_is_too_long_is_not_read(visitor: Visitor) -> None:
    """16 KiB are more than any."""
    answer = visitor.client.post("/", {"a": "x" * 20_000})
    assert answer.status == 413


def test_a_device_is_set_up_and_joins(visitor: Visitor) -> None:
    """Goodbye first; then the hotspot goes, the network is joined, the choices are kept."""
    assert visitor.stage.page.is_open
    answer = visitor.send(network="Home", password=PASSWORD, name="Kitchen", pin=PIN, phones="on")
    assert answer.status == 200
    assert "joins “Home”" in answer.text
    assert "http://kitchen.local:8080" in answer.text
    assert visitor.stage.page.is_open
    visitor.stage.after(PARTING_SECONDS)
    assert (visitor.stage.phase, visitor.stage.page.is_open) == ("watching", False)
    (profile,) = visitor.stage.outside.profiles
    assert profile["connection.id"] == "Home"
    (wish,) = visitor.stage.kept
    assert (wish.name, wish.music_folder) == ("kitchen", str(visitor.music))
    assert PasswordHasher().verify(wish.pin_hash, PIN)
    visitor.stage.after(100_000)
    assert visitor.stage.phase == "watching"


def test_a_wrong_password_brings_the_page_back(visitor: Visitor) -> None:
    """It says why and keeps what was typed but the password; the PIN is not asked for again."""
    visitor.send(network="Home", password="not this one", name="kitchen", pin=PIN)  # noqa: S106
    visitor.stage.after(PARTING_SECONDS)
    assert (visitor.stage.phase, visitor.stage.page.is_open) == ("offering", True)
    assert visitor.stage.kept == []
    page = visitor.page()
    assert "“Home” did not take the password" in page
    assert 'value="Home" checked' in page
    assert 'value="kitchen"' in page
    assert "not this one" not in page
    assert PIN not in page
    visitor.send(network="Home", password=PASSWORD, name="kitchen")
    visitor.stage.after(PARTING_SECONDS)
    assert PasswordHasher().verify(visitor.stage.kept[0].pin_hash, PIN)


def test_a_hotspot_whose_page_has_no_port_is_closed(tmp_path: Path) -> None:
    """It would lead nowhere; half a minute later it is tried again."""
    stage = Stage(tmp_path)
    stage.page.taken = True
    stage.after(0)
    stage.after(180)
    assert (stage.phase, stage.outside.profiles) == ("watching", [])
    stage.page.taken = False
    stage.after(30)
    assert (stage.phase, stage.page.is_open) == ("offering", True)


def test_a_cable_closes_the_hotspot(visitor: Visitor) -> None:
    """At the next look."""
    visitor.stage.outside.plug_cable()
    visitor.stage.after(2)
    assert (visitor.stage.phase, visitor.stage.outside.profiles) == ("watching", [])


def test_a_hotspots_password_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """Another on every device, and long."""
    first = hotspot_key(tmp_path / "a")
    assert hotspot_key(tmp_path / "a") == first
    assert hotspot_key(tmp_path / "b") != first
    assert (tmp_path / "a/hotspot.json").stat().st_mode & 0o777 == 0o600
    assert re.fullmatch("mlfym-[a-z2-9]{4}", first.ssid)
    assert re.fullmatch("[a-z2-9]{14}", first.password)
    assert first.password not in repr(first)
    assert first.qr_text == f"WIFI:T:WPA;S:{first.ssid};P:{first.password};;"


def test_core_takes_what_was_chosen_once(visitor: Visitor, tmp_path: Path) -> None:
    """PIN, name, music, page, language; a PIN that is set later is not undone by the next start."""
    chosen = {"name": "kitchen", "pin": PIN, "phones": "on", "language": "ko"}
    visitor.send(network="Home", password=PASSWORD, **chosen)
    visitor.stage.after(PARTING_SECONDS)
    handover, own = tmp_path / "handover", tmp_path / "own"
    handover.mkdir()
    keep_wish(handover, visitor.stage.kept[0], 1000.0)
    kept = (handover / FILE).read_text("utf-8")
    assert "long enough" not in kept
    assert PIN not in kept
    plain = DeviceSettings(state_folder=str(own), web=WebSettings(port=8080))
    settings = with_chosen(plain, handover)
    assert (settings.network.mdns_name, settings.music_folder) == ("kitchen", str(tmp_path))
    assert settings.web.language == "ko"
    assert (settings.web.listen, settings.device_id) == ("0.0.0.0", plain.device_id)  # noqa: S104 - chosen
    assert StaffPin(own, lambda: 0.0).check(PIN)
    (own / "staff_pin").unlink()
    assert with_chosen(plain, handover) == settings
    assert not (own / "staff_pin").exists()


def test_without_a_choice_settings_stay_as_they_are(tmp_path: Path) -> None:
    """Also when the file is damaged."""
    plain = DeviceSettings(state_folder=str(tmp_path / "own"))
    assert with_chosen(plain, tmp_path) == plain
    (tmp_path / FILE).write_text('{"at_unix": 1, "name": "no name"}', "utf-8")
    assert with_chosen(plain, tmp_path) == plain
    (tmp_path / FILE).write_bytes(msgspec.json.encode(Chosen(at_unix=1.0, name="attic")))
    assert with_chosen(plain, tmp_path).network.mdns_name == "attic"
