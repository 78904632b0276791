"""The page's server, over real sockets: rights, bounds, and what it tells."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from cli.demonstration.page import free_port
from contracts.vision_wire import Box, PhotoRefused
from device.app import App
from device.commands import COMMANDS
from device.frontends.web import staff_pin
from device.frontends.web.guard import is_ours, own_names
from device.frontends.web.rights import AT_HOME, AT_THE_DEVICE, GUEST, LISTENER, Role, may
from device.frontends.web.server import listening
from device.frontends.web.streams import MOST_A_GUEST
from device.music.fakes import FakePlayer
from device.photo_desk import AWAY
from device.settings import CameraSettings, DeviceSettings, WebSettings
from tests.stage import QUICK
from tests.web_client import PATIENCE_SECONDS, Browser
from tests.web_stage import PageStage

PIN = "482913"
CAFE = msgspec.structs.replace(
    QUICK,
    web=WebSettings(cafe=True),
    camera=CameraSettings(masks=(Box(left=0.8, top=0.0, width=0.2, height=1.0),)),
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PageStage]:
    staff_pin.set_pin(tmp_path, PIN)
    with PageStage(tmp_path, QUICK) as made:
        yield made


@pytest.fixture
def cafe(tmp_path: Path) -> Iterator[PageStage]:
    staff_pin.set_pin(tmp_path, PIN)
    with PageStage(tmp_path, CAFE) as made:
        yield made


@pytest.fixture
def browser(stage: PageStage) -> Browser:
    return Browser(stage.port).open()


def png(width: int, height: int) -> bytes:
    """The beginning of a PNG that says it is so large."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def test_a_command_is_given_as_over_the_control_socket(stage: PageStage, browser: Browser) -> None:
    """Core hears it, and its words are the answer."""
    got = browser.command("mood", "happy")
    assert (got.status, got.json) == (200, {"said": "mood happy"})
    assert stage.commands[-1] == ("mood", "happy")
    assert stage.stage.core.hand.word == "happy"


@pytest.mark.parametrize(
    ("name", "argument", "said"),
    [("fly", "", "staff"), ("mood", "hungry", "choose one of"), ("answer", "1", "no question")],
)
def test_what_cannot_be_done_is_refused_with_words(
    browser: Browser, name: str, argument: str, said: str
) -> None:
    """A client error, with what can be done instead."""
    got = browser.command(name, argument)
    assert got.status in {403, 422}
    assert said in got.json["error"]


def test_every_command_of_the_device_has_somebody_who_may_give_it() -> None:
    """What the tables name exists; staff may give all but what needs a hand at the device."""
    assert COMMANDS.keys() >= LISTENER | AT_HOME | GUEST
    refused = {name for name in COMMANDS if not may(Role.STAFF, name, cafe=True)}
    assert refused == AT_THE_DEVICE


@pytest.mark.parametrize("name", ["masks", "output", "erase_history", "volume_ceiling", "mounting"])
def test_what_is_for_staff_is_refused_to_others(
    stage: PageStage, browser: Browser, name: str
) -> None:
    """Core does not even hear of it."""
    before = list(stage.commands)
    assert browser.command(name, "none").json["code"] == "staff_only"
    assert stage.commands == before


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:80"]
)
def test_another_host_name_is_refused(stage: PageStage, host: str) -> None:
    """A name that somebody made lead here (DNS rebinding) gets nothing, not even the page."""
    got = Browser(stage.port).get("/", Host=host)
    assert got.status == 421
    assert b"<html" not in got.body
    assert got.cookies == []


def test_the_device_is_found_by_its_addresses_and_names() -> None:
    """Rebinding needs a name, so any address is ours; of names, those that we have."""
    names = own_names(["Music.Cafe.example"])
    ours = ["192.168.1.7:8080", "[fe80::1]:80", "localhost", "music.cafe.example", "10.0.0.1"]
    assert all(is_ours(host, names) for host in ours)
    assert not is_ours("cafe.example", names)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:1"])
