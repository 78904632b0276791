"""The sound card goes: unplugged, or taking no more sound."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.faults.fault import Fault, NotSurvivedError
from bench.faults.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.faults.fault import Ground, Trial

AWAY_SECONDS = 4.0
SPEAKER = b"device.music.sound.speaker"


def unplug_card(ground: Ground) -> Iterator[Trial]:
    """The program that holds the card ends, and no card can be opened for a while."""
    with House(ground) as house:
        yield from house.play_out(ground, unplugged)


def unplugged(house: House) -> float:
    """For 4 s; the monotonic second of the card's return."""
    away = house.card.with_name("unplugged")
    house.card.rename(away)
    os.kill(_speaker(house), signal.SIGKILL)
    house.until(lambda _: not house.sounding, "silence")
    time.sleep(AWAY_SECONDS)
    away.rename(house.card)
    return time.monotonic()


def hang_card(ground: Ground) -> Iterator[Trial]:
    """The card takes no more sound, and says nothing."""

    def inject(house: House) -> float:
        house.ear.cover()
        time.sleep(AWAY_SECONDS)
        house.ear.uncover()
        return time.monotonic()

    with House(ground) as house:
        yield from house.play_out(ground, inject)


def _speaker(house: House) -> int:
    """Process id of the program that holds the card."""
    core = house.appliance.core.pid
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if SPEAKER in words and parent == core:
            return int(process.name)
    msg = "core has no speaker program"
    raise NotSurvivedError(msg)


FAULTS = (
    Fault(
        "unplug-card",
        "the sound card is unplugged for 4 s (seconds count from its return)",
        unplug_card,
        music_within_seconds=11.0,
    ),
    Fault(
        "hang-card",
        "the sound card takes nothing for 4 s (seconds count from its return)",
        hang_card,
        music_within_seconds=11.0,
    ),
)
