"""The page behind a reverse proxy: each guest counts by their own address, whoever claims what."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

from contracts.settings import SettingsError, settings_from
from device.frontends.web import staff_pin
from device.frontends.web.proxies import address_of, client_behind
from device.settings import DeviceSettings, WebSettings
from tests.stage import QUICK
from tests.web_client import Browser, Got
from tests.web_stage import PageStage

PIN = "482913"
PHOTO = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (64).to_bytes(4) + (64).to_bytes(4) + bytes(9)
BEHIND = WebSettings(cafe=True, proxies=("127.0.0.0/8", "::1"), names=("music.cafe.example",))
CAFE = msgspec.structs.replace(QUICK, web=BEHIND)


@pytest.fixture
def cafe(tmp_path: Path) -> Iterator[PageStage]:
    staff_pin.set_pin(tmp_path, PIN)
    with PageStage(tmp_path, CAFE) as made:
        yield made


def wish(stage: PageStage, track: int, forwarded: str, browser: Browser | None = None) -> Got:
    """A song wished for by a phone that a proxy names so."""
    phone = browser or Browser(stage.port).open()
    given = {"command": "wish", "argument": f"{track:016x}"}
    return phone.post("/api/command", given, **{"X-Forwarded-For": forwarded})


def test_guests_behind_a_proxy_are_told_apart(cafe: PageStage) -> None:
    """One wish each, by the address that the proxy saw; a new cookie does not help."""
    assert wish(cafe, 30, "192.168.4.10").status == 200
    assert wish(cafe, 31, "192.168.4.10").json["code"] == "wish_wait"
    assert wish(cafe, 31, "192.168.4.11").status == 200


def test_photos_are_few_a_minute_for_each_phone(cafe: PageStage) -> None:
    """A new cookie for each does not help; the phone beside it is not kept waiting."""

    def photo(address: str) -> int:
        phone = Browser(cafe.port).open()
        return phone.post("/api/photo", PHOTO, **{"X-Forwarded-For": address}).status

    assert [photo("192.168.4.10") for _ in range(7)] == [200] * 6 + [429]
    assert photo("192.168.4.11") == 200
    assert photo("2001:db8:7:1::5") == 200
    cafe.now += 61
    assert photo("192.168.4.10") == 200


def test_an_address_that_a_guest_claims_is_not_believed(cafe: PageStage) -> None:
    """The proxy's own word stands at the right; what is left of it is the guest's."""
    assert wish(cafe, 30, "10.1.1.1, 192.168.4.10").status == 200
    assert wish(cafe, 31, "10.2.2.2, 192.168.4.10").json["code"] == "wish_wait"
    assert wish(cafe, 31, "127.0.0.1, 192.168.4.10").json["code"] == "wish_wait"


def test_whoever_comes_by_a_proxy_is_not_the_kiosk(cafe: PageStage) -> None:
    """Though the proxy runs on the device; who comes without it from the device, is."""
    browser = Browser(cafe.port).open()
    assert browser.get("/api/about").json["kiosk"] is True
    for said in ("192.168.4.10", "127.0.0.1", "::1", "unknown", "nonsense, nonsense"):
        assert browser.get("/api/about", **{"X-Forwarded-For": said}).json["kiosk"] is False
    refused = browser.post("/api/command", {"command": "next"}, **{"X-Forwarded-For": "10.0.0.9"})
    assert refused.json["code"] == "staff_only"


def test_without_proxies_in_the_settings_nobody_is_believed(tmp_path: Path) -> None:
    """The header counts for nothing then."""
    with PageStage(tmp_path, msgspec.structs.replace(QUICK, web=WebSettings(cafe=True))) as stage:
        got = Browser(stage.port).open().get("/api/about", **{"X-Forwarded-For": "10.0.0.9"})
        assert got.json["kiosk"] is True


def test_a_proxy_is_not_believed_from_elsewhere(tmp_path: Path) -> None:
    """Only the addresses of the settings are; here it comes from another."""
    elsewhere = msgspec.structs.replace(CAFE, web=WebSettings(cafe=True, proxies=("10.0.0.1",)))
    with PageStage(tmp_path, elsewhere) as stage:
        got = Browser(stage.port).open().get("/api/about", **{"X-Forwarded-For": "10.0.0.9"})
        assert got.json["kiosk"] is True


def test_by_https_cookies_are_for_https_alone(cafe: PageStage) -> None:
    """As the proxy says that its client came by it; from others it is not believed."""
    browser = Browser(cafe.port)
    said = {"X-Forwarded-For": "10.0.0.9", "X-Forwarded-Proto": "https"}
    assert "Secure" in browser.get("/", **said).cookies[0]
    alone = Browser(cafe.port).get("/", **{"X-Forwarded-Proto": "https"})
    assert "Secure" not in alone.cookies[0]


def test_the_name_of_the_proxy_is_one_of_the_settings(cafe: PageStage) -> None:
    """Another is refused, and so is a page of another name."""
    browser = Browser(cafe.port)
    named = {"Host": "music.cafe.example", "X-Forwarded-For": "10.0.0.9"}
    assert browser.get("/", **named).status == 200
    assert browser.get("/", **{**named, "Host": "cafe.example"}).status == 421
    like = {"command": "like", "argument": f"{3:016x}"}
    ours = {**named, "Origin": "https://music.cafe.example"}
    assert browser.post("/api/command", like, **ours).status == 200
    theirs = {**named, "Origin": "https://evil.example"}
    assert browser.post("/api/command", like, **theirs).status == 403


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("10.0.0.9", "10.0.0.9"),
        (" 10.0.0.9:51234 ", "10.0.0.9"),
        ('"[2001:db8::7]:443"', "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("unknown", "None"),
        ("", "None"),
    ],
)
def test_addresses_are_read_as_proxies_write_them(said: str, address: str) -> None:
    """With a port, in brackets, or an older address in the newer's form."""
    assert str(address_of(said)) == address


def test_of_a_chain_of_proxies_the_outermost_guest_counts() -> None:
    """Ours are passed over from the right; a word that is no address ends the search."""
    trusted = [ip_network("10.0.0.0/8")]
    assert str(client_behind("1.1.1.1, 2.2.2.2, 10.0.0.1, 10.0.0.2", trusted)) == "2.2.2.2"
    assert client_behind("1.1.1.1, oops, 10.0.0.2", trusted) is None
    assert client_behind("10.0.0.1", trusted) is None


def test_a_proxy_that_is_no_address_is_an_error_of_the_settings() -> None:
    """It is said at the start, not when the first guest comes."""
    with pytest.raises(SettingsError, match="does not appear to be"):
        settings_from({"web": {"proxies": ["nginx"]}}, DeviceSettings, "device.toml")
