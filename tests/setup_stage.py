"""A machine with one radio, by the stand-in of nmcli."""

from __future__ import annotations

import http.client
import json
import sys
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from device.setup import fake_nmcli
from device.setup.choices import Wish
from device.setup.desk import Desk
from device.setup.hotspot_key import HotspotKey
from device.setup.nmcli import Nmcli
from device.setup.running import Events, Setup, World
from device.setup.serving import PageServer
from device.setup.settings import SetupSettings
from device.setup.site import Site

ADDRESS = "http://10.42.0.1"
KEY = HotspotKey("mlfym-test", "kdmr7wq9xh2ptn")
HOME = {"ssid": "Home", "signal": 71, "security": "WPA2", "password": "long enough"}
AIR = [
    HOME,
    {"ssid": "Home", "signal": 40, "security": "WPA2", "password": "long enough"},
    {"ssid": r"Caf\u00e9: 5\6", "signal": 90, "security": ""},
    {"ssid": "Office", "signal": 33, "security": "WPA2 802.1X", "password": "x"},
    {"ssid": "Attic", "signal": 60, "security": "WPA2", "password": "under roof", "hidden": True},
]


class Outside:
    """The outside world's side of the stand-in."""

    def __init__(self, folder: Path, **told: object) -> None:
        self.path = folder / "world.json"
        radio = {"name": "wlan0", "kind": "wifi", "state": "disconnected"}
        cable = {"name": "eth0", "kind": "ethernet", "state": "unavailable"}
        self.write({"devices": [cable, radio], "air": AIR, **told})

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_text("utf-8"))
        return found

    def write(self, told: dict[str, Any]) -> None:
        self.path.write_text(json.dumps(told), "utf-8")

    def change(self, **values: object) -> None:
        self.write({**self.told, **values})

    def plug_cable(self) -> None:
        devices = self.told["devices"]
        devices[0].update(state="connected", profile="Wired connection 1")
        self.change(devices=devices)

    @property
    def calls(self) -> list[list[str]]:
        found: list[list[str]] = self.told.get("calls", [])
        return found

    @property
    def profiles(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.told.get("profiles", [])
        return found

    def nmcli(self) -> Nmcli:
        program = (sys.executable, "-I", fake_nmcli.__file__)
        return Nmcli(program, {fake_nmcli.WORLD: str(self.path)})


class PageThere:
    """A page that is open or not; `taken` is a port that somebody else has."""

    def __init__(self) -> None:
        self.is_open, self.taken = False, False

    def open(self) -> None:
        if self.taken:
            raise OSError(98, "Address already in use")
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


class Stage:
    """The loop by hand: time passes when `after` says so."""

    def __init__(self, folder: Path, settings: SetupSettings | None = None) -> None:
        self.outside, self.page = Outside(folder), PageThere()
        self.now, self.kept = 1000.0, list[Wish]()
        self.desk = Desk(settings or SetupSettings())
        self.events: Events = SimpleQueue()
        world = World(
            network=self.outside.nmcli(),
            page=self.page,
            key=KEY,
            keep=self.kept.append,
            clock=lambda: self.now,
        )
        self.setup = Setup(world, self.desk, self.events)

    def after(self, seconds: float) -> None:
        self.now += seconds
        self.setup.look()

    @property
    def phase(self) -> str:
        return self.setup.state.phase


class Answer(NamedTuple):
    """What the page's server said."""

    status: int
    headers: dict[str, str]
    text: str


class Phone:
    """Asks the real server; every name leads to it, as in the hotspot."""

    def __init__(self, site: Site) -> None:
        self._server = PageServer(site.application(), "127.0.0.1", 0)

    def __enter__(self) -> Self:
        self._server.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def get(self, address: str, headers: dict[str, str] | None = None) -> Answer:
        return self._ask("GET", address, headers or {}, None)

    def post(self, address: str, form: dict[str, str]) -> Answer:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self._ask("POST", address, kind, urlencode(form))

    def _ask(self, verb: str, address: str, headers: dict[str, str], body: str | None) -> Answer:
        parts = urlsplit(address)
        host = parts.netloc or urlsplit(ADDRESS).netloc
        link = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
        link.request(verb, address[address.index(parts.path) :], body, {"Host": host, **headers})
        told = link.getresponse()
        answer = Answer(told.status, dict(told.headers.items()), told.read().decode())
        link.close()
        return answer