def test_only_the_devices_own_page_may_change_anything(
    stage: PageStage, browser: Browser, origin: str
) -> None:
    """A form or script elsewhere has another origin, or hides it."""
    before = list(stage.commands)
    got = browser.post("/api/command", {"command": "next"}, Origin=origin)
    assert got.status == 403
    assert stage.commands == before


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(
    stage: PageStage, browser: Browser
) -> None:
    """HttpOnly and SameSite, the staff's strictly; the two are different cookies."""
    (guest,) = Browser(stage.port).get("/").cookies
    (staff,) = browser.enter(PIN).cookies
    assert {"HttpOnly", "SameSite=lax"} <= set(guest.split("; "))
    assert {"HttpOnly", "SameSite=strict"} <= set(staff.split("; "))
    assert guest.partition("=")[0] != staff.partition("=")[0]


def test_without_a_cookie_nothing_is_done(stage: PageStage) -> None:
    """The page has to be opened first, and says so."""
    stranger = Browser(stage.port)
    assert stranger.command("next").json["code"] == "reload"
    assert stranger.get("/api/events").status == 401
    assert stranger.get("/api/browse").status == 401


def test_every_answer_carries_the_strict_policy(stage: PageStage) -> None:
    """Errors too: nothing but our own files runs, and nobody may frame the page."""
    browser = Browser(stage.port)
    for path in ("/", "/page/main.js", "/api/about", "/nothing", "/api/events"):
        policy = browser.send("HEAD" if "event" in path else "GET", path, None)
        policy_text = policy.headers["content-security-policy"]
        assert "default-src 'none'" in policy_text
        assert "unsafe" not in policy_text
        assert "frame-ancestors 'none'" in policy_text


@pytest.mark.parametrize(
    "path",
    [
        "/page/../staff_pin",
        "/page/..%2f..%2fstaff_pin",
        "/page/%2e%2e/server.py",
        "/page//etc/passwd",
        "/page/server.py",
        "/api/cover/..%2f..%2fdevice.sqlite",
    ],
)
def test_no_path_reaches_the_file_system(browser: Browser, path: str) -> None:
    """Only what was read into memory at the start has a name."""
    assert browser.get(path).status == 404


def asked_for(face: str) -> list[str]:
    """Files that a browser loads for a face: the page, its styles, one language, its scripts."""
    folder, found = Path(staff_pin.__file__).with_name("page"), ["main.js", f"{face}.js"]
    for name in found:
        script = (folder / name).read_text(encoding="utf-8")
        found += [n for n in re.findall(r'from "\./(\w+\.js)"', script) if n not in found]
    styles = ["style.css", "staff.css"] if face == "staff" else ["style.css"]
    return ["index.html", "icon.svg", "ko.json", *styles, *dict.fromkeys(found)]


@pytest.mark.parametrize("face", ["listener", "kiosk", "staff"])
def test_a_face_is_small_and_comes_packed(browser: Browser, face: str) -> None:
    """All that it loads is below 150 kB, as a browser receives it far below."""
    names = asked_for(face)
    assert len(names) > 12
    plain = sum(len(browser.get(f"/page/{name}").body) for name in names)
    gzip = {"Accept-Encoding": "gzip"}
    packed = sum(len(browser.get(f"/page/{name}", **gzip).body) for name in names)
    assert plain < 150_000
    assert packed < plain / 2.5


