"""`python -m recommender_server import`: with a progress bar, and what came of it in a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from recommender_server.importers import Report, import_melon, import_path
from recommender_server.store import open_store

if TYPE_CHECKING:
    from recommender_server.settings import RecommenderSettings


def import_with_progress(
    settings: RecommenderSettings,
    path: Path,
    *,
    kind: str = "",
    songs: Path | None = None,
    as_json: bool = False,
) -> Report:
    """Take in a file or folder; `songs` is the file of songs of Melon's playlists at `path`.

    Raises:
        ImportFileError: something is not as expected; nothing was taken in.

    """
    columns = (TextColumn("{task.description:22}"), BarColumn(), TimeElapsedColumn())
    store = open_store(Path(settings.data_folder))
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("importing", total=1.0)

            def stepped(done: float) -> None:
                progress.update(task, completed=done)

            if songs is None:
                report = import_path(store, path, kind, stepped)
            else:
                report = import_melon(store, path, songs, stepped)
            progress.update(task, completed=1.0)
    finally:
        store.close()
    if as_json:
        print(msgspec.json.encode(report).decode())  # noqa: T201 - the answer
    else:
        Console().print(_table(report))
    return report


def _table(report: Report) -> Table:
    table = Table(title=f"{report.lists:,} lists of kind {report.kind} taken in", min_width=60)
    table.add_column("rows")
    table.add_column("how many", justify="right")
    table.add_column("share", justify="right")
    whole = max(report.rows, 1)
    table.add_row("read", f"{report.rows:,}", "")
    table.add_row("used", f"{report.used:,}", f"{report.used / whole:.1%}")
    for why, rows in report.unused.items():
        table.add_row(f"not used: {why}", f"{rows:,}", f"{rows / whole:.1%}")
    table.caption = "`train` learns from them"
    return table
