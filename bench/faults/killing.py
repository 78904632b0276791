"""kill -9 of each program, and of the broker."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from bench.faults.fault import Fault
from bench.faults.house import BROKER_RESTART_SECONDS, MOSQUITTO, House
from contracts.messages import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.faults.fault import Ground, Trial


def kill_core(ground: Ground) -> Iterator[Trial]:
    """Core ends without a word; a new one plays on."""
    yield from _trials(ground, core_dies)


def core_dies(house: House) -> None:
    """And music comes from a new one."""
    at = time.monotonic()
    os.kill(house.appliance.core.pid, signal.SIGKILL)
    house.until(lambda s: (s.heard.first_at or 0.0) > at, "music by a new core")


def kill_vision(ground: Ground) -> Iterator[Trial]:
    """Vision ends; core hears of it at once, and a new one sees."""

    def inject(house: House) -> None:
        os.kill(house.appliance.vision.pid, signal.SIGKILL)
        house.until(lambda s: s.state.camera != "on", "core's word that vision is gone")

    yield from _trials(ground, inject)


def kill_recommender(ground: Ground) -> Iterator[Trial]:
    """The server ends; the tier falls at once and rises when it is back."""

    def inject(house: House) -> None:
        os.kill(house.appliance.server.pid, signal.SIGKILL)
        house.until(lambda s: s.state.tier is not Tier.SERVER, "a lower tier")

    yield from _trials(ground, inject)


def kill_broker(ground: Ground) -> Iterator[Trial]:
    """The broker of the demo ends and comes back."""
    yield from _trials(ground, broker_dies)


def kill_mosquitto(ground: Ground) -> Iterator[Trial]:
    """The broker of an installed appliance ends and comes back."""
    yield from _trials(ground, broker_dies, broker="mosquitto")


def broker_dies(house: House) -> None:
    """And comes back as soon as its unit has it."""
    house.broker.stop()  # which is a SIGKILL
    house.until(lambda s: s.state.tier is not Tier.SERVER, "a lower tier")
    time.sleep(BROKER_RESTART_SECONDS)
    house.broker.start()


def _trials(
    ground: Ground, inject: Callable[[House], float | None], *, broker: str = "embedded"
) -> Iterator[Trial]:
    with House(ground, broker=broker) as house:
        yield from house.play_out(ground, inject)


def no_mosquitto() -> str:
    """Why mosquitto cannot be killed here."""
    return "" if MOSQUITTO else "mosquitto is not installed"


FAULTS = (
    Fault("kill-core", "kill -9 of core", kill_core),
    Fault("kill-vision", "kill -9 of vision", kill_vision),
    Fault("kill-recommender", "kill -9 of the recommender", kill_recommender),
    Fault("kill-broker", "kill -9 of the embedded broker", kill_broker),
    Fault("kill-mosquitto", "kill -9 of mosquitto", kill_mosquitto, lacking=no_mosquitto),
)
