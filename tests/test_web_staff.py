"""What staff set on their page, over real sockets: schedule, wishes, log, broker, a new PIN."""

from __future__ import annotations

import csv
import io
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cli.broker import free_port
from contracts.messages import Interaction, InteractionKind
from contracts.settings import BrokerSettings
from contracts.track import Track, TrackId
from device.broker_trial import Outcome, try_broker
from device.dayparts import Daypart
from device.frontends.home_assistant.joining import acl_for
from device.frontends.web import staff_pin
from device.own_broker import FILE, own_broker, with_own_broker
from device.pin_window import OPEN_SECONDS
from device.settings import DeviceSettings, WebSettings
from device.store import Store
from device.totals import DayTotals
from tests.brokers import MOSQUITTO, guarded_mosquitto
from tests.stage import QUICK
from tests.web_client import Browser, Got
from tests.web_stage import PageStage

PIN, NEW_PIN = "482913", "739105"
NIGHT = Daypart(name="night", start="23:00", until="07:00", quiet=True)
SET = msgspec.structs.replace(QUICK, dayparts=(NIGHT,))
LUNCH = {"name": "점심", "start": "11:30", "until": "14:00", "policy": "calm"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PageStage]:
    staff_pin.set_pin(tmp_path, PIN)
    with PageStage(tmp_path, SET) as made:
        yield made


@pytest.fixture
def staff(stage: PageStage) -> Browser:
    browser = Browser(stage.port).open()
    assert browser.enter(PIN).status == 200
    return browser


@pytest.mark.parametrize(
    "path", ["dayparts", "wishes", "log", "log.csv", "day", "broker", "broker/trial", "restart"]
)
def test_all_of_it_is_for_staff(stage: PageStage, path: str) -> None:
    """To read and to write."""
    guest = Browser(stage.port).open()
    for got in (guest.get(f"/api/staff/{path}"), guest.post(f"/api/staff/{path}", {})):
        assert got.status in {403, 405}
        assert got.json["code"] in {"staff_only", "wrong_method"}


# The schedule


def test_the_schedule_of_the_settings_is_shown_until_there_is_another(staff: Browser) -> None:
    """And it is what one goes back to."""
    before = staff.get("/api/staff/dayparts").json
    assert ([part["name"] for part in before["parts"]], before["own"]) == (["night"], False)
    change = {"parts": [LUNCH], "was": before["tag"]}
    after = staff.post("/api/staff/dayparts", change).json
    assert ([part["name"] for part in after["parts"]], after["own"]) == (["점심"], True)
    back = staff.post("/api/staff/dayparts", {"parts": None, "was": after["tag"]}).json
    assert back == before


def test_core_follows_a_new_schedule_at_once(stage: PageStage, staff: Browser) -> None:
    """It is core's word that the page shows."""
    tag = staff.get("/api/staff/dayparts").json["tag"]
    all_day = LUNCH | {"start": "00:00", "until": "00:00"}
    assert staff.post("/api/staff/dayparts", {"parts": [all_day], "was": tag}).status == 200
    assert stage.stage.core.policy == "calm"
    assert staff.get("/api/state").json["state"]["daypart"] == "점심"


def test_every_fault_of_a_schedule_is_told(stage: PageStage, staff: Browser) -> None:
    """With the daypart's place, its field and a word; nothing is changed."""
    tag = staff.get("/api/staff/dayparts").json["tag"]
    wrong = [LUNCH | {"name": ""}, LUNCH | {"days": [], "until": "2 pm"}]
    got = staff.post("/api/staff/dayparts", {"parts": wrong, "was": tag})
    assert (got.status, got.json["code"]) == (422, "dayparts_wrong")
    assert got.json["faults"] == [
        {"part": 0, "field": "name", "why": "name"},
        {"part": 1, "field": "until", "why": "until"},
    ]
    assert stage.stage.core.plan.by_hand is None


def test_of_two_who_change_it_the_second_looks_again(stage: PageStage, staff: Browser) -> None:
    """What the first did is not lost."""
    tag = staff.get("/api/staff/dayparts").json["tag"]
    assert staff.post("/api/staff/dayparts", {"parts": [LUNCH], "was": tag}).status == 200
    late = staff.post("/api/staff/dayparts", {"parts": [], "was": tag})
    assert (late.status, late.json["code"]) == (409, "schedule_changed")
    assert len(stage.stage.core.plan.by_hand or ()) == 1


