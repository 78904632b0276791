"""What is asked on the page, how it is checked, and the file in which core finds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from contracts.whole_file import write_whole
from device.chosen import FILE, Chosen
from device.frontends.web.staff_pin import HASHER, PinError, check_shape

LANGUAGES = ("ko", "en")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MOST_SSID_BYTES, MOST_PATH = 32, 4096
HEX_KEY = re.compile(r"[0-9A-Fa-f]{64}")
LEAST_PASSWORD, MOST_PASSWORD = 8, 63
"""Of WPA (IEEE 802.11, annex J.4): 8 to 63 printable ASCII characters, or the key in hex."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A form that can be carried out."""

    ssid: str
    hidden: bool = False
    password: str = field(default="", repr=False)
    language: str = "en"
    name: str = ""
    """`kitchen` makes http://kitchen.local; empty: as it was."""
    music_folder: str = ""
    pin_hash: str = field(default="", repr=False)
    """argon2id; empty: as it was."""
    phones: bool = True
    """Phones of the joined network may open core's page."""


class FormError(ValueError):
    """Everything that is wrong with a form.

    Attributes:
        problems: a key of the page's words by the field it belongs to.

    """

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(problems.values()))
        self.problems = problems


def read_form(form: Mapping[str, str], secured: Mapping[str, bool], before: Wish | None) -> Wish:
    """What a form asks for.

    Args:
        form: its fields; those of a hidden network win over the list.
        secured: whether each network that was seen wants a password.
        before: what was sent last and did not work; its PIN stays if none is typed.

    Raises:
        FormError: lists every problem.

    """
    other = form.get("other", "").strip()
    ssid = other or form.get("network", "")
    password, name = form.get("password", ""), form.get("name", "").strip().lower()
    folder, pin = form.get("music", "").strip(), form.get("pin", "").strip()
    found = {
        "network": _wrong_network(ssid),
        "password": _wrong_password(password, needed=not other and secured.get(ssid, False)),
        "name": "wrong.name" if name and not NAME.fullmatch(name) else "",
        "music": _wrong_folder(folder),
        "pin": _wrong_pin(pin),
    }
    if problems := {key: word for key, word in found.items() if word}:
        raise FormError(problems)
    return Wish(
        ssid=ssid,
        hidden=bool(other),
        password=password,
        language=form.get("language", "") if form.get("language") in LANGUAGES else "en",
        name=name,
        music_folder=folder,
        pin_hash=HASHER.hash(pin) if pin else (before.pin_hash if before else ""),
        phones=bool(form.get("phones")),
    )


def _wrong_network(ssid: str) -> str:
    if not ssid:
        return "wrong.no_network"
    long = len(ssid.encode("utf-8", "replace")) > MOST_SSID_BYTES
    return "wrong.network" if long or not ssid.isprintable() else ""


def _wrong_password(password: str, *, needed: bool) -> str:
    if not password:
        return "wrong.no_password" if needed else ""
    fits = LEAST_PASSWORD <= len(password) <= MOST_PASSWORD
    plain = password.isascii() and password.isprintable()
    return "" if (fits and plain) or HEX_KEY.fullmatch(password) else "wrong.password"


def _wrong_folder(folder: str) -> str:
    if not folder:
        return ""
    if not folder.startswith("/") or len(folder) > MOST_PATH or not folder.isprintable():
        return "wrong.music"
    try:
        return "" if Path(folder).is_dir() else "wrong.music"
    except OSError:
        return "wrong.music"


def _wrong_pin(pin: str) -> str:
    try:
        if pin:
            check_shape(pin)
    except PinError:
        return "wrong.pin"
    return ""


def keep_wish(folder: Path, wish: Wish, now_unix: float) -> None:
    """Lay what was chosen where core takes it; the Wi-Fi's password is not among it.

    Raises:
        OSError: it cannot be written.

    """
    chosen = Chosen(
        at_unix=now_unix,
        language=wish.language,
        name=wish.name,
        music_folder=wish.music_folder,
        pin_hash=wish.pin_hash,
        phones=wish.phones,
    )
    # The group is core's, which reads it.
    write_whole(folder / FILE, msgspec.json.encode(chosen), mode=0o640)
