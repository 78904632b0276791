"""An appliance in a folder, a maintainer with a key, and a systemd that keeps its contract."""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import shutil
import sqlite3
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from cli.appliance.system import Ran, System, run_program
from cli.updating.acceptance import Here
from cli.updating.health import Clock
from cli.updating.layout import CONFIRMED, CURRENT, Layout
from cli.updating.making import Wanted, make_release
from cli.updating.signing import make_key
from cli.updating.updater import Updater

HERE = Here(f"{sys.version_info[0]}.{sys.version_info[1]}", "x86_64")
ROLES = """
[roles]
all = ["speaker"]
[parts.speaker]
packages = []
users = []
units = [{units}]
started = [{units}]
requirements = "speaker.txt"
restarts = ["reader.service"]
[parts.speaker.files]
"""
PROBE = """\
import json, pathlib, sqlite3
root = pathlib.Path(__file__).resolve().parents[{levels}]
count = root / "looks"
looks = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(looks))
core = {core}
print("a warning of some library")
print(json.dumps({{"core": core, "bad": {bad}}}))
"""
WELL = '{"playback": "playing", "track": "a", "position_seconds": 5.0 * looks}'
STILL = '{"playback": "playing", "track": "a", "position_seconds": 7.0}'
SILENT = '{"playback": "idle", "track": "", "position_seconds": 0.0}'


@dataclass
class FakeClock:
    """Time that passes when somebody waits."""

    seconds: float = 0.0

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


@dataclass
class FakeSystemd:
    """systemd and Debian by what they are asked; an appliance's own Python
    is run for real, nothing of the machine that tests is.

    A unit runs when it was started, its file is there, and the version at `current` does not list
    it in a file named `crashes`. Starting core runs the file `migrate.py` of that version.
    """

    root: Path
    running: set[str] = field(default_factory=set)
    enabled: set[str] = field(default_factory=set)
    flapping: set[str] = field(default_factory=set)
    """Units that end again and again, whichever version they are of."""
    woken: tuple[str, ...] = ()
    """Units that something starts again whenever one is stopped, as a socket does."""
    flaps: Counter[str] = field(default_factory=Counter)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    restarts: int = 0
    in_process: bool = False
    """The version's probe runs in this process, not by its own Python: far quicker."""

    def __call__(self, words: tuple[str, ...], seconds: float) -> Ran:
        """As cli.appliance.system.Runner."""
        self.asked.append(words)
        if words[0] == "systemctl":
            return self._systemctl(words[1:])
        if words[0] == "python3":
            made = words[1:3] == ("-m", "venv")
            own = (sys.executable, *words[1:])
            return self._environment(Path(words[-1])) if made else run_program(own, seconds)
        if words[1:4] == ("-m", "pip", "install"):
            return Ran(0, "")
        if words[0].startswith(str(self.root)):
            return self._probed() if self.in_process else run_program(words, seconds)
        known = words[0] in {"groupadd", "useradd"}
        return Ran(0, "") if known else Ran(127, f"{words[0]}: not on this stage")

    def _probed(self) -> Ran:
        probe = self.root / "opt/mlfym/current/app/cli/updating/probe.py"
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            runpy.run_path(str(probe.resolve()))
        return Ran(0, said.getvalue())

    def _environment(self, venv: Path) -> Ran:
        """An environment of this Python, without pip: made in no time."""
        packages = venv / f"lib/python{HERE.python}/site-packages"
        packages.mkdir(parents=True)
        (venv / "bin").mkdir()
        (venv / "bin/python").symlink_to(sys._base_executable)  # type: ignore[attr-defined]
        (venv / "pyvenv.cfg").write_text(f"home = {Path(sys._base_executable).parent}\n")  # type: ignore[attr-defined]
        return Ran(0, "")

    def _systemctl(self, words: tuple[str, ...]) -> Ran:
        verb, units = words[0], [word for word in words[1:] if not word.startswith("-")]
        app = self.root / "opt/mlfym/current/app"
        if verb in {"start", "restart"}:
            self.running -= set(units) if verb == "restart" else set()
            for unit in units:
                self._start(unit, app)
        elif verb in {"stop", "kill"}:
            self.running -= set(units)
            for unit in self.woken:
                self._start(unit, app)
        elif verb == "disable":
            self.running -= set(units)
            self.enabled -= set(units)
        elif verb == "enable":
            self.enabled |= set(units)
        elif verb == "list-units":
            return Ran(0, "".join(f"{u} loaded active running x\n" for u in sorted(self.running)))
        elif verb == "show":
            self.restarts += (app / "device/restarts").exists()
            self.flaps[units[0]] += units[0] in self.flapping
            count = self.restarts + self.flaps[units[0]]
            state = "active" if units[0] in self.running else "failed"
            return Ran(0, f"ActiveState={state}\nNRestarts={count}\n")
        return Ran(0, "")

    def _start(self, unit: str, app: Path) -> None:
        if unit in self.running or not (self.root / "etc/systemd/system" / unit).is_file():
            return
        crashes = app / "device/crashes"
        if crashes.is_file() and unit in crashes.read_text():
            self.running.discard(unit)
            return
        self.running.add(unit)
        migrate = app / "device/migrate.sql"
        if unit == "mlfym-core.service" and migrate.is_file():
            connection = sqlite3.connect(self.root / "var/lib/mlfym/device.sqlite")
            if connection.execute("PRAGMA user_version").fetchone() == (1,):
                connection.executescript(migrate.read_text())
            connection.close()