def test_a_full_schedule_in_korean_fits(staff: Browser) -> None:
    """48 dayparts with long names and tags: more than a command over MQTT may have."""
    tag = staff.get("/api/staff/dayparts").json["tag"]
    part = LUNCH | {"name": "가" * 40, "prefer_tags": [f"{'나' * 20}{n}" for n in range(16)]}
    got = staff.post("/api/staff/dayparts", {"parts": [part] * 48, "was": tag})
    assert got.status == 200
    assert len(got.json["parts"]) == 48


# Wishes


def test_the_rules_for_wishes_hold_for_guests_at_once(stage: PageStage, staff: Browser) -> None:
    """How often, explicit words, whether at all; guests' pages are told."""
    stage.answers.command("dayparts", "none")
    guest = Browser(stage.port).open()
    rules = {"minutes": 5.0, "explicit": False, "most_waiting": 9}
    assert staff.post("/api/staff/wishes", rules).json == {"open": True, **rules}
    assert guest.get("/api/about").json["wish_minutes"] == 5.0
    assert guest.command("wish", f"{30:016x}").status == 200
    assert guest.command("wish", f"{31:016x}").json["wait"] == 300
    staff.post("/api/staff/wishes", {"open": False})
    assert guest.get("/api/state").json["state"]["wishes"] is False
    stage.now += 301
    assert guest.command("wish", f"{31:016x}").json["code"] == "wishes_closed"
    assert staff.get("/api/staff/wishes").json == {"open": False, **rules}


def test_rules_that_are_none_change_nothing(staff: Browser) -> None:
    """Core says what they may be."""
    for wrong in ({"minutes": -5}, {"minutes": "often"}, {"most_waiting": 0}):
        assert staff.post("/api/staff/wishes", wrong).status in {400, 422}
    assert staff.get("/api/staff/wishes").json["minutes"] == 15.0


# The log


def heard(folder: Path, at_unix_seconds: float, kind: InteractionKind, number: int) -> None:
    """A track was left so."""
    store = Store(folder / "device.sqlite")
    track = TrackId(f"{number % 2:016x}")
    done = Interaction(
        id=f"b-{number}",
        track=track,
        kind=kind,
        at_unix_seconds=at_unix_seconds,
        position_seconds=120.0,
        valence=0.5,
    )
    with store.writing() as database:
        named = Track(id=track, title=f"=노래 {number % 2}", artist="가수")
        database.execute("REPLACE INTO heard VALUES (?, ?)", (track, msgspec.json.encode(named)))
    store.remember(done)
    store.close()


def test_the_log_is_a_file_for_a_spreadsheet(stage: PageStage, staff: Browser) -> None:
    """Oldest first, Korean readable, no cell that would be calculated."""
    assert staff.get("/api/staff/log.csv").status == 200
    now = time.time()
    heard(stage.folder, now - 60, InteractionKind.COMPLETED, 1)
    heard(stage.folder, now - 3600, InteractionKind.SKIPPED, 0)
    got = staff.get("/api/staff/log.csv?days=7")
    assert got.headers["content-type"].startswith("text/csv")
    assert 'filename="mlfym-' in got.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(got.body.decode("utf-8-sig"))))
    assert [(row["title"], row["how_it_ended"]) for row in rows] == [
        ("'=노래 0", "skipped"),
        ("'=노래 1", "completed"),
    ]


@pytest.mark.parametrize("cafe", [False, True])
def test_a_day_is_told_in_sums(tmp_path: Path, cafe: bool) -> None:  # noqa: FBT001
    """Plays by the hour; a café's moods as they were counted, a home's as they were heard."""
    staff_pin.set_pin(tmp_path, PIN)
    for number in range(3):
        kind = InteractionKind.SKIPPED if number == 2 else InteractionKind.COMPLETED
        heard(tmp_path, time.time(), kind, number)
    settings = msgspec.structs.replace(SET, web=WebSettings(cafe=cafe))
    with PageStage(tmp_path, settings) as stage:
        staff = Browser(stage.port).open()
        staff.enter(PIN)
        day = staff.get("/api/staff/day").json
        total = DayTotals(day=day["day"], moods={"positive": 4, "unknown": 1})
        stage.stage.core.guest.tally.days = (total,)
        stage.refresh()
        day = staff.get("/api/staff/day").json
    assert (day["songs"], day["step"], len(day["hours"])) == (2, 5, 24)
    # A play that began before midnight is yesterday's.
    assert day["plays"] == sum(hour["heard"] for hour in day["hours"]) <= 3
    assert (day["guests"], day["moods"]) == ((5, total.moods) if cafe else (0, {}))
    assert {hour["valence"] for hour in day["hours"]} <= ({None} if cafe else {None, 0.5})


