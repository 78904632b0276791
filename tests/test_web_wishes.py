"""Wishes: whether they are taken is said beforehand, and each guest is counted as one."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network
from pathlib import Path

import msgspec
import pytest

from contracts.track import Track, TrackId
from device import events
from device.command import CommandError
from device.commands import checked
from device.dayparts import DAY_SECONDS, Daypart, local_time
from device.frontends.web import staff_pin
from device.frontends.web.marks import mark_of, own_sites
from device.settings import WebSettings
from device.wish_rules import quiet_until
from tests.stage import QUICK, Stage, make_library
from tests.web_client import Browser, Got
from tests.web_stage import PageStage

PIN = "482913"
BEHIND = WebSettings(cafe=True, proxies=("127.0.0.0/8",))
CAFE = msgspec.structs.replace(QUICK, web=BEHIND)
NOON = 1_767_225_600 + 12 * 3600
"""2026-01-01, a Thursday."""
SIESTA = Daypart(name="siesta", start="12:00", until="14:00", quiet=True)


@pytest.fixture
def cafe(tmp_path: Path) -> Iterator[PageStage]:
    staff_pin.set_pin(tmp_path, PIN)
    with PageStage(tmp_path, CAFE) as made:
        yield made


def told(stage: PageStage) -> tuple[bool, str, str]:
    """Of wishes, in the state that every page gets."""
    state = Browser(stage.port).open().get("/api/state").json["state"]
    return state["wishes"], state["wishes_closed"], state["wishes_until"]


def tick(stage: PageStage, unix_seconds: float) -> None:
    """The wall clock shows this."""
    stage.take(events.Tick(at=stage.stage.at, unix_seconds=unix_seconds))


def wish(stage: PageStage, track: int, address: str) -> Got:
    """A song wished for by a new browser at this address."""
    phone = Browser(stage.port).open()
    given = {"command": "wish", "argument": f"{track:016x}"}
    return phone.post("/api/command", given, **{"X-Forwarded-For": address})


# What every page is told


def test_a_page_is_told_that_staff_take_no_wishes(cafe: PageStage) -> None:
    """And that they do again."""
    assert told(cafe) == (True, "", "")
    cafe.answers.command("wishes", "closed")
    assert told(cafe) == (False, "off", "")
    cafe.answers.command("wishes", "open")
    assert told(cafe) == (True, "", "")


def test_a_page_is_told_when_a_quiet_time_ends(cafe: PageStage) -> None:
    """Beforehand; a wish in it is refused in a word that the page translates."""
    cafe.answers.command("dayparts", msgspec.json.encode([SIESTA]).decode())
    tick(cafe, NOON + 600)
    assert told(cafe) == (False, "quiet", "14:00")
    refused = wish(cafe, 3, "10.0.0.9")
    assert (refused.status, refused.json["code"]) == (422, "wish_quiet")
    tick(cafe, NOON + 2 * 3600)
    assert told(cafe) == (True, "", "")
    assert wish(cafe, 3, "10.0.0.9").status == 200


def test_a_page_is_told_that_as_many_wishes_wait_as_may(cafe: PageStage) -> None:
    """Until one of them begins."""
    cafe.answers.command("wishes", '{"most_waiting": 1}')
    assert wish(cafe, 30, "10.0.0.9").status == 200
    assert told(cafe) == (False, "full", "")
    assert wish(cafe, 31, "10.0.0.8").json["code"] == "wish_full"
    cafe.answers.command("play")
    cafe.answers.command("next")
    assert told(cafe) == (True, "", "")


def test_a_guest_is_told_beforehand_how_long_they_wait(cafe: PageStage) -> None:
    """Each their own time; nobody else waits."""
    guest, other = Browser(cafe.port).open(), Browser(cafe.port).open()
    assert guest.get("/api/wish").json == {"wait": 0}
    assert guest.command("wish", f"{30:016x}").status == 200
    cafe.now += 60
    assert guest.get("/api/wish").json == {"wait": 840}
    assert other.get("/api/wish").json == {"wait": 0}
    cafe.now += 840
    assert guest.get("/api/wish").json == {"wait": 0}
    assert Browser(cafe.port).get("/api/wish").json["code"] == "reload"


@pytest.mark.parametrize(
    ("track", "daypart", "code"),
    [
        ({"explicit": True}, {"allow_explicit": False}, "wish_explicit"),
        ({"tags": ("metal",)}, {"avoid_tags": ("metal",)}, "wish_unfit"),
    ],
)
def test_a_wish_is_refused_in_a_word_that_pages_translate(
    track: dict[str, object], daypart: dict[str, object], code: str
) -> None:
    """What the daypart does not allow."""
    library = make_library(8)
    wanted = TrackId("f" * 16)
    library[wanted] = Track(id=wanted, title="Wanted", valence=-1.0, arousal=-1.0, **track)  # type: ignore[arg-type] # named by the test
    part = Daypart(name="Brunch", start="00:00", until="00:00", **daypart)  # type: ignore[arg-type] # named by the test
    stage = Stage(msgspec.structs.replace(CAFE, dayparts=(part,)), library)
    stage.begin()
    assert stage.command("wish", wanted).code == code


def test_a_song_that_plays_or_is_banned_is_refused_in_such_a_word() -> None:
    """Another word for each."""
    stage = Stage(CAFE, make_library(8))
    stage.begin()
    first, second = stage.library[TrackId(f"{1:016x}")].id, stage.library[TrackId(f"{2:016x}")].id
    stage.command("ban", second)
    assert not stage.command("wish", first).refused
    assert stage.command("wish", first).code == "wish_already"
    assert stage.command("wish", second).code == "wish_banned"
    assert stage.command("wish", f"{99:016x}").code == ""


def test_a_command_that_can_never_be_right_has_no_such_word() -> None:
    """A page never gives one."""
    with pytest.raises(CommandError) as caught:
        checked("wish", "no track")
    assert caught.value.code == ""


# Quiet times


@pytest.mark.parametrize(
    ("schedule", "at", "until"),
    [
        ((SIESTA,), NOON, "14:00"),
        ((SIESTA,), NOON + 2 * 3600 - 1, "14:00"),
        ((Daypart(name="n", start="22:00", until="07:00", quiet=True),), NOON - 3600 * 11, "07:00"),
        ((Daypart(name="n", start="00:00", until="00:00", quiet=True),), NOON, None),
        (
            (SIESTA, Daypart(name="prayer", start="14:00", until="14:30", quiet=True)),
            NOON + 60,
            "14:30",
        ),
        (
            (Daypart(name="music", start="13:00", until="15:00"), SIESTA),
            NOON + 60,
            "13:00",
        ),
        (
            (Daypart(name="n", start="00:00", until="00:00", days=("thu",), quiet=True),),
            NOON,
            "00:00",
        ),
    ],
)
def test_a_quiet_time_ends_when_the_whole_schedule_says(
    schedule: tuple[Daypart, ...], at: float, until: str | None
) -> None:
    """Over midnight, when another begins as it ends, when music comes before its end."""
    assert quiet_until(schedule, local_time(at, 0)) == until


def test_a_quiet_time_is_never_told_to_end_in_the_past() -> None:
    """At every minute of a day, the minute it names is one that is not quiet."""
    schedule = (SIESTA, Daypart(name="n", start="22:00", until="07:00", quiet=True))
    for minute in range(0, DAY_SECONDS // 60, 7):
        at = local_time(NOON + 60.0 * minute, 0)
        assert quiet_until(schedule, at) in {"14:00", "07:00"}


# By which address a guest is counted


def test_who_comes_from_elsewhere_by_ipv6_counts_by_their_line(cafe: PageStage) -> None:
    """Another address of the same /64 is the same guest; the /64 beside it is another."""
    assert wish(cafe, 30, "2001:db8:7:1::5").status == 200
    assert wish(cafe, 31, "2001:db8:7:1:a:b:c:d").json["code"] == "wish_wait"
    assert wish(cafe, 31, "[2001:db8:7:1:ffff::9]:51234").json["code"] == "wish_wait"
    assert wish(cafe, 31, "2001:db8:7:2::5").status == 200


def test_an_ipv4_address_in_the_form_of_ipv6_is_the_same_guest(cafe: PageStage) -> None:
    """As a server that listens to both sees it."""
    assert wish(cafe, 30, "::ffff:192.168.4.10").status == 200
    assert wish(cafe, 31, "192.168.4.10").json["code"] == "wish_wait"
    assert wish(cafe, 31, "::ffff:192.168.4.11").status == 200


SITE = IPv6Network("2001:db8:5:ff00::/56")


@pytest.mark.parametrize(
    ("host", "mark"),
    [
        ("192.168.4.10", "192.168.4.10"),
        ("::ffff:192.168.4.10", "192.168.4.10"),
        ("2001:db8:7:1::5", "2001:db8:7:1::/64"),
        ("2001:db8:5:ff01::5", "2001:db8:5:ff01::5"),
        ("2001:db8:5:fe01::5", "2001:db8:5:fe01::/64"),
        ("fe80::5%wlan0", "fe80::5"),
        ("fd12:3456::5", "fd12:3456::5"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_guests_on_the_houses_own_wifi_are_told_apart(host: str, mark: str) -> None:
    """They share its /64 with one another: counted by it, all would have one wish between them."""
    assert mark_of(host, [SITE]) == mark


def test_the_houses_own_networks_are_those_of_the_kernel(tmp_path: Path) -> None:
    """Each address but that of the loopback names the /56 around it; without IPv6, none."""
    table = tmp_path / "if_inet6"
    table.write_text(
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "20010db80005ff010000000000000007 02 40 00 00    wlan0\n",
        encoding="ascii",
    )
    assert own_sites(table) == [SITE]
    assert own_sites(tmp_path / "missing") == []
