"""Announcements: from where they may come, and what is heard of them."""

from __future__ import annotations

import ipaddress
import itertools
import socket
import ssl
import threading
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cli.appliance.authority import make_authority, make_broker_certificate
from device.frontends.announcements import (
    LONGEST_SECONDS,
    MOST_WAITING,
    AnnouncementError,
    Announcements,
    decoded,
    in_folder,
)
from device.frontends.local_fetch import WHOLE_SECONDS, FetchError, fetch, on_local_network
from device.music.fakes import FakePlayer
from device.music.sound import RATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 0.5


@pytest.fixture
def bell(tmp_path: Path) -> Path:
    """Half a second of A."""
    samples = 8000 * np.sin(2 * np.pi * 440 * np.arange(round(SECONDS * RATE)) / RATE)
    path = tmp_path / "music" / "bell.wav"
    path.parent.mkdir()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


@pytest.fixture
def player() -> FakePlayer:
    return FakePlayer(lambda _: None, durations={})


@pytest.fixture
def house(bell: Path) -> Iterator[str]:
    """A web server of the house, at the address this returns."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            moved = self.path == "/moved"
            body = bell.read_bytes() if self.path == "/bell.wav?x=1" else b"no sound" * 100
            self.send_response(302 if moved else 200)
            self.send_header("Location", "http://198.51.100.1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def anywhere(_address: object) -> bool:
    return True


@pytest.mark.parametrize("address", ["10.0.0.1", "172.31.9.9", "192.168.1.2", "fd12::1"])
def test_addresses_of_homes_are_local(address: str) -> None:
    """RFC 1918 and RFC 4193."""
    assert on_local_network(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "169.254.169.254",
        "8.8.8.8",
        "172.32.0.1",
        "0.0.0.0",  # noqa: S104 - refused, not listened on
        "::ffff:8.8.8.8",
        "fe80::1",
    ],
)
def test_other_addresses_are_not(address: str) -> None:
    """Nor this device itself, nor what a cloud keeps at link-local addresses."""
    assert not on_local_network(ipaddress.ip_address(address))


def test_this_device_and_the_world_are_not_asked(house: str) -> None:
    """The server is there, and hears nothing."""
    for url in (f"{house}/bell.wav?x=1", "http://198.51.100.1/a.wav", "http://[::1]/a"):
        with pytest.raises(FetchError, match="not on the local network"):
            fetch(url)


def test_a_redirect_is_not_followed(house: str) -> None:
    """A page of the house cannot send the device into the world."""
    with pytest.raises(FetchError, match="302"):
        fetch(f"{house}/moved", allowed=anywhere)


def test_too_much_is_refused(house: str) -> None:
    """However much more would come."""
    with pytest.raises(FetchError, match="more than 500 bytes"):
        fetch(f"{house}/long", allowed=anywhere, most_bytes=500)


def test_a_host_that_takes_too_long_is_left(house: str) -> None:
    """However little comes, and however steadily."""
    seconds = itertools.count(0.0, WHOLE_SECONDS + 1)
    with pytest.raises(FetchError, match="takes more than 20 s"):
        fetch(f"{house}/long", allowed=anywhere, clock=lambda: next(seconds))


def test_a_host_that_says_nothing_is_left() -> None:
    """It took the call, and that is all."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.wav"
        with pytest.raises(FetchError, match="timed out"):
            fetch(url, allowed=anywhere, quiet_seconds=0.05)


def test_https_wants_a_certificate_that_is_good(tmp_path: Path) -> None:
    """Of an authority that this machine trusts; another's sound is not played."""
    make_authority(tmp_path, "a stranger")
    make_broker_certificate(tmp_path, ["localhost", "127.0.0.1"], 2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "broker.pem", tmp_path / "broker.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(FetchError, match="certificate verify failed"):
            fetch(f"https://127.0.0.1:{server.server_address[1]}/a.wav", allowed=anywhere)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("url", ["http://", "http://a b/", "gopher://x/", "http://x:99999/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """In words, not by a crash."""
    with pytest.raises(FetchError):
        fetch(url, allowed=anywhere)


def test_a_sound_of_the_network_is_heard(house: str, bell: Path, player: FakePlayer) -> None:
    """Fetched with its query, decoded, and handed to the player whole."""
    announcements = Announcements(bell.parent, player, allowed=anywhere)
    announcements.announce(f"{house}/bell.wav?x=1")
    announcements.join()
    assert player.announced == [round(SECONDS * RATE)]


def test_a_file_of_the_music_folder_is_heard(bell: Path, player: FakePlayer) -> None:
    """By its name in the folder."""
    announcements = Announcements(bell.parent, player)
    announcements.announce("bell.wav")
    announcements.join()
    assert player.announced == [round(SECONDS * RATE)]


def test_what_cannot_be_had_is_said_and_the_next_is_heard(
    house: str, bell: Path, player: FakePlayer, caplog: pytest.LogCaptureFixture
) -> None:
    """No sound, no file, no address: the music goes on."""
    announcements = Announcements(bell.parent, player, allowed=anywhere)
    for source in (f"{house}/text", "../secret", "bell.wav"):
        announcements.announce(source)
        announcements.join()
    assert player.announced == [round(SECONDS * RATE)]
    assert caplog.text.count("no announcement: ") == 2


def test_files_outside_the_music_folder_are_not_played(bell: Path) -> None:
    """Not by their path, nor by a link within."""
    outside = bell.parent.parent / "outside.wav"
    outside.write_bytes(bell.read_bytes())
    (bell.parent / "link.wav").symlink_to(outside)
    for name in ("../outside.wav", str(outside), "link.wav", ".", "none.wav"):
        with pytest.raises(AnnouncementError, match="no file of the music folder"):
            in_folder(bell.parent, name)
    assert in_folder(bell.parent, str(bell)) == bell.resolve()


def test_a_long_sound_is_cut(tmp_path: Path) -> None:
    """Nobody fills the memory of the device, or its evening."""
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.full(8000 * (LONGEST_SECONDS + 5), 99, "<i2").tobytes())
    assert len(decoded(path)) == LONGEST_SECONDS * RATE


def test_of_many_at_once_some_are_left_out(
    bell: Path, player: FakePlayer, caplog: pytest.LogCaptureFixture
) -> None:
    """An automation that runs wild is not heard for an hour."""
    announcements = Announcements(bell.parent, player)
    announcements._working = True  # as while one is being fetched
    for _ in range(MOST_WAITING + 2):
        announcements.announce("bell.wav")
    assert caplog.text.count("left out") == 2