# The broker


def test_the_page_never_tells_a_password(stage: PageStage, staff: Browser) -> None:
    """It is kept for its owner alone, and used from the next start on."""
    given = {"host": "nas.local", "username": "salon", "password": "geheim"}
    told = staff.post("/api/staff/broker", given)
    assert (told.json["password"], told.json["pending"], told.json["own"]) == (True, True, True)
    for got in (told, staff.get("/api/staff/broker")):
        assert b"geheim" not in got.body
    file = stage.folder / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    wanted = BrokerSettings(host="nas.local", username="salon", password="geheim")  # noqa: S106
    started = with_own_broker(DeviceSettings(state_folder=str(stage.folder)))
    assert started is not None
    assert started.broker == wanted


def test_a_kept_password_goes_to_no_other_broker(stage: PageStage, staff: Browser) -> None:
    """Left empty it is kept where host, port and user are the same, and nowhere else."""
    here = {"host": "nas.local", "username": "salon"}
    staff.post("/api/staff/broker", here | {"password": "geheim"})
    staff.post("/api/staff/broker", here)
    kept = own_broker(stage.folder)
    assert kept is not None
    assert kept.password == "geheim"  # noqa: S105 - no secret
    for change in ({"host": "evil.example"}, {"port": 1884}, {"username": "x"}, {"tls": True}):
        staff.post("/api/staff/broker", here | {"password": "geheim"})
        assert staff.post("/api/staff/broker", here | change).json["password"] is False


def test_an_address_may_be_given_whole(stage: PageStage, staff: Browser) -> None:
    """As for `--broker`; one that is none is refused without repeating it."""
    told = staff.post("/api/staff/broker", {"host": "mqtts://salon@nas.local", "password": "pw"})
    assert (told.json["host"], told.json["port"], told.json["tls"]) == ("nas.local", 8883, True)
    for host in ("", "http://nas", "mqtt://:geheim@nas"):
        got = staff.post("/api/staff/broker", {"host": host})
        assert (got.status, got.json["code"]) == (422, "broker_address")
        assert b"geheim" not in got.body
    assert staff.post("/api/staff/broker/forget", {}).json["own"] is False
    assert not (stage.folder / FILE).exists()


def test_the_access_list_is_there_to_paste(staff: Browser) -> None:
    """For this device and the user that was typed."""
    told = staff.post("/api/staff/broker", {"host": "nas", "username": "radio"}).json
    assert told["acl"] == acl_for(QUICK.device_id, user="radio")


def test_a_broken_file_costs_itself_alone(tmp_path: Path) -> None:
    """The settings' broker is used."""
    (tmp_path / FILE).write_text("{")
    assert own_broker(tmp_path) is None
    assert with_own_broker(DeviceSettings(state_folder=str(tmp_path))) is None


def test_a_broker_that_is_not_there_is_told(staff: Browser) -> None:
    """Nothing listens, or what listens is none."""
    given = {"host": "127.0.0.1", "port": free_port()}
    assert staff.post("/api/staff/broker/trial", given).json == {"outcome": "closed"}
    given = {"host": "name.invalid"}
    assert staff.post("/api/staff/broker/trial", given).json == {"outcome": "no_name"}


