"""The four programs of an appliance as child processes: in order up, in reverse down."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from cli.broker import EmbeddedBroker
from contracts.settings import to_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from device.settings import DeviceSettings

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Small matrices on few cores: a second thread would wait longer than it works."""
EXIT_HUNG_CAMERA = 75
"""EX_TEMPFAIL of device.vision: only a new process can close such a camera."""
SETPRIV = shutil.which("setpriv")
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
RESTART_SECONDS = 2.0
GIVE_WAY_SECONDS = 3.0
STOP_SECONDS = 5.0
"""A program that was asked to end and did not within this is killed."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a program has cost."""

    resident_mb: float
    cpu_seconds: float


def usage(pid: int) -> Usage | None:
    """Resident memory and CPU seconds of a process from /proc; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return None
    ticks = int(fields[11]) + int(fields[12])  # utime and stime, proc_pid_stat(5)
    return Usage(
        resident_mb=round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
        cpu_seconds=round(ticks / os.sysconf("SC_CLK_TCK"), 2),
    )


@dataclass
class Program:
    """One child process with a log file of its own."""

    name: str
    arguments: Sequence[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    _child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id; 0 when it does not run."""
        return self._child.pid if self._child else 0

    def start(self) -> None:
        """Start it; what it says goes to its log."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*_ending_with_us(), sys.executable, *self.arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**ONE_THREAD, **os.environ, **self.environment},
                start_new_session=True,  # Ctrl-C reaches the demo alone, which ends them in order
            )

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.poll() if self._child else None

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        if self._child is None:
            return
        self._child.send_signal(sign)
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def last_words(self, lines: int = 3) -> str:
        """The end of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def _ending_with_us() -> list[str]:
    """However the demo ends, kill -9 included, the kernel ends what it started.

    setpriv is util-linux's. A child whose parent died before it could ask for that signal ends
    itself.
    """
    if not SETPRIV:
        return []
    only_with_parent = '[ "$PPID" = "$0" ] && exec "$@"'
    asked = [SETPRIV, "--pdeathsig", "TERM"]
    return [*asked, "/bin/sh", "-c", only_with_parent, str(os.getpid())]


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore the signals that end a program, for as long as it takes to end cleanly."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sign: signal.signal(sign, signal.SIG_IGN) for sign in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for sign, action in before.items():
            signal.signal(sign, action)


class Appliance:
    """Broker, recommender server, vision and core, as they run on a device.

    With `own_broker` it brings the embedded one, else it uses the one that the settings name.
    """

    def __init__(
        self,
        folder: Path,
        settings: DeviceSettings,
        *,
        own_broker: bool = True,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.broker = EmbeddedBroker() if own_broker else None
        self.settings = msgspec.structs.replace(
            settings,
            state_folder=str(folder / "device"),
            vision_socket=str(folder / "vision.sock"),
        )
        server = ["-m", "recommender_server", "serve", "--settings", str(folder / "server.toml")]
        self.server = self._program("server", server)
        core = ["-m", "device", "--settings", str(folder / "device.toml")]
        self.core = self._program("core", core, environment)
        self.vision = self._program("vision", self._vision_arguments())
        self._complaints: dict[str, str] = {}
        self._started_again_at = float("-inf")

    @property
    def control_socket(self) -> Path:
        """Where core takes commands and tells its status."""
        return self._folder / "device" / "control.sock"

    @property
    def programs(self) -> tuple[Program, ...]:
        """Ours, in the order in which they start."""
        return self.core, self.vision, self.server

    def start(self) -> None:
        """Start all. None needs another; on few cores core comes first, for the music's sake."""
        if self.broker:
            self.broker.start()
        self._write_settings()
        self.core.start()
        self._give_way()
        self.vision.start()
        self.server.start()

    def _give_way(self) -> None:
        """Let core load: it has what it needs when its control socket is there."""
        deadline = time.monotonic() + GIVE_WAY_SECONDS
        while time.monotonic() < deadline and self.core.exit_code() is None:
            if self.control_socket.exists():
                return
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop all, in reverse order; an impatient Ctrl-C does not interrupt it."""
        with _undisturbed():
            for program in reversed(self.programs):
                program.stop()
            if self.broker:
                self.broker.stop()

    @property
    def complaints(self) -> dict[str, str]:
        """Last words of each program that refused to run, by its name."""
        return dict(self._complaints)

    def mend(self) -> None:
        """Start again what was killed, as systemd would; keep the last words of what refused."""
        for program in (self.vision, self.server):
            code = program.exit_code()
            if code is None or (program.name in self._complaints and code > 0):
                continue
            if code < 0 or code == EXIT_HUNG_CAMERA:
                self._start_again(program)
            else:
                self._complaints[program.name] = f"exit {code}: {program.last_words(1)}"

    def _start_again(self, program: Program) -> None:
        now = time.monotonic()
        if now - self._started_again_at >= RESTART_SECONDS:
            self._started_again_at = now
            program.start()

    def usage(self) -> dict[str, Usage]:
        """What each running program has cost so far."""
        pids = {program.name: program.pid for program in self.programs}
        if self.broker:
            pids["broker"] = self.broker.pid
        measured = {name: usage(pid) for name, pid in pids.items() if pid}
        return {name: cost for name, cost in measured.items() if cost}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _program(
        self, name: str, arguments: Sequence[str], environment: dict[str, str] | None = None
    ) -> Program:
        return Program(name, arguments, self._folder / f"{name}.log", environment or {})

    def _write_settings(self) -> None:
        broker = self.settings.broker
        if self.broker:
            broker = msgspec.structs.replace(broker, host=self.broker.host, port=self.broker.port)
        device = msgspec.structs.replace(self.settings, broker=broker)
        (self._folder / "device.toml").write_text(to_toml(device), encoding="utf-8")
        catalogue = msgspec.json.encode(str(self._folder / "server")).decode()
        server = f"data_folder = {catalogue}\n[broker]\n{to_toml(broker)}"
        (self._folder / "server.toml").write_text(server, encoding="utf-8")

    def _vision_arguments(self) -> list[str]:
        models = self.settings.models_folder
        named = ["--models", models] if models else []
        return ["-m", "device.vision", "--socket", self.settings.vision_socket, *named]
