"""Adding music on the page, over real sockets: who may, what may, and that nothing is left."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from device.frontends.web import staff_pin
from device.frontends.web.upload_routes import AT_ONCE, PIECE_BYTES
from device.music.files import UPLOADS
from device.settings import WebSettings
from tests.stage import QUICK
from tests.test_uploads import HOSTILE, music
from tests.web_client import PATIENCE_SECONDS, Browser, Got
from tests.web_stage import PageStage

PIN = "482913"
CAFE = msgspec.structs.replace(QUICK, web=WebSettings(cafe=True, proxies=("127.0.0.1",)))
ELSEWHERE = {"X-Forwarded-For": "10.0.0.7"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PageStage]:
    with PageStage(tmp_path, QUICK) as made:
        yield made


def send(browser: Browser, name: str, content: bytes, **headers: str) -> Got:
    path = f"/api/uploads?name={quote(name, safe='', errors='replace')}"
    return browser.post(path, content, **{"Content-Type": "application/octet-stream", **headers})


def check(browser: Browser, name: str, size: int) -> Got:
    return browser.post("/api/uploads/check", {"name": name, "size": size})


def files(stage: PageStage) -> list[str]:
    folder = stage.folder / "music" / UPLOADS
    return sorted(f.name for f in folder.iterdir()) if folder.exists() else []


def test_music_sent_by_a_listener_is_in_the_library(stage: PageStage) -> None:
    """Byte by byte; the library is asked to look, and the page can ask whether it did."""
    browser = Browser(stage.port).open()
    content = music(20.0)
    assert len(content) < stage.most_upload_bytes
    assert check(browser, "내 노래.wav", len(content)).json == {"name": "내 노래.wav"}
    got = send(browser, "내 노래.wav", content)
    assert (got.status, got.json["name"], got.json["title"]) == (200, "내 노래.wav", "내 노래")
    assert (stage.folder / "music" / UPLOADS / "내 노래.wav").read_bytes() == content
    assert stage.looked_for_music == 1
    known = f"/api/uploads/known?ids={got.json['id']},{0:016x}"
    assert browser.get(known).json == [f"{0:016x}"]  # the stage's library has that one


def test_a_file_of_many_pieces_arrives_whole(tmp_path: Path) -> None:
    """It is written as it comes, a megabyte at a time."""
    content = music(300.0)
    assert len(content) > 4 * PIECE_BYTES
    with PageStage(tmp_path, QUICK, most_upload_bytes=len(content)) as stage:
        assert send(Browser(stage.port).open(), "long.wav", content).status == 200
        assert (stage.folder / "music" / UPLOADS / "long.wav").read_bytes() == content


def test_in_a_cafe_music_is_for_staff_to_add(tmp_path: Path) -> None:
    """A guest's phone is told so before it sends; nor may the kiosk."""
    staff_pin.set_pin(tmp_path, PIN)
    with PageStage(tmp_path, CAFE) as stage:
        for headers in (ELSEWHERE, {}):
            guest = Browser(stage.port).open()
            assert guest.get("/api/uploads", **headers).json["most_bytes"] == 0
            assert send(guest, "a.wav", music(), **headers).json["code"] == "staff_only"
            assert check(guest, "a.wav", 1).json["code"] == "staff_only"
        assert files(stage) == []
        staff = Browser(stage.port).open()
        staff.enter(PIN)
        assert staff.get("/api/uploads").json["most_bytes"] == stage.most_upload_bytes
        assert send(staff, "a.wav", music()).status == 200


def test_strangers_and_other_pages_send_nothing(stage: PageStage) -> None:
    """The same guards as for every command."""
    browser = Browser(stage.port)
    assert send(browser, "a.wav", music()).json["code"] == "reload"
    browser.open()
    assert send(browser, "a.wav", music(), Origin="http://evil.example").status == 403
    assert send(browser, "a.wav", music(), Host="evil.example").status == 421
    assert files(stage) == []


def test_where_none_is_taken_the_page_says_so(tmp_path: Path) -> None:
    """`upload_megabytes = 0`."""
    with PageStage(tmp_path, QUICK, most_upload_bytes=0) as stage:
        browser = Browser(stage.port).open()
        assert browser.get("/api/uploads").json["most_bytes"] == 0
        assert send(browser, "a.wav", b"").json["code"] == "upload_off"


