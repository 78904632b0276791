#!/usr/bin/env python3
r"""Stands in for nmcli and NetworkManager, where there is no radio: `python fake_nmcli.py WORDS`.

Keeps the contract of nmcli 1.42 as far as device.setup uses it: the words, terse lines with `\:`
and `\\`, passwd-files as nmc_utils_parse_passwd_file reads them, exit statuses, and that a secret
on the command line is refused. The world is a JSON file, named by MLFYM_FAKE_NMCLI:

    {"running": true, "devices": [{"name": "wlan0", "kind": "wifi", "state": "disconnected"}],
     "air": [{"ssid": "Home", "signal": 70, "security": "WPA2", "password": "long enough",
              "hidden": false, "address": true}],
     "profiles": [], "calls": []}

`address` false is a network that gives none; one with `hang` never answers.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

WORLD = "MLFYM_FAKE_NMCLI"
PSK = {"802-11-wireless-security.psk", "wifi-sec.psk"}
ESCAPE = re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL)
LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
ALIASES = {
    "con-name": "connection.id",
    "ifname": "connection.interface-name",
    "autoconnect": "connection.autoconnect",
    "ssid": "802-11-wireless.ssid",
}
Profile = dict[str, str]


class RefusedError(Exception):
    """What nmcli exits with, and says on stderr."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def refuse(status: int, text: str) -> NoReturn:
    """Raise the RefusedError that ends the program as nmcli ends."""
    raise RefusedError(status, f"Error: {text}")


def escaped(value: object) -> str:
    """A value as it stands in a terse line."""
    return str(value).replace("\\", "\\\\").replace(":", "\\:")


def passwords_of(text: str) -> dict[str, str]:
    """Lines of a passwd-file: unescaped, unquoted blanks at both ends stripped."""
    found = {}
    for line in re.split(r"\r\n|\r|\n", text):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = re.split("[:=]", line, maxsplit=1)
        if len(parts) < 2:  # noqa: PLR2004 - a key and its value
            refuse(1, "failed to read passwd-file: invalid line")
        found[parts[0].strip()] = _unescaped(parts[1])
    return found


def _unescaped(value: str) -> str:
    bare = re.sub(r"^\s+|(?<!\\)\s+$", "", value)
    return ESCAPE.sub(_meant, bare)


def _meant(found: re.Match[str]) -> str:
    text = found[1]
    return chr(int(text, 8)) if text[0] in "01234567" else LETTERS.get(text, text)


