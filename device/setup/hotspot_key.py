"""Name and password of the hotspot: made by chance once, kept for their owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec
import segno

from contracts.whole_file import write_whole

FILE = "hotspot.json"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that looks like another: they are typed off a sticker."""
NAME_LETTERS, PASSWORD_LETTERS = 4, 14
"""31**14 passwords are 69 bits: nobody tries them off the air."""


class HotspotKey(msgspec.Struct, frozen=True):
    """What a phone needs to come into the hotspot."""

    ssid: str
    password: str

    def __repr__(self) -> str:
        return f"HotspotKey({self.ssid!r})"

    @property
    def qr_text(self) -> str:
        """What cameras of phones read as a Wi-Fi; nothing in it needs an escape."""
        return f"WIFI:T:WPA;S:{self.ssid};P:{self.password};;"

    def picture(self, file: Path) -> None:
        """Its QR code as an SVG or PNG, by the suffix of the file.

        Raises:
            ValueError: no such kind of picture.
            OSError: it cannot be written.

        """
        segno.make(self.qr_text, error="m").save(str(file), scale=8, border=4)

    def drawn(self) -> str:
        """The QR code in blocks, for a terminal with a dark ground."""
        rows = [tuple(row) for row in segno.make(self.qr_text, error="m").matrix_iter(border=2)]
        rows += [(0,) * len(rows[0])] * (len(rows) % 2)
        pairs = zip(rows[::2], rows[1::2], strict=True)
        return "\n".join("".join("█▀▄ "[2 * a + b] for a, b in zip(*p, strict=True)) for p in pairs)


def hotspot_key(folder: Path) -> HotspotKey:
    """The device's own, made when it has none.

    Raises:
        OSError: it cannot be read or kept.
        msgspec.DecodeError: the file is damaged; remove it, and another is made.

    """
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=HotspotKey)
    except FileNotFoundError:
        made = HotspotKey(f"mlfym-{_chance(NAME_LETTERS)}", _chance(PASSWORD_LETTERS))
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.json.encode(made), mode=0o600)
    if os.geteuid() == 0:  # shown by root before the program first ran, which has to read it
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
    return made


def _chance(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(count))