def test_no_name_leads_out_of_the_folder(stage: PageStage) -> None:
    """However it is written, encoded or cut."""
    browser, taken = Browser(stage.port).open(), 0
    for n, said in enumerate(HOSTILE):
        got = send(browser, said, music(level=n))
        assert got.status in {200, 400, 415}
        taken += got.status == 200
    assert taken > len(HOSTILE) / 2
    assert len(files(stage)) == taken
    assert {f.parent.name for f in stage.folder.rglob("*.mp3")} == {UPLOADS}


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("a.exe", b"MZ", 415, "upload_kind"),
        ("a.wav", b"no music at all" * 99, 422, "upload_broken"),
        ("a.wav", b"", 422, "upload_broken"),
        ("a" * 1001 + ".wav", b"", 400, "malformed"),
    ],
)
def test_what_is_not_taken_says_why(
    stage: PageStage, name: str, content: bytes, status: int, code: str
) -> None:
    """In a code that the page has words for, and in words."""
    got = send(Browser(stage.port).open(), name, content)
    assert (got.status, got.json["code"]) == (status, code)
    assert got.json["error"]
    assert files(stage) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(stage: PageStage) -> None:
    """By its size; one that lies is stopped while it comes."""
    browser, most = Browser(stage.port).open(), stage.most_upload_bytes
    assert check(browser, "a.wav", most + 1).json["code"] == "upload_large"
    assert check(browser, "a.wav", most).status == 200
    said = send_by_hand(browser, b"Content-Length: 999999999\r\n\r\n" + bytes(5000))
    assert b"413" in said.partition(b"\r\n")[0]
    chunk = b"%x\r\n" % (most + 1) + bytes(most + 1) + b"\r\n0\r\n\r\n"
    said = send_by_hand(browser, b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
    assert b"413" in said.partition(b"\r\n")[0]
    assert files(stage) == []


def send_by_hand(browser: Browser, rest: bytes, *, hang_up: bool = False) -> bytes:
    """What is answered to a file whose head ends with and whose body is `rest`."""
    with socket.create_connection(("127.0.0.1", browser.port), PATIENCE_SECONDS) as connection:
        cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
        host = f"127.0.0.1:{browser.port}"
        head = (
            f"POST /api/uploads?name=a.wav HTTP/1.1\r\nHost: {host}\r\n"
            f"Origin: http://{host}\r\nCookie: {cookies}\r\n"
        )
        connection.sendall(head.encode() + rest)
        if hang_up:
            return b""
        with connection.makefile("rb") as answer:
            return answer.read()


def test_a_full_disk_is_told_and_left_as_it_was(stage: PageStage) -> None:
    """Before anything is sent where that can be known; else in the middle."""
    browser = Browser(stage.port).open()
    stage.free_bytes = 1_000_500
    assert check(browser, "a.wav", 501).json["code"] == "upload_full"
    assert check(browser, "a.wav", 500).status == 200
    stage.free_bytes, stage.full_after = 1 << 40, 100
    got = send(browser, "a.wav", music())
    assert (got.status, got.json["code"]) == (507, "upload_full")
    assert files(stage) == []


def test_a_phone_that_goes_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """And its place is free for the next."""
    with PageStage(tmp_path, QUICK) as stage:
        browser = Browser(stage.port).open()
        for _ in range(AT_ONCE + 1):
            send_by_hand(browser, b"Content-Length: 9000\r\n\r\n" + bytes(4000), hang_up=True)
        while send(browser, "b.wav", music()).status == 503:
            pass
    assert files(stage) == ["b.wav"]


def test_a_phone_that_stands_still_is_given_up(tmp_path: Path) -> None:
    """It is told, should it ever come back."""
    with PageStage(tmp_path, QUICK, upload_patience_seconds=0.05) as stage:
        browser = Browser(stage.port).open()
        said = send_by_hand(browser, b"Content-Length: 9000\r\n\r\n" + bytes(4000))
        assert b"upload_cut" in said
        assert files(stage) == []


def test_only_so_many_files_come_at_a_time(stage: PageStage) -> None:
    """The others are told to wait; meanwhile commands are answered and the page is told."""
    browser = Browser(stage.port).open()
    open_ones = []
    for _ in range(AT_ONCE):
        connection = socket.create_connection(("127.0.0.1", browser.port), PATIENCE_SECONDS)
        cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
        host = f"127.0.0.1:{browser.port}"
        head = (
            f"POST /api/uploads?name=a.wav HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            f"Cookie: {cookies}\r\nContent-Length: 9000\r\n\r\n"
        )
        connection.sendall(head.encode() + bytes(100))
        open_ones.append(connection)
    while len(files(stage)) < AT_ONCE:
        pass
    got = send(browser, "b.wav", music())
    assert (got.status, got.json["code"], got.json["wait"]) == (503, "upload_busy", 2)
    assert browser.command("volume", "35").json == {"said": "volume 35"}
    for connection in open_ones:
        connection.close()