class World:
    """NetworkManager's side; `air` is the outside world's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))

    def keep(self) -> None:
        """Write it back."""
        self._path.write_text(json.dumps(self.told, ensure_ascii=False, indent=1), "utf-8")

    @property
    def profiles(self) -> list[Profile]:
        """By what nmcli calls their properties."""
        found: list[Profile] = self.told.setdefault("profiles", [])
        return found

    def profile(self, number: str) -> Profile:
        """The one with this UUID."""
        found = next((p for p in self.profiles if p["connection.uuid"] == number), None)
        return found or refuse(10, f"unknown connection '{number}'.")

    def device(self, name: str) -> dict[str, Any]:
        """A device by its name."""
        told: list[dict[str, Any]] = self.told["devices"]
        found = next((d for d in told if d["name"] == name), None)
        return found or refuse(10, f"Device '{name}' not found.")

    def leave(self, number: str) -> None:
        """Whatever is on that profile is off it."""
        for device in self.told["devices"]:
            if device.get("uuid") == number:
                device.update(state="disconnected", uuid="")


def devices(world: World) -> dict[str, list[str]]:
    """Columns of `device status`."""
    names = {p["connection.uuid"]: p["connection.id"] for p in world.profiles}
    told = world.told["devices"]
    return {
        "DEVICE": [d["name"] for d in told],
        "TYPE": [d["kind"] for d in told],
        "STATE": [d["state"] for d in told],
        "CONNECTION": [names.get(d.get("uuid", ""), d.get("profile", "")) for d in told],
    }


def networks(world: World, words: list[str]) -> dict[str, list[str]]:
    """Columns of `device wifi list`; a hotspot sees nothing but what was seen before it."""
    options = dict(zip(words[::2], words[1::2], strict=False))
    if unknown := set(options) - {"ifname", "--rescan", "bssid"}:
        refuse(2, f"invalid extra argument '{min(unknown)}'.")
    world.device(options.get("ifname", "wlan0"))
    seen = world.told.get("air", [])
    return {
        "SSID": ["" if n.get("hidden") else n["ssid"] for n in seen],
        "SIGNAL": [str(n.get("signal", 50)) for n in seen],
        "SECURITY": [n.get("security", "") for n in seen],
    }


def show(world: World) -> dict[str, list[str]]:
    """Columns of `connection show`."""
    columns = {"NAME": "connection.id", "UUID": "connection.uuid"}
    return {column: [p[key] for p in world.profiles] for column, key in columns.items()}


def add(world: World, words: list[str]) -> None:
    """`connection add`."""
    made: Profile = {"connection.autoconnect": "yes"}
    for key, value in _pairs(words):
        made[ALIASES.get(key, key)] = value
    for needed in ("type", "802-11-wireless.ssid", "connection.interface-name"):
        if needed not in made:
            refuse(2, f"'{needed}' argument is required.")
    world.profiles.append(made)


def modify(world: World, words: list[str]) -> None:
    """`connection modify uuid U`."""
    _uuid_word(words)
    known = world.profile(words[1])
    known.update({ALIASES.get(k, k): v for k, v in _pairs(words[2:])})


def delete(world: World, words: list[str]) -> None:
    """`connection delete uuid U`; what is on it goes down."""
    _uuid_word(words)
    known = world.profile(words[1])
    world.leave(words[1])
    world.profiles.remove(known)


def up(world: World, words: list[str]) -> None:
    """`connection up uuid U [passwd-file FILE]`."""
    _uuid_word(words)
    known = world.profile(words[1])
    options = dict(_pairs(words[2:]))
    if unknown := set(options) - {"passwd-file"}:
        refuse(2, f"invalid extra argument '{min(unknown)}'.")
    file = options.get("passwd-file")
    given = passwords_of(Path(file).read_text(encoding="utf-8")) if file else {}
    secret = next((given[key] for key in PSK if key in given), known.get("psk", ""))
    device = world.device(known["connection.interface-name"])
    if device["state"] == "unavailable":
        refuse(4, "Connection activation failed: No suitable device found for this connection.")
    _activate(world, known, secret)
    known["psk"] = secret  # belongs to the system, so NetworkManager keeps it
    device.update(state="connected", uuid=words[1])


def _activate(world: World, known: Profile, secret: str) -> None:
    failed = "Connection activation failed: "
    if "wifi-sec.key-mgmt" in known and not secret:
        refuse(4, f"{failed}(7) Secrets were required, but not provided.")
    if known.get("802-11-wireless.mode") == "ap":
        return
    ssid = known["802-11-wireless.ssid"]
    near = [n for n in world.told.get("air", []) if n["ssid"] == ssid]
    if not near or (near[0].get("hidden") and known.get("802-11-wireless.hidden") != "yes"):
        refuse(4, f"{failed}(53) The Wi-Fi network could not be found")
    if near[0].get("hang"):
        refuse(3, "Timeout expired (45 seconds)")
    if near[0].get("password", "") != secret:
        refuse(4, f"{failed}(7) Secrets were required, but not provided.")
    if not near[0].get("address", True):
        text = "(5) IP configuration could not be reserved (no available address, timeout, etc.)"
        refuse(4, f"{failed}{text}")


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    if len(words) % 2:
        refuse(2, f"Error: value for '{words[-1]}' is missing.")
    return list(zip(words[::2], words[1::2], strict=True))


def _uuid_word(words: list[str]) -> None:
    if len(words) < 2 or words[0] != "uuid":  # noqa: PLR2004 - the word and its value
        refuse(2, "this stand-in knows profiles by uuid alone.")


def _print(columns: dict[str, list[str]], fields: list[str]) -> None:
    if wrong := [field for field in fields if field not in columns]:
        allowed = ",".join(columns)
        refuse(2, f"invalid field '{wrong[0]}'; allowed fields: {allowed}.")
    for row in zip(*(columns[field] for field in fields), strict=True):
        sys.stdout.write(":".join(map(escaped, row)) + "\n")


def _options(words: list[str]) -> tuple[list[str], list[str]]:
    """The fields that are asked for, and what is left of the words."""
    fields: list[str] = []
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in {"-t", "--terse"}:
            continue
        value = words.pop(0) if words else ""
        if option in {"-e", "--escape"} and value not in {"yes", "no"}:
            refuse(2, f"'{value}' is not valid argument for '{value}' option.")
        if option in {"-w", "--wait"} and not value.isdecimal():
            refuse(2, f"'{value}' is not a valid timeout.")
        if option in {"-f", "--fields"}:
            fields = value.split(",")
    return fields, words


def radio_on(world: World) -> None:
    """`radio wifi on`."""
    for device in world.told["devices"]:
        if device["kind"] == "wifi" and device["state"] == "unavailable":
            device["state"] = device.get("if_on", "disconnected")


CHANGES = {"add": add, "modify": modify, "delete": delete, "up": up}


def obey(world: World, words: list[str]) -> None:
    """One call.

    Raises:
        RefusedError: with what nmcli exits then.

    """
    fields, rest = _options(list(words))
    if rest and rest[0] not in {"radio", "device", "connection"}:
        refuse(2, f"argument '{rest[0]}' not understood. Try passing --help instead.")
    if not world.told.get("running", True):
        refuse(8, "NetworkManager is not running.")
    if PSK & set(rest):
        refuse(2, "a secret on the command line, which every program can read.")
    match rest:
        case ["radio", "wifi", "on"]:
            radio_on(world)
        case ["device", "status"]:
            _print(devices(world), fields)
        case ["device", "wifi", "list", *more]:
            _print(networks(world, more), fields)
        case ["connection", "show"]:
            _print(show(world), fields)
        case ["connection", verb, *more] if verb in CHANGES:
            CHANGES[verb](world, more)
        case _:
            refuse(2, f"argument '{' '.join(rest)}' not understood. Try passing --help instead.")


def main(words: list[str]) -> int:
    """Do as nmcli; the exit status."""
    world = World(Path(os.environ[WORLD]))
    world.told.setdefault("calls", []).append(words)
    try:
        obey(world, words)
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    finally:
        world.keep()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
