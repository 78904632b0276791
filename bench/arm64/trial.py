"""The emulated Raspberry Pi as a row of the slow run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.arm64.processors import PROCESSORS
from bench.arm64.running import checked
from bench.arm64.userland import SUITES, Userland, UserlandError, lacking
from bench.faults.fault import Fault, Ground, NotSurvivedError, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_SECONDS = 3600.0
"""Making the userland included, over a slow line."""


def emulate(ground: Ground) -> Iterator[Trial]:
    """A trial a stage of vision's path, which counts what was compared, and one for the program."""
    userland = Userland(SUITES["bookworm"])
    for _ in range(ground.times):
        try:
            userland.make()
            result = checked(userland, PROCESSORS["cortex-a72"])
        except UserlandError as error:
            raise NotSurvivedError(str(error)) from error
        for row in result.rows:
            yield Trial(survived=not row.failure, count=row.count, why=row.failure)
        program = result.watched
        yield Trial(survived=not program.failure, count=program.frames or 1, why=program.failure)


FAULTS = (
    Fault(
        name="arm64",
        what="vision on an emulated Cortex-A72: its answers held against x86-64's",
        inject=emulate,
        times=1,
        limit_seconds=LIMIT_SECONDS,
        lacking=lacking,
    ),
)
