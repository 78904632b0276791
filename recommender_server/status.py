"""`python -m recommender_server status`: what the server has, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from recommender_server import generation
from recommender_server.store import open_store

if TYPE_CHECKING:
    from recommender_server.settings import RecommenderSettings


def counts(settings: RecommenderSettings) -> dict[str, int]:
    """How many of each thing the database holds."""
    store = open_store(Path(settings.data_folder))
    found = store.counts()
    store.close()
    return found


def print_status(settings: RecommenderSettings) -> None:
    """Print the counts and the generation in use."""
    table = Table(title=f"Recommender server, {settings.data_folder}")
    table.add_column("what")
    table.add_column("how many", justify="right")
    for name, count in counts(settings).items():
        table.add_row(name, str(count))
    newest = generation.newest(Path(settings.data_folder))
    used = newest.name if newest else "seed (not trained yet: run `train`)"
    table.add_row("generation", used)
    Console().print(table)