def test_a_file_that_is_the_same_is_not_sent_again(browser: Browser) -> None:
    """It is asked for by its tag."""
    tag = browser.get("/page/style.css").headers["etag"]
    again = browser.get("/page/style.css", **{"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")


def test_the_pin_makes_staff_and_leaving_ends_it(stage: PageStage, browser: Browser) -> None:
    """In between, staff commands reach core."""
    assert browser.get("/api/staff/log").status == 403
    assert browser.enter(PIN).status == 200
    assert browser.get("/api/about").json["staff"] is True
    assert browser.command("volume_ceiling", "40").status == 200
    assert stage.stage.core.volume.ceiling == 0.4
    browser.post("/api/staff/leave", {})
    assert browser.get("/api/about").json["staff"] is False
    assert browser.command("volume_ceiling", "90").status == 403


def test_staff_that_do_nothing_for_long_are_staff_no_more(
    stage: PageStage, browser: Browser
) -> None:
    """After half an hour; an open event stream is no hand on the page."""
    browser.enter(PIN)
    stage.now += 1700
    assert browser.get("/api/staff/dayparts").status == 200
    stage.now += 1700
    assert browser.get("/api/about").json["staff"] is True
    stage.now += 200
    assert browser.get("/api/staff/dayparts").status == 403


def test_wrong_pins_cost_ever_more_time(stage: PageStage, browser: Browser) -> None:
    """Five are free; then even the right one has to wait, twice as long after each."""
    waits = [browser.enter("000000").json["wait"] for _ in range(5)]
    assert waits == [0, 0, 0, 0, 10]
    assert browser.enter(PIN).json["code"] == "pin_wait"
    stage.now += 10.1
    assert browser.enter("111111").json["wait"] == 20
    stage.now += 20.1
    assert browser.enter(PIN).status == 200
    assert browser.enter("000000").json["wait"] == 0


def test_another_pin_throws_everybody_out(stage: PageStage, browser: Browser) -> None:
    """It is set at the device, and the file alone tells."""
    browser.enter(PIN)
    staff_pin.set_pin(stage.folder, "951753")
    assert browser.get("/api/staff/dayparts").status == 403
    assert browser.enter(PIN).status == 403
    assert browser.enter("951753").status == 200


def test_the_pin_is_kept_as_a_hash_that_its_owner_alone_may_read(stage: PageStage) -> None:
    """argon2id, mode 600."""
    file = stage.folder / staff_pin.FILE
    assert file.read_text().startswith("$argon2id$")
    assert PIN not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "pin",
    ["12345", "123456", "987654", "777777", "12a456", "\uff11\uff12\uff13\uff14\uff18\uff11", ""],
)
def test_weak_pins_are_not_taken(tmp_path: Path, pin: str) -> None:
    """Too short, in a row, all the same, or no digits."""
    with pytest.raises(staff_pin.PinError):
        staff_pin.set_pin(tmp_path, pin)


def test_without_a_pin_nobody_is_staff(tmp_path: Path) -> None:
    """And the answer says where one is set."""
    with PageStage(tmp_path, QUICK) as stage:
        got = Browser(stage.port).open().enter(PIN)
        assert got.json["code"] == "pin_unset"
        assert "./mlfym pin" in got.json["error"]


def test_a_photo_goes_to_vision_undecoded(stage: PageStage, browser: Browser) -> None:
    """The very bytes; what comes back are boxes and moods."""
    photo = png(640, 480) + b"rest"
    got = browser.post("/api/photo", photo).json
    assert stage.photos == [photo]
    assert (got["mood"], len(got["faces"])) == ("positive", 1)
    assert 0.85 < got["moods"]["positive"] <= 1


@pytest.mark.parametrize(
    ("photo", "status", "code"),
    [
        (png(4001, 3201), 415, "photo_refused"),
        (b"GIF", 415, "photo_refused"),
        (b"<svg/>", 415, "photo_refused"),
        (b"", 415, "photo_refused"),
        (b"x" * (8 * 1024 * 1024 + 1), 413, "too_large"),
    ],
)
def test_a_photo_that_is_too_much_never_reaches_vision(
    stage: PageStage, browser: Browser, photo: bytes, status: int, code: str
) -> None:
    """More than 12 megapixels by its header, no picture, or more than 8 MB."""
    try:
        got = browser.post("/api/photo", photo)
    except ConnectionError:
        assert code == "too_large"  # the server hung up in the middle of it
    else:
        assert (got.status, got.json["code"]) == (status, code)
    assert stage.photos == []


def test_what_vision_refuses_is_told(stage: PageStage, browser: Browser) -> None:
    """In vision's words."""
    stage.photo_answer = PhotoRefused(photo="p", why="the picture is damaged")
    got = browser.post("/api/photo", png(640, 480))
    assert (got.status, got.json["error"]) == (422, "the picture is damaged")


