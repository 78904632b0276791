"""What `./mlfym doctor` looks at. Each check takes a machine and gives one finding."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contracts.model_manifest import ModelError, read_manifest, verified_bytes
from contracts.settings import BrokerSettings
from device.commands import CommandError
from device.control import DeviceAwayError, ask_device
from device.settings import DeviceSettings
from device.status import Status

ROOT = Path(__file__).resolve().parents[2]
HOT, TOO_HOT = 75.0, 82.0
"""Degrees Celsius: a Raspberry Pi slows down softly from 80 and hard at 85."""
LITTLE_MIB, TOO_LITTLE_MIB = 1024, 200
EXPIRES_SOON_DAYS = 60
TIMEOUT_SECONDS = 5.0
INSTALLERS = {"pip", "setuptools"}
"""Brought by Python itself; nothing that runs needs them."""
_NOW = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
"""Bits of vcgencmd get_throttled; the same 16 higher: it happened since the start."""


@dataclass(frozen=True)
class Finding:
    """What was seen, and what to do about it."""

    name: str
    state: str
    """`good`, `odd` (works, but look at it) or `bad`."""
    saw: str
    advice: str = ""


@dataclass(frozen=True)
class Machine:
    """The machine as files beneath a root, and what its programs say."""

    root: Path
    said: Callable[..., str]

    def text(self, path: str) -> str:
        """Content of a file; empty when it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip("\0\n ")
        except OSError:
            return ""


def core_status(settings: DeviceSettings) -> Status | None:
    """What the device of these settings says of itself; none while it is away."""
    try:
        return ask_device(Path(settings.state_folder).expanduser() / "control.sock")
    except (DeviceAwayError, CommandError):
        return None


def all_findings(
    settings: DeviceSettings, machine: Machine, core: Status | None = None
) -> list[Finding]:
    """Every check, in the order in which a person would look.

    Args:
        settings: of the device.
        machine: to be looked at.
        core: what it says of itself, if it runs.

    """
    return [
        camera(settings.camera.source, machine),
        sound(settings.sound.driver, machine),
        broker(settings.broker, served=bool(core and core.server_online)),
        authority(settings.broker),
        clock(machine),
        disk(Path(settings.state_folder).expanduser()),
        temperature(machine),
        throttling(machine),
        models(Path(settings.models_folder or ROOT / "models").expanduser()),
        versions(ROOT / "constraints.txt"),
    ]


def camera(source: str, machine: Machine) -> Finding:
    """The camera of the settings, without opening it."""
    name = "camera"
    if source == "picamera2":
        return _picamera2(name, machine)
    if source.isdecimal():
        title = machine.text(f"sys/class/video4linux/video{source}/name")
        if (machine.root / f"dev/video{source}").exists():
            return Finding(name, "good", f"/dev/video{source} {title}".strip())
        advice = "plug it in, or choose another with [camera] source; music plays without"
        return Finding(name, "bad", f"no /dev/video{source}", advice)
    if Path(source).expanduser().is_file():
        return Finding(name, "odd", f"the file {source}, no camera", "fine for trying things")
    return Finding(name, "bad", f"no file {source}", "name a camera in [camera] source")


def _picamera2(name: str, machine: Machine) -> Finding:
    if importlib.util.find_spec("picamera2") is None:
        advice = "sudo apt install python3-picamera2, or name another [camera] source"
        return Finding(name, "bad", "picamera2 cannot be imported", advice)
    try:
        importlib.import_module("simplejpeg")  # picamera2 does, and Bookworm's needs numpy 1
    except (ImportError, ValueError) as error:
        advice = "sudo ./systemd/install again: it brings one that fits"
        return Finding(name, "bad", f"simplejpeg fails, and picamera2 with it: {error}", advice)
    seen = sorted((machine.root / "dev").glob("media*"))
    advice = "" if seen else "check the ribbon cable, then: rpicam-hello --list-cameras"
    return Finding(name, "good" if seen else "bad", f"{len(seen)} media device(s)", advice)


