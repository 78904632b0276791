"""The steps of an installation, by role. Nothing here does anything yet."""

from __future__ import annotations

import grp
import json
import pwd
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.appliance.accounts import Accounts
from cli.appliance.authority import covers, is_good, make_authority, make_broker_certificate
from cli.appliance.steps import Call, Copy, Remove, Run, Step, StepError, Write

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = ("cli", "contracts", "device", "recommender_server", "models", "systemd")
FILES = ("mlfym", "pyproject.toml", "constraints.txt", "LICENSE")
ROLES = {
    "speaker": ("speaker",),
    "kiosk": ("speaker", "kiosk"),
    "server": ("server",),
    "all": ("speaker", "kiosk", "server"),
}
PACKAGES = {
    "speaker": ("libasound2-plugins",),
    "kiosk": ("cage", "fonts-nanum", "chromium"),
    "server": ("mosquitto", "openssl"),
}
UNITS = {
    "speaker": ("mlfym-core.socket", "mlfym-core.service", "mlfym-vision.service"),
    "kiosk": ("mlfym-kiosk.service",),
    "server": ("mlfym-recommender@.service", "mlfym-train.service", "mlfym-train.timer"),
}
STARTED = {
    "speaker": UNITS["speaker"],
    "kiosk": UNITS["kiosk"],
    "server": ("mlfym-recommender@1.service", "mlfym-train.timer"),
}
USERS = {"speaker": ("mlfym", "mlfym-vision"), "kiosk": ("mlfym-kiosk",)}
USERS["server"] = ("mlfym-recommender",)
GROUPS = ("audio", "video", "gpio")
"""On plain Debian `gpio` is missing, and a unit with a missing group does not start."""
COMMAND = """\
#!/bin/sh
PYTHONSAFEPATH=1 exec /opt/mlfym/venv/bin/python -m cli.main "$@"
"""
"""`mlfym` on an appliance: in its own environment, which it never changes."""
PORTS = {"@PORT@": "1883", "@TLS_PORT@": "8883", "@ETC@": "/etc/mlfym"}


@dataclass(frozen=True)
class Wanted:
    """All that is asked, up front."""

    role: str
    root: Path = Path("/")
    """Where the system is; another one than / gets files, but no packages, users or starts."""
    name: str = "mlfym"
    music: str = "/srv/music"
    hosts: tuple[str, ...] = ("localhost",)
    bundle: str = ""
    """Content of a file that `./mlfym pair` made; empty: a broker on this machine."""
    camera: bool = False
    """Whether this machine is a Raspberry Pi with Raspberry Pi OS's picamera2."""


def steps(wanted: Wanted) -> list[Step]:
    """What makes the system what is wanted, in order."""
    parts = ROLES[wanted.role]
    found: list[Step] = [*_system(wanted, parts), *_program(wanted, parts)]
    if "server" in parts:
        found += _broker(wanted)
    found += _settings(wanted, parts)
    found += _units(wanted, parts)
    return found


def removal(wanted: Wanted) -> list[Step]:
    """What takes the program away; settings, music and what was learned stay."""
    opt, system = wanted.root / "opt/mlfym", wanted.root / "etc/systemd/system"
    names = [unit for part in ROLES["all"] for unit in STARTED[part]]
    live = [Run(("systemctl", "disable", "--now", n)) for n in names if _there(system, n)]
    units = [Remove(system / unit) for part in ROLES["all"] for unit in UNITS[part]]
    files = [
        *units,
        Remove(wanted.root / "usr/local/bin/mlfym"),
        Remove(wanted.root / "etc/mosquitto/conf.d/mlfym.conf"),
        Remove(opt),
    ]
    return [*(live if wanted.root == Path("/") else []), *files]


def _there(system: Path, name: str) -> bool:
    return (system / name.replace("@1", "@")).exists()


def _system(wanted: Wanted, parts: tuple[str, ...]) -> list[Step]:
    if wanted.root != Path("/"):
        return []
    packages = ["python3-venv", *(name for part in parts for name in PACKAGES[part])]
    packages += ["python3-picamera2"] if wanted.camera and "speaker" in parts else []
    found: list[Step] = [
        Run(("apt-get", "install", "--yes", "--no-install-recommends", *packages)),
        *(Run(("groupadd", "--system", group), _known(grp.getgrnam, group)) for group in GROUPS),
    ]
    for user in (user for part in parts for user in USERS[part]):
        home = f"/var/lib/{user}"
        words = ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home)
        known = _known(pwd.getpwnam, user)
        found.append(Run((*words, "--shell", "/usr/sbin/nologin", user), known))
    return found


def _known(look: Callable[[str], object], name: str) -> Callable[[], bool]:
    def known() -> bool:
        try:
            look(name)
        except KeyError:
            return False
        return True

    return known


