"""NetworkManager through nmcli: lists of words, never a shell, and never a secret among them.

After nmcli(1) of NetworkManager 1.42 (Bookworm) and 1.52 (Trixie). Secrets go in by
`passwd-file /dev/stdin`: what stands on a command line is read by every program of the machine.
Profiles are named by UUID: a network's own name may look like an option.
"""

from __future__ import annotations

import os
import re
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

HOTSPOT, JOINING = "mlfym-setup", "mlfym-joining"
"""Names of our two profiles; both are removed at each start."""
PSK = "802-11-wireless-security.psk"
JOIN_SECONDS, QUICK_SECONDS = 45, 20
SPARE_SECONDS = 15.0
"""nmcli ends by itself after its --wait; one that does not is ended after so much more."""


class Exit(IntEnum):
    """What nmcli exits with (nmcli(1), "EXIT STATUS")."""

    OK, UNKNOWN, INVALID, TIMEOUT, NOT_ACTIVATED = 0, 1, 2, 3, 4
    NOT_RUNNING, MISSING = 8, 10


class NmcliError(OSError):
    """nmcli could not do it.

    Attributes:
        status: what it exited with, see `Exit`.
        trouble: `password`, `not_found`, `no_address`, `not_running` or `other`.

    """

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said or f"nmcli exited with {status}")
        self.status, self.trouble = status, trouble_of(status, said)


TROUBLES = (
    ("password", r"secrets were required|\(7\)|supplicant (?:disconnected|took too long)"),
    ("not_found", r"network could not be found|no network with ssid|\(53\)"),
    ("no_address", r"ip configuration could not be reserved|\(5\)"),
)
"""Reasons in nmcli's words (nm_device_state_reason), as a person can mend them. A wrong password
is told by some drivers as an access point that hung up."""


def trouble_of(status: int, said: str) -> str:
    """What a person can do something about."""
    if status == Exit.NOT_RUNNING:
        return "not_running"
    return next((name for name, words in TROUBLES if re.search(words, said.lower())), "other")


@dataclass(frozen=True)
class Device:
    """A network device."""

    name: str
    kind: str
    """`wifi`, `ethernet`, `loopback`, …"""
    state: str
    """`connected`, `disconnected`, `connecting (getting IP configuration)`, `unavailable`, …"""
    profile: str
    """Name of the profile that is up; empty: none."""

    @property
    def is_up(self) -> bool:
        """Whether it is in a network."""
        return self.state.partition(" ")[0] == "connected"


@dataclass(frozen=True)
class Network:
    """A Wi-Fi that was seen."""

    ssid: str
    signal: int
    """Percent."""
    secured: bool
    company: bool = False
    """It asks for a user as well (802.1X), which the page cannot give."""


def fields_of(line: str) -> list[str]:
    r"""Values of a terse line: `\:` is a colon and `\\` a backslash of a value."""
    values, kept, quoted = [], "", False
    for character in line:
        if quoted or character not in ":\\":
            kept, quoted = kept + character, False
        elif character == "\\":
            quoted = True
        else:
            values.append(kept)
            kept = ""
    return [*values, kept]


def password_line(key: str, value: str) -> str:
    r"""A line of a passwd-file, which strips blanks and takes `\` as the start of an escape.

    Raises:
        ValueError: the value has more than a line.

    """
    if re.search(r"[\r\n\0]", value):
        msg = "a password is one line"
        raise ValueError(msg)
    blanks = {"\\": "\\\\", " ": "\\ ", "\t": "\\t", "\v": "\\v", "\f": "\\f"}
    return f"{key}:{''.join(blanks.get(c, c) for c in value)}\n"


def strongest(networks: Sequence[Network]) -> tuple[Network, ...]:
    """Each name once, by its strongest access point, the strongest first; hidden ones not."""
    best: dict[str, Network] = {}
    for network in networks:
        known = best.get(network.ssid)
        if network.ssid and (known is None or network.signal > known.signal):
            best[network.ssid] = network
    return tuple(sorted(best.values(), key=lambda n: (-n.signal, n.ssid)))


