"""`python -m recommender_server status`: what the server has, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from recommender_server import generation
from recommender_server.generation import GenerationManifest
from recommender_server.outcome import Outcome, last_outcome
from recommender_server.store import open_store

if TYPE_CHECKING:
    from recommender_server.settings import RecommenderSettings

UNTRAINED = "none: not trained yet, run `train`"


class ServerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the server has."""

    counts: dict[str, int]
    generations: tuple[GenerationManifest, ...]
    """Newest first; the first is in use."""
    last_training: Outcome | None


def counts(settings: RecommenderSettings) -> dict[str, int]:
    """How many of each thing the database holds."""
    store = open_store(Path(settings.data_folder))
    found = store.counts()
    store.close()
    return found


def server_status(settings: RecommenderSettings) -> ServerStatus:
    """Counts, generations and what came of the last training."""
    data = Path(settings.data_folder)
    return ServerStatus(
        counts=counts(settings),
        generations=tuple(generation.whole_manifests(data)),
        last_training=last_outcome(data),
    )


def print_status(settings: RecommenderSettings, *, as_json: bool = False) -> None:
    """Print what the server has, as a table or as JSON."""
    found = server_status(settings)
    if as_json:
        text = msgspec.json.encode(
            {
                "counts": found.counts,
                "generations": [
                    {"name": m.name, "trained_unix_seconds": m.trained_unix_seconds, **m.figures}
                    for m in found.generations
                ],
                "last_training": found.last_training,
            }
        )
        print(text.decode())  # noqa: T201 - the answer
        return
    table = Table(title=f"Recommender server, {settings.data_folder}")
    table.add_column("what")
    table.add_column("how many", justify="right")
    for name, count in found.counts.items():
        table.add_row(name, f"{count:,}")
    console = Console()
    console.print(table)
    console.print(_generations(found))
    last = found.last_training
    if last:
        came = "promoted" if last.verdict.promoted else "not promoted"
        console.print(f"last training {_moment(last.at_unix_seconds)}: {came}, {last.verdict.why}")


def _generations(found: ServerStatus) -> Table:
    table = Table(title="Generations")
    for column in ("name", "trained", "recordings", "listeners", "playlists", "N@10", ""):
        table.add_column(column, justify="left" if column in {"name", "trained", ""} else "right")
    for place, made in enumerate(found.generations):
        figures = [
            str(made.figures.get(f, "")) for f in ("items", "listeners", "playlists", "N@10")
        ]
        use = "in use" if place == 0 else "to roll back to"
        table.add_row(made.name, _moment(made.trained_unix_seconds), *figures, use)
    if not found.generations:
        table.caption = UNTRAINED
    return table


def _moment(unix_seconds: float) -> str:
    return f"{datetime.fromtimestamp(unix_seconds, UTC):%Y-%m-%d %H:%M} UTC"
