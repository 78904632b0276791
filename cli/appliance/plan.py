"""The steps of an installation, by role. Nothing here does anything yet."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.appliance.accounts import Accounts
from cli.appliance.authority import covers, is_good, make_authority, make_broker_certificate
from cli.appliance.music import DEFAULT, upload_steps
from cli.appliance.needs import install_words, missing_accounts, missing_packages
from cli.appliance.roles import Part, installed_parts, roles_of
from cli.appliance.steps import Call, Copy, Run, Show, Step, StepError, Write
from cli.appliance.system import System
from cli.appliance.system_files import system_files
from cli.updating.environment import environment_is_made, make_environment
from cli.updating.errors import UpdateError
from cli.updating.layout import CONFIRMED, CURRENT, Layout
from cli.updating.making import FILES, PROGRAM
from cli.updating.preparing import remove_others

SOURCE = Path(__file__).resolve().parents[2]
ROLES = roles_of(SOURCE)
COMMAND = """\
#!/bin/sh
PYTHONSAFEPATH=1 exec /opt/mlfym/current/venv/bin/python -m cli.main "$@"
"""
"""`mlfym` on an appliance: in its own environment, which it never changes."""


@dataclass(frozen=True)
class Wanted:
    """All that is asked, up front."""

    roles: tuple[str, ...]
    root: Path = Path("/")
    """Where the system is. A folder without one gets files, but no packages, users or starts."""
    name: str = "mlfym"
    music: str = DEFAULT
    hosts: tuple[str, ...] = ("localhost",)
    bundle: str = ""
    """Content of a file that `./mlfym pair` made; empty: a broker on this machine."""
    camera: bool = False
    """Whether this machine is a Raspberry Pi with Raspberry Pi OS's picamera2."""
    person: str = ""
    """A user who may bring music without sudo."""
    release_keys: tuple[Path, ...] = ()
    """Public keys of maintainers whose releases are trusted, beside those in the checkout."""
    system: System = field(init=False)

    def __post_init__(self) -> None:
        """The system that is at the root."""
        object.__setattr__(self, "system", System.at(self.root))

    @property
    def layout(self) -> Layout:
        """Where everything goes."""
        return Layout(self.root)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Of the roles, and what is installed already: one environment serves them all."""
        confirmed = self.layout.app(self.layout.version_at(CONFIRMED))
        try:
            there = installed_parts(confirmed, self.layout.units)
        except (OSError, ValueError, KeyError, TypeError):  # nothing is, or what cannot be read
            there = ()
        asked = [part for role in self.roles for part in ROLES[role]]
        names = {part.name for part in (*asked, *there)}
        return tuple(part for part in ROLES["all"] if part.name in names)

    def has(self, part: str) -> bool:
        """Whether it is among them."""
        return any(known.name == part for known in self.parts)


def steps(wanted: Wanted) -> list[Step]:
    """What makes the system what is wanted, in order.

    Raises:
        StepError: an update is under way.

    """
    if wanted.layout.pending.exists():
        msg = "an update is under way: sudo mlfym update --resume, then install again"
        raise StepError(msg)
    found: list[Step] = [*_system(wanted), *_program(wanted)]
    if wanted.has("server"):
        found += _broker(wanted)
    found += _settings(wanted)
    others = system_files(SOURCE, wanted.parts)
    found += [Write(wanted.root / place, text) for place, text in others.items()]
    if wanted.has("speaker"):
        found += upload_steps(wanted.system, wanted.layout.units, wanted.music)
    found += _units(wanted, changed=any(not step.done() for step in found))
    return found


def _system(wanted: Wanted) -> list[Step]:
    system = wanted.system
    if not system.complete:
        return []
    names = tuple(name for part in wanted.parts for name in part.packages)
    names += ("python3-picamera2",) if wanted.camera and wanted.has("speaker") else ()
    packages = missing_packages(system, names)
    commands = [("apt-get", "update"), install_words(packages)] if packages else []
    commands += missing_accounts(system, wanted.parts)
    member = wanted.person in system.members("mlfym")
    if wanted.person and wanted.has("speaker") and not member:
        commands.append(("usermod", "--append", "--groups", "mlfym", wanted.person))
    found: list[Step] = [Run(system.words(*words)) for words in commands]
    music = wanted.root / wanted.music.lstrip("/")
    if wanted.has("speaker") and not music.exists():
        owned = ("install", "--directory", "--mode=2775", "--group=mlfym", wanted.music)
        found.append(Run(system.words(*owned)))
    return found


def version_of(checkout: Path) -> str:
    """Version of the program in a checkout."""
    table = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    return str(table["project"]["version"])


def _program(wanted: Wanted) -> list[Step]:
    layout, system, version = wanted.layout, wanted.system, version_of(SOURCE)
    folder, former = layout.folder(version), layout.version_at(CURRENT)
    found: list[Step] = [
        Copy(SOURCE, layout.app(version), (*PROGRAM, *FILES)),
        Write(wanted.root / "usr/local/bin/mlfym", COMMAND, 0o755),
    ]
    keys = wanted.root / "etc/mlfym/release_keys"
    found += [Write(keys / k.name, k.read_text(encoding="utf-8")) for k in wanted.release_keys]
    if system.complete:
        found.append(
            Call(
                f"make  {folder}/venv from the hashed requirements (this takes minutes)",
                lambda: _make_environment(wanted, folder),
                lambda: folder.is_dir() and environment_is_made(system, folder, wanted.parts),
            )
        )
        whole = lambda: layout.whole(version)  # noqa: E731 - asked when its turn comes
        found.append(Call(f"seal  {folder}", lambda: layout.declare_whole(version), whole))
    found += [_pointed(layout, link, version) for link in (CURRENT, CONFIRMED)]
    kept = {version, former}
    surplus = Call(
        f"remove versions but {version} and the one before",
        lambda: remove_others(layout, kept),
        lambda: set(layout.versions()) <= kept,
    )
    return [*found, surplus]


def _make_environment(wanted: Wanted, folder: Path) -> None:
    try:
        make_environment(wanted.system, folder, wanted.parts)
    except UpdateError as error:
        raise StepError(str(error)) from error


def _pointed(layout: Layout, link: str, version: str) -> Step:
    return Call(
        f"point {layout.opt / link} to {version}",
        lambda: layout.point(link, version),
        lambda: layout.version_at(link) == version,
    )


def _broker(wanted: Wanted) -> list[Step]:
    etc = wanted.root / "etc/mlfym"
    made, used = etc / "authority", etc / "broker"
    hosts = list(wanted.hosts)

    def certify() -> None:
        make_broker_certificate(made, hosts)
        for name in ("broker.key", "broker.pem"):
            text = (made / name).read_text("utf-8")
            Write(used / name, text, 0o600, "mosquitto", system=wanted.system).do()

    def certified() -> bool:
        pem = used / "broker.pem"
        return is_good(pem) and covers(pem, hosts)

    authority = made / "ca.pem"
    return [
        Call(f"make  {authority}", lambda: make_authority(made, wanted.name), authority.is_file),
        Call(f"make  {used}/broker.pem for {', '.join(hosts)}", certify, certified),
        # Mosquitto's own from the start: whoever is paired later leaves the owner as it is.
        *(
            Write(used / n, "", 0o600, "mosquitto", keep=True, system=wanted.system)
            for n in ("passwords", "acl")
        ),
    ]


def _settings(wanted: Wanted) -> list[Step]:
    etc = wanted.root / "etc/mlfym"
    found: list[Step] = []
    if wanted.has("speaker"):
        found += _first_settings(wanted, etc / "device.toml", "mlfym", wanted.name)
    if wanted.has("server"):
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
    local = wanted.has("server")
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
        text = toml(table, {"broker": broker, "web": web})
        Write(path, text, 0o600, owner, system=wanted.system).do()

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


def _units(wanted: Wanted, *, changed: bool) -> list[Step]:
    system, units = wanted.system, SOURCE / "systemd/units"
    found: list[Step] = [
        Write(wanted.layout.units / unit, (units / unit).read_text(encoding="utf-8"))
        for part in wanted.parts
        for unit in part.units
    ]
    started = [unit for part in wanted.parts for unit in part.started]
    changed = changed or any(not step.done() for step in found)
    if system.complete and changed:
        found.append(Run(system.words("systemctl", "enable", *started)))
    if not system.live:
        return found
    found += [Run(("systemctl", "daemon-reload"))] if changed else []
    if wanted.has("server") and changed:
        found.append(Run(("systemctl", "restart", "mosquitto.service")))
    sockets = [unit for unit in started if unit.endswith(".socket")]
    others = [unit for unit in started if unit not in sockets and "resume" not in unit]
    # What runs has the former program in its memory.
    verb = "restart" if changed else "start"
    found += [Run(("systemctl", "start", u)) for u in sockets]
    found += [Run(("systemctl", verb, "--no-block", unit)) for unit in others]
    return [*found, Show(("/usr/local/bin/mlfym", "doctor"))]
