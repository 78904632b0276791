"""An appliance of four real programs and a broker that faults are injected into."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from bench.faults.ear import Ear
from bench.faults.fault import NotSurvivedError, Trial
from bench.faults.proxy import Proxy
from bench.faults.supervision import Supervisor
from cli.broker import EmbeddedBroker, free_port, wait_until_accepting
from cli.demo import DEMO
from cli.demonstration.programs import Appliance
from contracts.messages import Tier
from contracts.settings import BrokerSettings
from device.control import DeviceAwayError, ask_device
from device.demo import BUNDLED_REEL
from device.pace import LEAP
from device.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from bench.faults.fault import Ground

LOOK_SECONDS = 0.05
SOUNDING_SECONDS = 0.5
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
BROKER_RESTART_SECONDS = 0.1
"""systemd's default RestartSec, which Debian's mosquitto.service keeps."""
_LIKES = "SELECT count(*) FROM interaction WHERE kind = 'liked'"


class Mosquitto:
    """The broker of an installed appliance, on a port of this machine.

    Attributes:
        host: its address.
        port: its port, the same after every start.

    """

    def __init__(self, folder: Path) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self._settings = folder / "mosquitto.conf"
        lines = f"listener {self.port} {self.host}\nallow_anonymous true\nlog_dest none\n"
        self._settings.write_text(f"{lines}set_tcp_nodelay true\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id; 0 when it does not run."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it and return when it accepts connections."""
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._settings)])
        if not wait_until_accepting(self.port, self._process):
            msg = "mosquitto does not start"
            raise NotSurvivedError(msg)

    def stop(self) -> None:
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