def _program(wanted: Wanted, parts: tuple[str, ...]) -> list[Step]:
    opt = wanted.root / "opt/mlfym"
    found: list[Step] = [
        Copy(SOURCE, opt / "app", (*PROGRAM, *FILES)),
        Write(wanted.root / "usr/local/bin/mlfym", COMMAND, 0o755),
    ]
    if wanted.root != Path("/"):
        return found
    python = opt / "venv/bin/python"
    made = Run(
        ("python3", "-m", "venv", "--system-site-packages", str(opt / "venv")), python.exists
    )
    pip = (str(python), "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:")
    found.append(made)
    for part in (part for part in parts if part != "kiosk"):
        locked = opt / f"app/systemd/requirements/{part}.txt"
        found.append(Run((*pip, "--requirement", str(locked))))
    path = Call(
        f"name  {opt / 'app'} to the environment's Python",
        lambda: _name_program(opt),
        lambda: any(opt.glob("venv/lib/python*/site-packages/mlfym.pth")),
    )
    return [*found, path]


def _name_program(opt: Path) -> None:
    for packages in opt.glob("venv/lib/python*/site-packages"):
        (packages / "mlfym.pth").write_text(f"{opt / 'app'}\n", encoding="utf-8")


def _broker(wanted: Wanted) -> list[Step]:
    etc = wanted.root / "etc/mlfym"
    made, used = etc / "authority", etc / "broker"
    hosts = list(wanted.hosts)

    def certify() -> None:
        make_broker_certificate(made, hosts)
        for name in ("broker.key", "broker.pem"):
            Write(used / name, (made / name).read_text("utf-8"), 0o600, "mosquitto").do()

    def certified() -> bool:
        pem = used / "broker.pem"
        return is_good(pem) and covers(pem, hosts)

    text = (SOURCE / "systemd/broker/mlfym.conf").read_text(encoding="utf-8")
    for mark, value in PORTS.items():
        text = text.replace(mark, value)
    authority = made / "ca.pem"
    return [
        Call(f"make  {authority}", lambda: make_authority(made, wanted.name), authority.is_file),
        Call(f"make  {used}/broker.pem for {', '.join(hosts)}", certify, certified),
        # Mosquitto's own from the start: whoever is paired later leaves the owner as it is.
        *(Write(used / n, "", 0o600, "mosquitto", keep=True) for n in ("passwords", "acl")),
        Write(wanted.root / "etc/mosquitto/conf.d/mlfym.conf", text),
    ]


def _settings(wanted: Wanted, parts: tuple[str, ...]) -> list[Step]:
    etc = wanted.root / "etc/mlfym"
    found: list[Step] = []
    if "speaker" in parts:
        found += _first_settings(wanted, etc / "device.toml", "mlfym", wanted.name)
    if "server" in parts:
        worker = "recommender.1"
        found += _first_settings(wanted, etc / "recommender-1.toml", "mlfym-recommender", worker)
    return found


def _first_settings(wanted: Wanted, path: Path, owner: str, account: str) -> list[Step]:
    device = owner == "mlfym"
    head = {
        "device_id": wanted.name,
        "music_folder": wanted.music,
        "state_folder": "/var/lib/mlfym",
    }
    table = head if device else {"data_folder": "/var/lib/mlfym-recommender"}
    bundle: dict[str, Any] = json.loads(wanted.bundle) if wanted.bundle and device else {}
    local = "server" in ROLES[wanted.role]
    if bundle and path.is_file() and bundle["password"] not in path.read_text(encoding="utf-8"):
        msg = f"{path} is there already: move it away, then join again; nothing was changed"
        raise StepError(msg)

    def write() -> None:
        broker: dict[str, Any] = {}
        if bundle:
            broker = {key: bundle[key] for key in ("host", "port", "username", "password")}
            broker["ca_file"] = "/etc/mlfym/ca.pem"
        elif local:
            secret = Accounts(path.parent / "broker").put(account)
            broker = {"host": "127.0.0.1", "username": account, "password": secret}
        web = {"port": 8080} if device else {}
        Write(path, toml(table, {"broker": broker, "web": web}), 0o600, owner).do()

    found: list[Step] = [Call(f"write {path} (0600, {owner})", write, path.is_file)]
    if bundle:
        found.insert(0, Write(path.parent / "ca.pem", bundle["ca"]))
    return found


def toml(head: dict[str, Any], tables: dict[str, dict[str, Any]]) -> str:
    """A settings file; strings and numbers are written alike in JSON and in TOML."""

    def rows(values: dict[str, Any]) -> str:
        return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())

    text = rows(head) + "".join(f"\n[{n}]\n{rows(t)}" for n, t in tables.items() if t)
    tomllib.loads(text)  # what we write can be read
    return text


def _units(wanted: Wanted, parts: tuple[str, ...]) -> list[Step]:
    system = wanted.root / "etc/systemd/system"
    units = SOURCE / "systemd/units"
    found: list[Step] = [
        Write(system / unit, (units / unit).read_text(encoding="utf-8"))
        for part in parts
        for unit in UNITS[part]
    ]
    if wanted.root == Path("/") and shutil.which("systemctl"):
        found.append(Run(("systemctl", "daemon-reload")))
        found += [Run(("systemctl", "restart", "mosquitto.service"))] if "server" in parts else []
        found += [Run(("systemctl", "enable", "--now", n)) for p in parts for n in STARTED[p]]
    return found
