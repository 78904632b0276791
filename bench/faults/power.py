"""Faults of power: the disk keeps what was flushed, and of the rest what chance leaves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench import power_cuts
from bench.faults.fault import Fault, Ground, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES = 100


def _cut(store: str, ground: Ground) -> Iterator[Trial]:
    """A trial a cut; all cuts hit the same disk, one after another."""
    for one in power_cuts.cut(store, ground.times):
        why = one.wrong or ("interactions that were acknowledged are gone" if one.lost else "")
        yield Trial(survived=not why, lost=one.lost, why=why)


FAULTS = tuple(
    Fault(
        name=f"power-{store}",
        what=f"power cut while the {store}'s store is written",
        inject=partial(_cut, store),
        times=TIMES,
        limit_seconds=1800.0,
        lacking=power_cuts.lacking,
    )
    for store in power_cuts.STORES
)
