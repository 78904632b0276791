"""Runs the programs through simulated days and reads the gauges."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from bench.faults.ear import Ear
from bench.soak.gauges import Reading, read
from bench.soak.life import Home, Listener, every, look_at_page
from cli.broker import EmbeddedBroker, free_port
from cli.demo import DEMO
from cli.demonstration.programs import Appliance
from contracts.settings import BrokerSettings
from device.control import DeviceAwayError, ask_device
from device.demo import BUNDLED_REEL
from device.pace import SPEED
from device.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.faults.house import Mosquitto
    from device.settings import DeviceSettings

DAY_SECONDS = 86_400.0
START_SECONDS = 300.0


@dataclass(frozen=True)
class Plan:
    """How long, how fast, how busy.

    Attributes:
        days: simulated.
        speed: of core's clocks.
        commands_a_second, questions_a_second: by the wall, over the broker.
        words_a_day: what the listener says, a simulated day.
        frames_a_second: that vision looks at, by the wall.
        read_seconds: between two readings, by the wall.
        sound_delay_ms: a buffer of 46 ms of music goes out in so many.

    """

    days: float = 7.0
    speed: float = 600.0
    commands_a_second: float = 2.0
    questions_a_second: float = 60.0
    words_a_day: float = 24.0
    frames_a_second: float = 4.0
    read_seconds: float = 4.0
    sound_delay_ms: int = 8


def settings_of(plan: Plan, music: Path) -> DeviceSettings:
    """The demo's device with what is told in seconds stretched to the speed.

    Core's patience with an answer is at most 30 s: at speed 600 the server has 50 ms.
    """
    return msgspec.structs.replace(
        DEMO,
        music_folder=str(music),
        camera=msgspec.structs.replace(
            DEMO.camera, source=str(BUNDLED_REEL), frames_per_second=plan.frames_a_second
        ),
        mood=msgspec.structs.replace(DEMO.mood, forget_seconds=3600.0),
        music=msgspec.structs.replace(
            DEMO.music,
            act_at_once=False,
            crossfade_seconds=1.0,
            answer_within_seconds=30.0,
            retry_server_seconds=600.0,
            repeat_after_hours=1.0,
        ),
        presence=msgspec.structs.replace(DEMO.presence, pause_after_minutes=0.0),
        sound=msgspec.structs.replace(DEMO.sound, driver="disk", fallback_driver=""),
        web=msgspec.structs.replace(DEMO.web, port=free_port()),
    )


class Soak:
    """An appliance, and the life around it."""

    def __init__(
        self, folder: Path, music: Path, plan: Plan, broker: EmbeddedBroker | Mosquitto
    ) -> None:
        self._plan, self._broker, self._folder = plan, broker, folder
        # A copy: what is added and removed each day is not everybody's.
        self._music = shutil.copytree(music, folder / "music")
        self._spare = min(self._music.iterdir())
        self.readings: list[Reading] = []
        self.page_misses = self.refused = 0
        self.last = Status()
        """The device's status at the end."""

    def run(self, told: Callable[[Reading], None] = lambda _: None) -> None:
        """Until the days are over; each reading is told.

        Raises:
            DeviceAwayError: the broker lets nobody in.

        """
        plan, at = self._plan, BrokerSettings(host=self._broker.host, port=self._broker.port)
        settings = msgspec.structs.replace(settings_of(plan, self._music), broker=at)
        ear = Ear(self._folder / "sound")
        sound = {
            "SDL_DISKAUDIOFILE": str(self._folder / "sound"),
            "SDL_DISKAUDIODELAY": str(plan.sound_delay_ms),
        }
        environment = {**sound, SPEED: str(plan.speed)}
        with Appliance(
            self._folder / "house", settings, own_broker=False, environment=environment
        ) as appliance:
            home, listener = Home(at, settings.device_id), Listener(appliance.control_socket)
            home.start()
            self._live(appliance, home, listener, told)
            home.stop()
        ear.close()
        self.refused = listener.refused

    def _live(
        self,
        appliance: Appliance,
        home: Home,
        listener: Listener,
        told: Callable[[Reading], None],
    ) -> None:
        _until_music(appliance)
        plan, began = self._plan, time.monotonic()
        day_seconds = DAY_SECONDS / plan.speed
        port = appliance.settings.web.port
        steps = [
            every(1 / plan.commands_a_second, began, home.turn_volume),
            every(1 / plan.questions_a_second, began, home.ask_as_neighbour),
            every(day_seconds / plan.words_a_day, began, listener.speak),
            every(2.0, began, lambda: self._look(port)),
            every(day_seconds, began, self._change_library),
            every(plan.read_seconds, began, lambda: told(self._read(appliance, home, began))),
            every(1.0, began, appliance.mend),
        ]
        while (now := time.monotonic()) < began + plan.days * day_seconds:
            for step in steps:
                step(now)
            time.sleep(0.005)
        told(self._read(appliance, home, began))
        self.last = ask_device(appliance.control_socket)

    def _look(self, port: int) -> None:
        self.page_misses += not look_at_page(port)

    def _change_library(self) -> None:
        """A file comes, and goes the next day."""
        extra = self._spare.with_name(f"again-{self._spare.name}")
        if extra.exists():
            extra.unlink()
        else:
            shutil.copy(self._spare, extra)

    def _read(self, appliance: Appliance, home: Home, began: float) -> Reading:
        house = self._folder / "house"
        pids = {program.name: program.pid for program in appliance.programs}
        pids["broker"] = self._broker.pid
        day = (time.monotonic() - began) * self._plan.speed / DAY_SECONDS
        logs = [path for path in house.iterdir() if path.suffix == ".log"]
        kept = [house / "device", house / "server"]
        reading = read(pids, kept, logs, day, home.messages)
        self.readings.append(reading)
        return reading


def _until_music(appliance: Appliance) -> None:
    """The first day begins with the music; a busy machine may take minutes to that.

    Raises:
        DeviceAwayError: core does not come up.

    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if ask_device(appliance.control_socket).heard.seconds > 1.0:
                return
        except DeviceAwayError:
            if time.monotonic() > deadline:
                raise
        time.sleep(1.0)