def test_photos_are_few_a_minute(stage: PageStage, browser: Browser) -> None:
    """While vision looks at one it sees no camera."""
    got = [browser.post("/api/photo", png(64, 64)) for _ in range(7)]
    assert [answer.status for answer in got] == [200] * 6 + [429]
    assert got[-1].json["wait"] == 60
    stage.now += 61
    assert browser.post("/api/photo", png(64, 64)).status == 200


def test_a_flood_of_commands_is_stopped(stage: PageStage, browser: Browser) -> None:
    """Forty in ten seconds; later it goes on."""
    codes = [browser.command("volume", "30").status for _ in range(41)]
    assert codes == [200] * 40 + [429]
    stage.now += 11
    assert browser.command("volume", "30").status == 200


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b'{"command":5}', b"[" * 9000, b"\xff"])
def test_nonsense_is_refused(browser: Browser, body: bytes) -> None:
    """With a status of the client's fault."""
    assert browser.post("/api/command", body).status == 400


class Stream:
    """An event stream, read by hand."""

    def __init__(self, browser: Browser) -> None:
        self._socket = socket.create_connection(("127.0.0.1", browser.port), PATIENCE_SECONDS)
        cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
        head = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n\r\n"
        self._socket.sendall(head.encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])

    def event(self, name: str) -> dict[str, object]:
        """The next event of this name."""
        while line := self._file.readline():
            if line == f"event: {name}\n".encode():
                found: dict[str, object] = json.loads(self._file.readline().removeprefix(b"data: "))
                return found
        msg = "the stream ended"
        raise AssertionError(msg)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def test_a_change_reaches_every_open_page(stage: PageStage, browser: Browser) -> None:
    """The state first, then what changed; face boxes never reach a guest."""
    stage.answers.command("camera", "on")
    stage.see("happiness")
    stream = Stream(browser)
    assert stream.event("state")["mood"] == "positive"
    pulse = stream.event("pulse")
    assert pulse["boxes"] == []
    assert pulse["faces"] == 1
    browser.command("volume", "25")
    while stream.event("state")["volume"] != 0.25:
        pass
    stream.close()


def test_staff_see_where_the_faces_are(stage: PageStage, browser: Browser) -> None:
    """To draw masks by, without a picture."""
    browser.enter(PIN)
    stage.see("happiness")
    stream = Stream(browser)
    assert stream.event("pulse")["boxes"] == [[0.1, 0.1, 0.3, 0.3]]
    stream.close()


def test_one_browser_gets_only_so_many_streams(browser: Browser) -> None:
    """The others ask now and then, and are told to."""
    streams = [Stream(browser) for _ in range(MOST_A_GUEST + 1)]
    assert [s.status for s in streams] == [200] * MOST_A_GUEST + [503]
    assert browser.get("/api/state").status == 200
    for stream in streams:
        stream.close()


def test_a_hundred_pages_are_told(stage: PageStage) -> None:
    """Each gets the change, and core's own answer does not wait for any of them."""
    streams = [Stream(Browser(stage.port).open()) for _ in range(100)]
    assert {stream.status for stream in streams} == {200}
    for stream in streams:
        stream.event("state")
    assert stage.answers.command("volume", "15").text == "volume 15"
    for stream in streams:
        while stream.event("state")["volume"] != 0.15:
            pass
        stream.close()


def test_a_device_serves_its_page(tmp_path: Path) -> None:
    """The whole program, with a player that makes no sound: its page commands it."""
    port = free_port(0)
    settings = DeviceSettings(
        music_folder=str(tmp_path),
        state_folder=str(tmp_path / "state"),
        vision_socket=str(tmp_path / "vision.sock"),
        web=WebSettings(port=port),
    )
    app = App(
        settings,
        lambda put: (FakePlayer(put, durations={}), "fake"),
        clock=time.monotonic,
        unix_clock=time.time,
    )
    running = threading.Thread(target=app.run)
    running.start()
    try:
        browser = Browser(port)
        until(browser.answers)
        browser.open()
        assert browser.command("volume", "35").json == {"said": "volume 35"}
        assert app.status().state.volume == 0.35
        refused = browser.post("/api/photo", png(64, 64))
        assert (refused.status, refused.json["error"]) == (422, AWAY)
    finally:
        app.end()
        running.join(PATIENCE_SECONDS)
    assert not running.is_alive()
    assert not browser.answers()