def test_a_broker_without_tls_is_told() -> None:
    """The handshake fails; nothing is sent unencrypted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        authority = "/etc/ssl/certs/none.crt"
        broker = BrokerSettings(port=port, username="u", ca_file=authority)
        assert try_broker(broker, "salon") is Outcome.NO_TLS


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[int]:
    """A mosquitto that lets in two whom it knows, and carries the messages of one."""
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed")
    with guarded_mosquitto(tmp_path, ("salon", "stranger"), acl_for("salon")) as accepting:
        yield accepting


@pytest.mark.parametrize(
    ("user", "password", "outcome"),
    [
        ("salon", "salon-pw", Outcome.GOOD),
        ("salon", "wrong", Outcome.NO_ENTRY),
        ("", "", Outcome.NO_ENTRY),
        ("stranger", "stranger-pw", Outcome.NO_RIGHTS),
    ],
)
def test_a_trial_says_what_is_wrong(
    guarded: int, user: str, password: str, outcome: Outcome
) -> None:
    """Against the real one: a message has to come back."""
    broker = BrokerSettings(port=guarded, username=user, password=password)
    assert try_broker(broker, "salon") is outcome


# A PIN that was forgotten


def step(browser: Browser) -> str:
    return str(browser.get("/api/staff/reset").json["step"])


def typed(browser: Browser, pin: str = NEW_PIN) -> tuple[int, str]:
    """Status, and step or code, of typing a new PIN."""
    got = browser.post("/api/staff/reset", {"pin": pin})
    return got.status, got.json.get("step") or got.json["code"]


def right(stage: PageStage, pin: str) -> bool:
    return staff_pin.StaffPin(stage.folder, lambda: 0.0).check(pin)


@pytest.fixture
def away(tmp_path: Path) -> Iterator[PageStage]:
    """A device behind a proxy: whoever it names comes from elsewhere."""
    staff_pin.set_pin(tmp_path, PIN)
    behind = WebSettings(proxies=("127.0.0.0/8",))
    with PageStage(tmp_path, msgspec.structs.replace(SET, web=behind)) as made:
        yield made


class Phone(Browser):
    """One that the proxy tells of."""

    def send(self, method: str, path: str, body: bytes | None, **headers: str) -> Got:
        return super().send(method, path, body, **headers, **{"X-Forwarded-For": "192.0.2.7"})


def phone_of(stage: PageStage) -> Browser:
    return Phone(stage.port).open()


def test_without_the_buttons_no_new_pin_is_taken(stage: PageStage) -> None:
    """Not even at the device's own screen; and nobody opens the window over the network."""
    screen = Browser(stage.port).open()
    assert step(screen) == "closed"
    assert typed(screen) == (403, "pin_closed")
    screen.enter(PIN)
    assert screen.command("pin_reset", "begin").status == 403
    assert right(stage, PIN)


def test_at_the_devices_screen_a_new_pin_is_set_at_once(stage: PageStage, staff: Browser) -> None:
    """Who held the buttons stands there; whoever was in has to come in anew."""
    stage.answers.command("pin_reset", "begin")
    screen = Browser(stage.port).open()
    assert screen.get("/api/state").json["state"]["pin_reset"] is True
    assert typed(screen, "123456") == (422, "pin_weak")
    assert typed(screen) == (200, "done")
    assert right(stage, NEW_PIN)
    assert not right(stage, PIN)
    assert staff.get("/api/staff/log").status == 403


def test_a_phone_needs_one_more_press(away: PageStage) -> None:
    """What was pressed before it typed does not count, nor what is pressed too late."""
    phone = phone_of(away)
    away.answers.command("pin_reset", "begin")
    away.answers.command("pin_reset", "confirm")
    assert step(phone) == "type"
    assert typed(phone) == (200, "press")
    assert right(away, PIN)
    away.answers.command("pin_reset", "confirm")
    assert step(phone) == "done"
    assert right(away, NEW_PIN)


def test_after_two_minutes_the_window_is_closed(away: PageStage) -> None:
    """The old PIN holds."""
    phone = phone_of(away)
    away.answers.command("pin_reset", "begin")
    typed(phone)
    away.wait(OPEN_SECONDS + 1)
    assert away.answers.command("pin_reset", "confirm").refused
    assert step(phone) == "closed"
    assert right(away, PIN)


def test_two_phones_spoil_it(away: PageStage) -> None:
    """One of them may be a stranger's; another hold of the buttons begins anew."""
    phone, stranger = phone_of(away), phone_of(away)
    away.answers.command("pin_reset", "begin")
    assert typed(stranger, "908172") == (200, "press")
    assert typed(phone) == (409, "pin_spoiled")
    away.answers.command("pin_reset", "confirm")
    assert step(stranger) == "spoiled"
    assert right(away, PIN)
    away.answers.command("pin_reset", "begin")
    assert typed(phone) == (200, "press")
    away.answers.command("pin_reset", "confirm")
    assert typed(stranger, "908172") == (403, "pin_closed")
    assert right(away, NEW_PIN)
