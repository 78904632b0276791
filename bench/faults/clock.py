"""The wall clock leaps by years, as a Pi's does when the network first tells it the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.faults.fault import Fault
from bench.faults.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.faults.fault import Ground, Trial

YEARS = 5 * 365.25 * 86_400
LEAPS = (YEARS, -YEARS)
HEARD_SECONDS = 5.0


def leap(ground: Ground) -> Iterator[Trial]:
    """Ahead and back in turn, each time from the right time; music goes on under the wrong one."""
    with House(ground) as house:
        for number in range(ground.times):

            def inject(house: House, seconds: float = LEAPS[number % 2]) -> None:
                before = house.status()
                house.clock.write_text(f"{seconds:.0f}", encoding="ascii")
                house.like()
                house.until(
                    lambda s: s.heard.seconds > before.heard.seconds + HEARD_SECONDS, "music"
                )
                house.clock.unlink()

            yield house.trial(inject)


FAULTS = (Fault("clock-leap", "core's wall clock five years ahead, or back", leap, times=6),)