@dataclass
class Stage:
    """Everything that an update needs, in one folder."""

    folder: Path

    def __post_init__(self) -> None:
        """An appliance with 0.1.0, whose music plays."""
        self.root = self.folder / "root"
        self.layout = Layout(self.root)
        self.systemd = FakeSystemd(self.root)
        self.clock = FakeClock()
        self.private = self.folder / "maker.key"
        if self.root.exists():
            self.start()
            return
        make_key(self.private, self.root / "etc/mlfym/release_keys/maker.pem")
        self.program("0.1.0", self.layout.folder("0.1.0") / "app")
        self.systemd._environment(self.layout.folder("0.1.0") / "venv")
        packages = self.layout.folder("0.1.0") / f"venv/lib/python{HERE.python}/site-packages"
        (packages / "mlfym.pth").write_text("../../../../app\n")
        self.layout.declare_whole("0.1.0")
        for link in (CURRENT, CONFIRMED):
            self.layout.point(link, "0.1.0")
        self.layout.units.mkdir(parents=True)
        for unit in ("mlfym-core.service", "mlfym-vision.service"):
            source = self.layout.app("0.1.0") / "systemd/units" / unit
            shutil.copy(source, self.layout.units / unit)
        database = self.root / "var/lib/mlfym/device.sqlite"
        database.parent.mkdir(parents=True)
        connection = sqlite3.connect(database)
        connection.executescript(
            "PRAGMA user_version = 1; CREATE TABLE likes (track); INSERT INTO likes VALUES ('a');"
        )
        connection.close()
        self.start()

    def start(self) -> None:
        """What the machine does when it is switched on."""
        self.systemd.running.clear()
        for unit in ("mlfym-core.service", "mlfym-vision.service"):
            self.systemd._start(unit, self.root / "opt/mlfym/current/app")

    def program(
        self,
        version: str,
        checkout: Path,
        *,
        core: str = WELL,
        bad: tuple[str, ...] = ("camera",),
        units: tuple[str, ...] = ("mlfym-core.service", "mlfym-vision.service"),
        files: dict[str, str] | None = None,
        others: dict[str, str] | None = None,
    ) -> Path:
        """Write a program that says this of itself; `others` are files that other programs read."""
        listed = ", ".join(f'"{unit}"' for unit in units)
        rows = [f'"{place}" = "{place}"\n' for place in others or {}]
        content = {
            "pyproject.toml": f'[project]\nname = "mlfym"\nversion = "{version}"\n',
            "systemd/roles.toml": ROLES.format(units=listed) + "".join(rows),
            **{f"systemd/{place}": text for place, text in (others or {}).items()},
            "systemd/requirements/speaker.txt": "",
            "cli/__init__.py": "",
            "cli/updating/__init__.py": "",
            "cli/updating/probe.py": PROBE.format(core=core, bad=json.dumps(bad), levels=2),
            **{f"systemd/units/{unit}": f"[Service]\n# {version}\n" for unit in units},
            **(files or {}),
        }
        for name, text in content.items():
            path = checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return checkout

    def release(self, version: str, **said: object) -> Path:
        """The statement of a signed release of such a program."""
        checkout = self.folder / f"checkout-{version}"
        self.program(version, checkout, **said)  # type: ignore[arg-type]
        out = self.folder / "out"
        return make_release(Wanted(checkout=checkout, out=out, private=self.private))[0]

    def updater(self, after: object = None) -> Updater:
        """One that runs on this appliance."""
        system = System(self.root, runner=self.systemd, live=True)
        clock = Clock(lambda: self.clock.seconds, self.clock.wait)
        return Updater(system, HERE, clock, after or (lambda _step: None))  # type: ignore[arg-type]

    @property
    def runs(self) -> str:
        """Version at `current`, which can be started: it is whole, and its Python runs."""
        version = self.layout.version_at(CURRENT)
        assert self.layout.whole(version)
        assert os.access(self.layout.python(version), os.X_OK)
        return version

    def likes(self) -> list[str]:
        """What the former version reads of its database."""
        connection = sqlite3.connect(self.root / "var/lib/mlfym/device.sqlite")
        try:
            assert connection.execute("PRAGMA user_version").fetchone() == (1,)
            return [row[0] for row in connection.execute("SELECT track FROM likes")]
        finally:
            connection.close()
