"""The network between a device and its broker: away, silent, slow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.faults.fault import Fault
from bench.faults.house import House
from contracts.messages import Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.faults.fault import Ground, Trial

AWAY_SECONDS = 10.0
SLOW_DELAY_SECONDS, SLOW_BYTES_PER_SECOND = 0.8, 4000.0
MOODS = ("happy", "sad", "calm", "angry")


def broker_away(ground: Ground) -> Iterator[Trial]:
    """The broker is stopped for a while; what is liked meanwhile arrives afterwards."""

    def inject(house: House) -> None:
        house.broker.stop()
        house.until(lambda s: s.state.tier is not Tier.SERVER, "a lower tier")
        house.like()
        time.sleep(AWAY_SECONDS)
        house.like()
        house.broker.start()

    with House(ground) as house:
        yield from house.play_out(ground, inject)


def partition(ground: Ground) -> Iterator[Trial]:
    """What is sent goes nowhere and nobody is told, until the connection is given up."""

    def inject(house: House) -> None:
        swallowed(house, until_given_up=True)

    with House(ground) as house:
        yield from house.play_out(ground, inject)


def swallowed(house: House, *, until_given_up: bool = False) -> None:
    """A question is lost, the next tier answers; with patience the connection is given up too."""
    house.network.swallowing = True
    house.ask_for(MOODS[house.promised % len(MOODS)])
    house.until(lambda s: s.state.tier is not Tier.SERVER, "a lower tier")
    house.like()
    if until_given_up:
        house.until(lambda s: not s.server_online, "the connection to be given up")
        house.like()
    house.network.swallowing = False


def slow_link(ground: Ground) -> Iterator[Trial]:
    """0.8 s each way and 4 KB a second: an answer in time is used, else the next tier answers."""
    moods = iter(MOODS * ground.times)

    def inject(house: House) -> None:
        answered = house.status().requests_sent
        house.network.delay_seconds = SLOW_DELAY_SECONDS
        house.network.bytes_per_second = SLOW_BYTES_PER_SECOND
        house.ask_for(next(moods))
        house.until(lambda s: s.requests_sent > answered, "a question")
        house.like()
        house.until(
            lambda s: s.state.tier is not Tier.SERVER or s.requests_answered == s.requests_sent,
            "an answer or a lower tier",
        )
        house.network.delay_seconds = house.network.bytes_per_second = 0.0

    with House(ground) as house:
        yield from house.play_out(ground, inject)


def flapping_link(ground: Ground) -> Iterator[Trial]:
    """The connection is cut five times in a row, each time as soon as it is back."""

    def inject(house: House) -> None:
        for _ in range(5):
            house.network.cut()
            house.until(lambda s: not s.server_online, "the loss")
            house.until(lambda s: s.server_online, "the connection")
            house.like()

    with House(ground) as house:
        yield from house.play_out(ground, inject)


FAULTS = (
    Fault("broker-away", "the broker stopped for 10 s", broker_away, times=3),
    Fault("partition", "the network swallows everything until given up", partition, times=3),
    Fault("slow-link", "0.8 s each way, 4 KB/s", slow_link, times=3),
    Fault("flapping-link", "the connection cut five times in a row", flapping_link, times=2),
)