class House:
    """Everything that runs, what it plays, and what it promised.

    Args:
        ground: folder, music, patience.
        camera: a video, GIF or picture, or a named pipe.
        broker: `embedded` or `mosquitto`.
        models: folder of vision's models; None is the shipped.
        core_network: name of the network namespace that core runs in, and the address of this
            side that it reaches; None is this one.

    """

    def __init__(
        self,
        ground: Ground,
        *,
        camera: Path = BUNDLED_REEL,
        broker: str = "embedded",
        models: Path | None = None,
        core_network: tuple[str, str] | None = None,
    ) -> None:
        self.folder, self.patience_seconds = ground.folder, ground.patience_seconds
        ground.folder.mkdir(parents=True, exist_ok=True)
        self.broker = Mosquitto(ground.folder) if broker == "mosquitto" else EmbeddedBroker()
        self.card = ground.folder / "card"
        self.card.mkdir()
        self.ear = Ear(self.card / "sound")
        self.clock = ground.folder / "clock_leap"
        """How many seconds core's wall clock is ahead; without the file none."""
        self.promised = 0
        """Likes that the device answered."""
        self._settings = msgspec.structs.replace(
            DEMO,
            camera=msgspec.structs.replace(DEMO.camera, source=str(camera)),
            music_folder=str(ground.music),
            models_folder=str(models or ""),
            sound=msgspec.structs.replace(DEMO.sound, driver="disk", fallback_driver=""),
        )
        self._core_network = core_network
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            opening.callback(self.ear.close)
            self.broker.start()
            opening.callback(self.broker.stop)
            self.network = opening.enter_context(self._proxy())
            self.appliance = self._appliance()
            names = {"core": self.appliance.core, "vision": self.appliance.vision}
            units = {f"mlfym-{name}.service": program for name, program in names.items()}
            units["mlfym-recommender@.service"] = self.appliance.server
            self.supervisor = Supervisor(self.folder, units)
            opening.enter_context(self.appliance)
            self.supervisor.start()
            opening.callback(self.supervisor.stop)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._wake_all()
        self.ear.uncover()
        self._open.close()

    def _proxy(self) -> Proxy:
        host = self._core_network[1] if self._core_network else self.broker.host
        return Proxy(self.broker.port, host)

    def _appliance(self) -> Appliance:
        at = BrokerSettings(host=self.broker.host, port=self.broker.port)
        settings = msgspec.structs.replace(self._settings, broker=at)
        heard = {"SDL_DISKAUDIOFILE": str(self.card / "sound"), LEAP: str(self.clock)}
        made = Appliance(self.folder, settings, own_broker=False, environment=heard)
        # Core alone is beyond the proxy: a partition is between a device and the rest.
        through = f"mqtt://{self.network.host}:{self.network.port}"
        made.core.arguments = [*made.core.arguments, "--broker", through]
        if self._core_network:
            inside = ["-m", "bench.faults.netns", self._core_network[0]]
            made.core.arguments = [*inside, *made.core.arguments]
        return made

    def ask_for(self, mood: str) -> None:
        """Say a mood, which makes core ask for music that fits."""
        ask_device(self.appliance.control_socket, "mood", mood)

    def _wake_all(self) -> None:
        """What is still stopped could not end."""
        for program in self.appliance.programs:
            if program.exit_code() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(program.pid, signal.SIGCONT)

    # What is seen and heard

    def status(self) -> Status:
        """Core's; an empty one while it does not answer."""
        try:
            return ask_device(self.appliance.control_socket)
        except DeviceAwayError:
            return Status()

    def until(self, shown: Callable[[Status], bool], what: str) -> Status:
        """The first status that shows it.

        Raises:
            NotSurvivedError: it did not come within the patience.

        """
        deadline = time.monotonic() + self.patience_seconds
        while True:
            status = self.status()
            if shown(status):
                return status
            if time.monotonic() > deadline:
                words = {p.name: p.last_words(2) for p in self.appliance.programs}
                msg = f"waited in vain for {what}: {words}"
                raise NotSurvivedError(msg)
            time.sleep(LOOK_SECONDS)

    @property
    def sounding(self) -> bool:
        """Whether music is heard now."""
        return time.monotonic() - self.ear.heard_at < SOUNDING_SECONDS

    def settle(self) -> None:
        """Wait until music is heard, the server chooses it and the camera sees.

        Raises:
            NotSurvivedError: it did not come to that.

        """
        self.until(lambda s: s.state.camera == "on", "the camera")
        self.until(lambda s: s.state.tier is Tier.SERVER, "the server's tier")
        self.until(lambda _: self.sounding, "music")

    # What is done and promised

    def like(self) -> None:
        """Say that the track is liked; once it is answered, that is a promise."""
        self.until(lambda s: s.state.playing is not None, "a track")
        ask_device(self.appliance.control_socket, "like")
        self.promised += 1

    def lost(self) -> int:
        """Likes that were promised and do not come to the server's disk, after waiting for them."""
        with contextlib.suppress(NotSurvivedError):
            self.until(lambda _: self._arrived() >= self.promised, "the likes")
        return max(0, self.promised - self._arrived())

    def _arrived(self) -> int:
        file = self.folder / "server" / "recommender.sqlite"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
                return int(database.execute(_LIKES).fetchone()[0])
        except sqlite3.Error:
            return 0

    def trial(self, inject: Callable[[House], float | None]) -> Trial:
        """Like a track, inject, wait until all is as before, and tell what became of it.

        Args:
            inject: does it, and waits for what is particular to it. Returns the monotonic
                second from which music could be there, None when that is the injection's.

        """
        try:
            self.settle()
            self.like()
            began = time.monotonic()
            possible = inject(self) or began
            self.settle()
            lost = self.lost()
        except NotSurvivedError as error:
            return Trial(survived=False, why=str(error))
        self.promised -= lost  # told once
        seconds = round(self.ear.silent_since(possible), 2)
        return Trial(survived=not lost, lost=lost, music_seconds=seconds)

    def play_out(self, ground: Ground, inject: Callable[[House], float | None]) -> Iterator[Trial]:
        """The fault so many times over; what refused to run in the end is told."""
        for _ in range(ground.times):
            yield self.trial(inject)