def sound(driver: str, machine: Machine) -> Finding:
    """The cards that the kernel lists."""
    if driver in {"dummy", "disk"}:
        return Finding("sound", "odd", f"the {driver} driver: nobody hears it", "[sound] driver")
    cards = re.findall(
        r"^\s*\d+ \[\S+\s*\]: (.+)$", machine.text("proc/asound/cards"), re.MULTILINE
    )
    if cards:
        return Finding("sound", "good", "; ".join(cards))
    advice = "plug in a card or speaker; on a Pi, dtparam=audio=on in config.txt"
    return Finding("sound", "bad", "no sound card", advice)


def broker(settings: BrokerSettings, *, served: bool = False) -> Finding:
    """Whether the broker lets us in, over TLS where that is asked for.

    Args:
        settings: of the device.
        served: core hears of the recommender there. Nothing is tried then: two of one name cannot
            be at a broker, so that core would be sent away, and the home told that it is gone.

    """
    where = f"{settings.host}:{settings.port}"
    if served:
        return Finding("broker", "good", f"{where}, core is there, and so is the recommender")
    try:
        with socket.create_connection((settings.host, settings.port), TIMEOUT_SECONDS) as plain:
            if settings.ca_file:
                context = ssl.create_default_context(cafile=settings.ca_file)
                with context.wrap_socket(plain, server_hostname=settings.host) as closed:
                    return _greeted(closed, settings, f"{where}, {closed.version()}")
            return _greeted(plain, settings, where)
    except ssl.SSLError as error:
        advice = "its certificate is not of this authority, or is over: pair this device anew"
        return Finding("broker", "bad", f"{where}: {error.reason or error}", advice)
    except OSError as error:
        advice = "music plays without; for lists and home automation look at [broker]"
        return Finding("broker", "odd", f"{where}: {error.strerror or error}", advice)


def _greeted(link: socket.socket, settings: BrokerSettings, where: str) -> Finding:
    """Say CONNECT as MQTT 5 does (section 3.1) under a name of our own, and read the answer."""

    def text(words: str) -> bytes:
        return len(words.encode()).to_bytes(2, "big") + words.encode()

    named = bool(settings.username)
    body = text("MQTT") + bytes([5, 0b1100_0010 if named else 0b10, 0, 10, 0])
    body += text(f"mlfym-doctor-{os.getpid()}")
    body += text(settings.username) + text(settings.password) if named else b""
    high, low = divmod(len(body), 128)
    link.sendall(b"\x10" + (bytes([low | 128, high]) if high else bytes([low])) + body)
    match list(link.recv(64)):
        case [0x20, _, _, 0, *_]:
            link.sendall(b"\xe0\x00")
            return Finding("broker", "good", f"{where}, lets us in")
        case [0x20, _, _, reason, *_]:
            advice = "pair this device anew: ./mlfym pair at the broker"
            return Finding("broker", "bad", f"{where} refuses us (reason {reason:#x})", advice)
    return Finding("broker", "bad", f"{where} is no MQTT 5 broker", "look at [broker] host, port")


def authority(settings: BrokerSettings, now: float | None = None) -> Finding:
    """The certificate of the authority that the broker is trusted by."""
    if not settings.ca_file:
        local = settings.host in {"127.0.0.1", "::1", "localhost"}
        advice = "" if local else "passwords go in the clear: ./mlfym pair and --join give TLS"
        saw = f"none to {settings.host}" + (", which is this machine" if local else "")
        return Finding("TLS", "good" if local else "bad", saw, advice)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        until = str(context.get_ca_certs()[0]["notAfter"])
    except (OSError, IndexError) as error:
        advice = "copy the broker's authority again: ./mlfym pair, then --join"
        return Finding("TLS", "bad", f"{settings.ca_file}: {error}", advice)
    days = (ssl.cert_time_to_seconds(until) - (time.time() if now is None else now)) / 86_400
    state = "bad" if days < 0 else "odd" if days < EXPIRES_SOON_DAYS else "good"
    advice = "" if state == "good" else "make a new authority at the broker and pair anew"
    return Finding("TLS", state, f"authority good for {days:.0f} days", advice)


