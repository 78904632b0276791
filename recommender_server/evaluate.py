"""`python -m recommender_server evaluate`: the models against public research sets.

The sets stay where they are; nothing that ships is made of them. Measured is the code that
ranks: training, fold-in, packs and blend as devices get them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console

from recommender_server.command import EVALUATED
from recommender_server.evaluation import taste
from recommender_server.evaluation.measures import measures, split
from recommender_server.evaluation.moods import moods
from recommender_server.evaluation.offline import offline
from recommender_server.evaluation.plots import recall_by_model
from recommender_server.evaluation.report import as_table, json_of, summary
from recommender_server.evaluation.sets import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from recommender_server.evaluation.report import Runs, Summary

__all__ = ["SEEDS", "EvaluationError", "evaluate", "measures", "split"]

SEEDS = (42, 43, 44)
PLAYLISTS = "yes_com/yes_big"


def evaluate(
    folder: Path,
    *,
    only: str | None,
    as_json: bool,
    seeds: Sequence[int] = SEEDS,
    plot: Path | None = None,
) -> Summary:
    """Measure, print a table or JSON, draw recall where `plot` says, and return the figures.

    Raises:
        EvaluationError: a set is missing; says which.

    """
    runs: Runs = {}
    for name in EVALUATED if only is None else (only,):
        for seed in seeds[:1] if name == "moods" else seeds:  # moods know no chance
            runs.setdefault(name, []).append(_run(name, folder, seed))
            _tell(name, seed, runs[name][-1])
    found = summary(runs)
    if as_json:
        print(json.dumps(json_of(found), indent=2))  # noqa: T201 - what was asked for
    else:
        Console().print(as_table(found))
    if plot is not None:
        recall_by_model(found, plot)
    return found


def _tell(name: str, seed: int, lines: dict[str, dict[str, float]]) -> None:
    """What is known so far, beside the answer: all of it takes half an hour."""
    console = Console(stderr=True, soft_wrap=True)
    for line, figures in lines.items():
        told = ", ".join(f"{key} {value:.4f}" for key, value in figures.items())
        console.print(f"{name}, seed {seed}: {line}: {told}", highlight=False)


def _run(name: str, folder: Path, seed: int) -> dict[str, dict[str, float]]:
    if name == "playlists":
        return taste.held_out(folder / PLAYLISTS, seed)
    if name == "new listeners":
        return taste.new_listeners(folder / PLAYLISTS, seed)
    if name == "artists":
        return taste.artists(folder / "hetrec2011-lastfm", seed)
    if name == "offline":
        return offline(folder / PLAYLISTS, seed)
    return moods(folder)
