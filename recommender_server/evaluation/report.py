"""The table of figures: mean and spread over the seeds, and the target beside each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rich.table import Table

from recommender_server.evaluation.models import SHIPPED
from recommender_server.evaluation.offline import ASKED

Runs = dict[str, list[dict[str, dict[str, float]]]]
"""Protocol: one run a seed: line: figure: value."""


class Figure(NamedTuple):
    """One figure over all seeds."""

    mean: float
    spread: float
    """Highest less lowest."""
    least: float | None
    """What it has to reach; None where nothing is asked."""
    most: float | None = None
    """What it may take; None where nothing is asked."""
    values: tuple[float, ...] = ()
    """Of each seed."""

    @property
    def reached(self) -> bool | None:
        """None where nothing is asked; three decimals are compared, as the table shows."""
        if self.most is not None:
            return round(self.mean, 3) <= self.most
        return None if self.least is None else round(self.mean, 3) >= self.least


LEAST: dict[tuple[str, str], dict[str, float]] = {
    ("playlists", SHIPPED): {"R@20": 0.242, "N@10": 0.136},
    ("new listeners", SHIPPED): {"R@20": 0.251, "N@10": 0.138},
    ("artists", SHIPPED): {"N@10": 0.257},
    ("moods", "first 50"): {"happy": 0.95, "angry": 0.8, "calm": 0.72, "sad": 0.7},
    ("moods", "first 200"): {"happy": 0.95, "angry": 0.8, "calm": 0.72, "sad": 0.7},
} | {
    ("offline", f"pack against server: {kind}"): {"overlap": 0.9, "N@10 kept": 0.97}
    for kind in ASKED
}
MOST = {("playlists", "training"): {"CPU s": 60.0}}

Summary = dict[str, dict[str, dict[str, Figure]]]


def summary(runs: Runs) -> Summary:
    """Mean and spread of each figure of each line of each protocol."""
    found: Summary = {}
    for protocol, seeds in runs.items():
        for line, values in seeds[0].items():
            least, most = LEAST.get((protocol, line), {}), MOST.get((protocol, line), {})
            for key in values:
                numbers = [run[line][key] for run in seeds]
                mean, spread = float(np.mean(numbers)), float(np.ptp(numbers))
                figure = Figure(mean, spread, least.get(key), most.get(key), tuple(numbers))
                found.setdefault(protocol, {}).setdefault(line, {})[key] = figure
    return found


def as_table(found: Summary) -> Table:
    """The summary for people; a figure under its target says by how much."""
    table = Table("protocol", "line", "figure", "mean", "spread", "wanted", "")
    for protocol, lines in found.items():
        for line, figures in lines.items():
            for key, figure in figures.items():
                table.add_row(
                    protocol,
                    line,
                    key,
                    f"{figure.mean:.3f}",
                    f"{figure.spread:.3f}",
                    _wanted(figure),
                    _verdict(figure),
                )
    return table


def _wanted(figure: Figure) -> str:
    if figure.most is not None:
        return f"at most {figure.most:g}"
    return "" if figure.least is None else f"at least {figure.least:g}"


def _verdict(figure: Figure) -> str:
    if figure.reached is None:
        return ""
    away = figure.mean - (figure.most if figure.most is not None else figure.least or 0.0)
    return "reached" if figure.reached else f"{'over' if away > 0 else 'short'} by {abs(away):.3f}"


def json_of(found: Summary) -> dict[str, dict[str, dict[str, dict[str, float | bool | None]]]]:
    """The summary for programs."""
    return {
        protocol: {
            line: {
                key: {
                    "mean": round(figure.mean, 4),
                    "spread": round(figure.spread, 4),
                    "least": figure.least,
                    "most": figure.most,
                    "reached": figure.reached,
                }
                for key, figure in figures.items()
            }
            for line, figures in lines.items()
        }
        for protocol, lines in found.items()
    }