def clock(machine: Machine) -> Finding:
    """Whether the clock was set by somebody who knows."""
    told = machine.said("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if told == "yes" or (machine.root / "run/systemd/timesync/synchronized").exists():
        return Finding("clock", "good", "set from the network")
    advice = "connect to a network once, or fit a clock module; times of day may be wrong"
    return Finding("clock", "odd", "not set from the network", advice)


def disk(folder: Path) -> Finding:
    """Room where the state is kept, and whether a write really succeeds there."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(bytes(4096))
            probe.flush()
            os.fsync(probe.fileno())
    except PermissionError:
        return Finding("disk", "odd", f"{existing} is not ours to write to", "use sudo to check it")
    except OSError as error:
        advice = "the card may be worn out: copy it, then replace it"
        return Finding("disk", "bad", f"{existing} cannot be written: {error.strerror}", advice)
    free = shutil.disk_usage(existing).free // 2**20
    state = "bad" if free < TOO_LITTLE_MIB else "odd" if free < LITTLE_MIB else "good"
    advice = "" if state == "good" else "make room: what is liked and played could not be kept"
    return Finding("disk", state, f"{free} MiB free at {existing}, writable", advice)


def temperature(machine: Machine) -> Finding:
    """The hottest sensor of the processor."""
    found = [
        p.read_text().strip() for p in machine.root.glob("sys/class/thermal/thermal_zone*/temp")
    ]
    degrees = [int(value) / 1000 for value in found if value.lstrip("-").isdecimal()]
    if not degrees:
        return Finding("temperature", "good", "no sensor")
    hottest = max(degrees)
    state = "bad" if hottest >= TOO_HOT else "odd" if hottest >= HOT else "good"
    advice = "" if state == "good" else "give it air or a heat sink: it slows down from 80 °C"
    return Finding("temperature", state, f"{hottest:.0f} °C", advice)


def throttling(machine: Machine) -> Finding:
    """What a Raspberry Pi's firmware says of its supply and heat."""
    told = re.fullmatch(r"throttled=(0x[0-9a-fA-F]+)", machine.said("vcgencmd", "get_throttled"))
    if not told:
        return Finding("throttling", "good", "no Raspberry Pi firmware to ask")
    bits = int(told[1], 16)
    now = [what for bit, what in _NOW.items() if bits >> bit & 1]
    before = [what for bit, what in _NOW.items() if bits >> (bit + 16) & 1]
    advice = "use the supply made for this Pi (5 V, 3 A or more) and give it air"
    if now:
        return Finding("throttling", "bad", f"now: {', '.join(now)}", advice)
    if before:
        return Finding("throttling", "odd", f"since the start: {', '.join(before)}", advice)
    return Finding("throttling", "good", "never since the start")


def models(folder: Path) -> Finding:
    """Every model against the sha256 in its manifest."""
    found = sorted(p for p in folder.glob("*.json") if not p.name.endswith(".figures.json"))
    try:
        for manifest in found:
            verified_bytes(read_manifest(manifest), folder)
    except ModelError as error:
        return Finding("models", "bad", str(error), "install MLFYM anew")
    if not found:
        return Finding("models", "bad", f"none in {folder}", "install MLFYM anew")
    return Finding("models", "good", f"{len(found)} as their manifests say (sha256)")


def versions(constraints: Path) -> Finding:
    """Python, and whether what is installed is what this version was tested with."""
    python = ".".join(map(str, sys.version_info[:3]))
    lines = constraints.read_text(encoding="utf-8").splitlines()
    pins = dict(
        re.split(r"[ ;#]", line)[0].split("==") for line in lines if re.match(r"[a-z0-9-]+==", line)
    )
    doubled = {line.split("==")[0] for line in lines if " ;" in line}
    others = []
    for package, pin in pins.items():
        try:
            there = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        if there != pin and package not in doubled | INSTALLERS:
            others.append(f"{package} {there} for {pin}")
    saw = f"Python {python}" + (f"; {', '.join(others)}" if others else ", packages as pinned")
    advice = "install MLFYM anew: it was tested with the pinned ones" if others else ""
    return Finding("versions", "odd" if others else "good", saw, advice)
