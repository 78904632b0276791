"""All that is checked on an emulated Raspberry Pi, in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import pages, timing
from bench.arm64.answers import Eye, about, answered, save
from bench.arm64.comparison import HEAD, Row, compared
from bench.arm64.material import made
from bench.arm64.program import Watched, watched
from device.demo import BUNDLED_REEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from rich.table import Table

    from bench.arm64.answers import Answers
    from bench.arm64.processors import Processor
    from bench.arm64.userland import Userland

MATERIAL, ANSWERS = "tmp/material.npz", "tmp/answers.npz"


@dataclass(frozen=True)
class Result:
    """What came of one userland on one processor."""

    userland: Userland
    processor: Processor
    rows: tuple[Row, ...]
    watched: Watched
    here: dict[str, str]
    there: dict[str, str]
    """What answered: machine, Python and libraries."""

    @property
    def failures(self) -> list[str]:
        """Why it is not as it should be."""
        return [f for f in (*(row.failure for row in self.rows), self.watched.failure) if f]

    @property
    def key(self) -> str:
        """Name of its table on a page."""
        return f"{self.userland.folder.name}_{self.processor.name}".replace("-", "_")

    def text(self, measured: str) -> str:
        """A paragraph and a Markdown table for a page.

        Args:
            measured: by which command, and when.

        """
        rows = pages.table(HEAD, [row.cells() for row in self.rows])
        return f"{self.heading()}. {measured}. {self.watched.line()}.\n\n{rows}"

    def heading(self) -> str:
        """Which userland and processor, and against what."""
        there = ", ".join(f"{name} {version}" for name, version in self.there.items())
        return (
            f"{self.userland.suite.name.capitalize()} on an emulated {self.processor.name}"
            f" ({self.processor.found_in}; {there}), against {timing.machine()['processor']}"
        )


def checked(
    userland: Userland,
    processor: Processor,
    *,
    pictures: NDArray[np.uint8] | None = None,
    told: Callable[[str], object] = str,
) -> Result:
    """Run every stage here and in the userland, and then the program itself there.

    Args:
        userland: made.
        processor: to be emulated.
        pictures: further faces for the network, uint8 [n, 48, 48].
        told: called with what is being done.

    Raises:
        UserlandError: something ended badly there; says what it said.

    """
    told("the same on this machine")
    given = _given(pictures)
    native, seconds = answered(given)
    given["inputs"] = native["inputs"]
    told(f"every stage on {processor.name}, emulated")
    userland.bring(processor)
    other, said = _emulated(userland, processor, given)
    told("the program itself, emulated")
    program = watched(userland, processor)
    rows = compared(native, other, (seconds, said["seconds"]))
    return Result(userland, processor, tuple(rows), program, about(), said["about"])


def _given(pictures: NDArray[np.uint8] | None) -> Answers:
    eye = Eye()
    given: Answers = made(BUNDLED_REEL, eye.sight, eye.framing)
    if pictures is not None:
        given["crops"] = np.concatenate([given["crops"], pictures])
    return given


def _emulated(
    userland: Userland, processor: Processor, given: Answers
) -> tuple[Answers, dict[str, Any]]:
    """Answers of the userland, and what it said of itself: `about` and `seconds`."""
    save(userland.folder / MATERIAL, given)
    try:
        words = ("-m", "bench.arm64.answers", f"/{MATERIAL}", f"/{ANSWERS}")
        userland.run(processor, f"on {processor.name}, emulated", *words)
        with np.load(userland.folder / ANSWERS, allow_pickle=False) as file:
            found = dict(file)
    finally:
        for name in (MATERIAL, ANSWERS):
            (userland.folder / name).unlink(missing_ok=True)
    return found, json.loads(str(found.pop("said")))


def shown(result: Result) -> Table:
    """The table for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - only when something is shown

    made_of = Table(*HEAD, title=result.heading())
    for row in result.rows:
        made_of.add_row(*row.cells())
    return made_of