def until(true: Callable[[], bool]) -> None:
    """Try until it holds; give up after long patience."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never came"


def test_an_unknown_path_and_a_wrong_method_are_told(browser: Browser) -> None:
    """As JSON with a code."""
    assert browser.get("/nothing").json["code"] == "not_found"
    assert browser.post("/api/state").json["code"] == "wrong_method"


def test_a_taken_port_is_an_error_that_can_be_retried(stage: PageStage) -> None:
    """Listening there twice raises."""
    with pytest.raises(OSError, match="in use"):
        listening("127.0.0.1", stage.port)


def test_a_covers_picture_is_sent(stage: PageStage, browser: Browser) -> None:
    """Where there is one."""
    track = "0" * 16
    assert browser.get(f"/api/cover/{track}").status == 404
    stage.covers[track] = b"\xff\xd8jpeg"
    got = browser.get(f"/api/cover/{track}")
    assert (got.body, got.headers["content-type"]) == (b"\xff\xd8jpeg", "image/jpeg")


def test_the_code_leads_to_the_page(browser: Browser) -> None:
    """A QR code as SVG; the address it leads to is that of the device."""
    assert browser.get("/api/qr.svg").body.startswith(b"<svg")
    assert browser.get("/api/about").json["address"] == f"http://127.0.0.1:{browser.port}/"


def test_restarting_is_for_staff(browser: Browser) -> None:
    """They are answered before it happens."""
    assert browser.post("/api/staff/restart", {}).status == 403
    browser.enter(PIN)
    assert browser.post("/api/staff/restart", {}).json == {"restarting": True}


def phone(stage: PageStage) -> Browser:
    """A guest's phone: its requests do not come from the device itself."""
    return Browser(stage.port).open()


def test_a_wish_joins_the_queue_once_a_quarter_of_an_hour(cafe: PageStage) -> None:
    """Another guest is not kept waiting by it; staff can end it for all."""
    guest, other = phone(cafe), phone(cafe)
    first, second, third = (f"{n:016x}" for n in (30, 31, 32))
    assert guest.command("wish", first).json["said"].startswith("wished for")
    assert first in [q.track for q in cafe.stage.core.playlist.upcoming if q.by_hand]
    refused = guest.command("wish", second)
    assert (refused.status, refused.json["code"], refused.json["wait"]) == (429, "wish_wait", 900)
    assert other.command("wish", second).status == 200
    cafe.now += 901
    assert guest.command("wish", third).status == 200
    staff = phone(cafe)
    staff.enter(PIN)
    assert staff.post("/api/staff/wishes", {"open": False}).json["open"] is False
    cafe.now += 901
    assert other.command("wish", third).json["code"] == "wishes_closed"


def test_a_wish_that_core_refuses_costs_nothing(cafe: PageStage) -> None:
    """The guest may wish for another at once."""
    guest = phone(cafe)
    cafe.answers.command("ban", f"{5:016x}")
    assert guest.command("wish", f"{5:016x}").status == 422
    assert guest.command("wish", f"{6:016x}").status == 200


def test_in_a_cafe_a_phone_cannot_skip_what_others_hear() -> None:
    """Rights by role: likes and wishes yes, skipping and volume no."""
    for name in ("next", "volume", "not_this", "camera", "guest_begin", "ban", "mood"):
        assert not may(Role.GUEST, name, cafe=True)
    assert may(Role.GUEST, "like", cafe=True)
    assert may(Role.LISTENER, "camera", cafe=False)
    assert not may(Role.LISTENER, "camera", cafe=True)
