"""The table of faults in docs/reliability.md: a row a fault, replaced by the newest run of it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.faults.fault import Fault, Trial

BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
NONE = "-"
HEAD = (
    "| fault | what is done | times | survived | lost | music after, s: median; worst | when |",
    "|---|---|---|---|---|---|---|",
)


class NoMarkersError(ValueError):
    """The document has no place for the table."""


@dataclass(frozen=True)
class Row:
    """What became of a fault."""

    fault: Fault
    trials: Sequence[Trial]
    skipped: str = ""
    """Why it was not injected at all."""

    @property
    def failures(self) -> list[str]:
        """Why each of the trials that were not survived was not."""
        return [trial.why or "something was lost" for trial in self.trials if not trial.survived]

    def cells(self, day: str) -> list[str]:
        """For the table."""
        name, what = self.fault.name, self.fault.what
        if self.skipped:
            return [name, what, NONE, NONE, NONE, f"not here: {self.skipped}", day]
        times = sum(trial.count for trial in self.trials)
        survived = sum(trial.count for trial in self.trials if trial.survived)
        lost = sum(trial.lost for trial in self.trials)
        seconds = [t.music_seconds for t in self.trials if t.music_seconds is not None]
        music = f"{median(seconds):.1f}; {max(seconds):.1f}" if seconds else NONE
        return [name, what, f"{times:,}", f"{survived:,}", str(lost), music, day]


def table(document: str, rows: Sequence[Row], day: str, command: str) -> str:
    """The document with these rows in its table, and the others as they were.

    Raises:
        NoMarkersError: it has no place for it.

    """
    kept = {}
    for line in document.partition(BEGIN)[2].partition(END)[0].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == HEAD[0].count("|") - 1 and cells[0] not in {"fault", "---"}:
            kept[cells[0]] = cells
    kept |= {row.fault.name: row.cells(day) for row in rows}
    lines = [*HEAD, *("| " + " | ".join(cells) + " |" for cells in kept.values())]
    body = "\n".join([f"`{command}`, {day}:", "", *lines])
    return between(document, BEGIN, END, body)


def between(document: str, first: str, last: str, body: str) -> str:
    """The document with this between two markers, in place of what stood there.

    Raises:
        NoMarkersError: they are not there.

    """
    before, begin, rest = document.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        msg = f"put {first} and {last} where it belongs"
        raise NoMarkersError(msg)
    return f"{before}{first}\n{body}\n{last}{after}"