class Nmcli:
    """Asks NetworkManager and tells it.

    Args:
        program: first words of every call; the stand-in is `python …/fake_nmcli.py`.
        environment: laid over this process's own.

    Every method raises NmcliError when nmcli refuses, is missing or hangs.
    """

    def __init__(
        self, program: Sequence[str] = ("nmcli",), environment: Mapping[str, str] | None = None
    ) -> None:
        self._program = tuple(program)
        # Its words are translated otherwise.
        self._environment = {**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}

    def devices(self) -> tuple[Device, ...]:
        """Every device of the machine."""
        rows = self._rows("DEVICE,TYPE,STATE,CONNECTION", "device", "status")
        return tuple(Device(*row) for row in rows)

    def networks(self, device: str, *, anew: bool = True) -> tuple[Network, ...]:
        """The Wi-Fis around; `anew` takes seconds, and no hotspot of ours may be up."""
        rescan = "yes" if anew else "no"
        words = ("device", "wifi", "list", "ifname", device, "--rescan", rescan)
        rows = self._rows("SSID,SIGNAL,SECURITY", *words)
        return strongest(
            [Network(name, int(s or 0), bool(how), "802.1X" in how) for name, s, how in rows]
        )

    def radio_on(self) -> None:
        """Switch Wi-Fi on, should somebody have switched it off."""
        self._run("radio", "wifi", "on")

    def open_hotspot(self, device: str, ssid: str, password: str, address: str) -> None:
        """A WPA2 network of our own, kept in memory alone: no power cut leaves it behind."""
        self.forget(HOTSPOT)
        made = self._add(
            ["save", "no"],
            [*_profile(HOTSPOT, device, ssid), "802-11-wireless.mode", "ap"],
            ["802-11-wireless.band", "bg", "ipv4.method", "shared", "ipv6.method", "disabled"],
            ["ipv4.addresses", f"{address}/24", "wifi-sec.key-mgmt", "wpa-psk"],
            ["wifi-sec.proto", "rsn", "wifi-sec.pairwise", "ccmp", "wifi-sec.group", "ccmp"],
        )
        self._up(made, password, QUICK_SECONDS)

    def close_hotspot(self) -> None:
        """Take it down, if it is up."""
        self.forget(HOTSPOT)

    def join(self, device: str, ssid: str, password: str, *, hidden: bool = False) -> None:
        """Join a network; it is known from then on. When that fails nothing is left of it.

        NetworkManager keeps a secret that belongs to the system (psk-flags 0) as it is given.
        """
        self.forget(JOINING)
        secured = ["wifi-sec.key-mgmt", "wpa-psk", "wifi-sec.psk-flags", "0"] if password else []
        unseen = ["802-11-wireless.hidden", "yes"] if hidden else []
        made = self._add([], [*_profile(JOINING, device, ssid), *unseen, *secured])
        try:
            self._up(made, password, JOIN_SECONDS)
            # Only what worked is tried again by itself, and on whichever radio there is then.
            named = ["connection.id", ssid, "connection.autoconnect", "yes"]
            self._run("connection", "modify", "uuid", made, *named, "connection.interface-name", "")
        except NmcliError:
            self.forget(JOINING)
            raise

    def forget(self, name: str) -> None:
        """Remove every profile of that name; without one there is nothing to do."""
        for found, number in self._rows("NAME,UUID", "connection", "show"):
            if found == name:
                self._run("connection", "delete", "uuid", number)

    def _add(self, head: list[str], *words: list[str]) -> str:
        number = str(uuid.uuid4())
        flat = [word for group in words for word in group]
        self._run("connection", "add", *head, "type", "wifi", *flat, "connection.uuid", number)
        return number

    def _up(self, number: str, password: str, seconds: int) -> None:
        secret = password_line(PSK, password) if password else ""
        file = ("passwd-file", "/dev/stdin") if password else ()
        self._run("connection", "up", "uuid", number, *file, secret=secret, wait_seconds=seconds)

    def _rows(self, fields: str, *words: str) -> list[list[str]]:
        told = self._run("-t", "-e", "yes", "-f", fields, *words)
        rows = [fields_of(line) for line in told.splitlines()]
        # A name with a line break in it makes lines that are none: they are passed over.
        return [row for row in rows if len(row) == fields.count(",") + 1]

    def _run(self, *words: str, secret: str = "", wait_seconds: int = QUICK_SECONDS) -> str:
        call = [*self._program, "--wait", str(wait_seconds), *words]
        limit = wait_seconds + SPARE_SECONDS
        try:
            done = subprocess.run(
                call,
                input=secret,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=limit,
                env=self._environment,
            )
        except subprocess.TimeoutExpired as error:
            raise NmcliError(Exit.TIMEOUT, f"nmcli was silent for {limit:.0f} s") from error
        except OSError as error:
            text = f"nmcli cannot be started ({error.strerror}): install network-manager"
            raise NmcliError(Exit.NOT_RUNNING, text) from error
        if done.returncode:
            raise NmcliError(done.returncode, done.stderr.strip())
        return done.stdout


def _profile(name: str, device: str, ssid: str) -> list[str]:
    """Head of a profile that nothing brings up by itself."""
    return ["con-name", name, "ifname", device, "ssid", ssid, "autoconnect", "no"]
