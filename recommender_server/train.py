"""`python -m recommender_server train`: one generation out of what devices and playlists say."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from scipy import sparse

from recommender_server import generation
from recommender_server.als import bm25, train_als, walks
from recommender_server.generation import Generation
from recommender_server.interactions import Deed, deeds_of, opinions
from recommender_server.service import shipped_or_own_tags
from recommender_server.store import open_store
from recommender_server.tag2vec import retrained
from recommender_server.tag_seed import read_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from recommender_server.settings import RecommenderSettings
    from recommender_server.storage import Storage


@dataclass(frozen=True, eq=False)
class Heard:
    """Listeners and playlists as rows, items as columns."""

    items: NDArray[np.int64]
    """[m]: catalogue numbers, ascending."""
    user_items: sparse.csr_matrix
    """[rows, m]: confidence that a row likes an item, above 0 only."""
    listeners: int
    playlists: int


def heard(store: Storage, settings: RecommenderSettings) -> Heard:
    """All that was liked: what listeners did, and what stands together in playlists."""
    rows: list[dict[int, float]] = []
    for device, listener in store.listeners():
        liked = _liked(store, device, deeds_of(store, device, listener), settings)
        rows += [liked] if liked else []
    listeners = len(rows)
    completed = settings.confidence.completed
    lists = [{item: completed * w for item, w in row.items()} for row in store.playlists()]
    rows += lists
    return _matrix(rows, listeners, len(lists), settings.training.minimum_listens)


def _liked(
    store: Storage, device: str, deeds: list[Deed], settings: RecommenderSettings
) -> dict[int, float]:
    item_of = store.device_items(device)
    found: dict[int, float] = {}
    for track, opinion in opinions(deeds, settings.confidence).items():
        if track in item_of and opinion.confidence > 0 and not opinion.banned:
            item = item_of[track]
            found[item] = found.get(item, 0.0) + opinion.confidence
    return found


def _matrix(rows: list[dict[int, float]], listeners: int, playlists: int, minimum: int) -> Heard:
    counts: dict[int, int] = {}
    for row in rows:
        for item in row:
            counts[item] = counts.get(item, 0) + 1
    items = np.array(sorted(i for i, n in counts.items() if n >= minimum), np.int64)
    column = {int(item): place for place, item in enumerate(items)}
    cells = [
        (number, column[item], value)
        for number, row in enumerate(rows)
        for item, value in row.items()
        if item in column
    ]
    at, to, values = zip(*cells, strict=True) if cells else ((), (), ())
    shape = (len(rows), len(items))
    matrix = sparse.csr_matrix((np.array(values, np.float32), (at, to)), shape=shape)
    return Heard(items, matrix, listeners, playlists)


def train(
    settings: RecommenderSettings, *, at_unix_seconds: float, stepped: Callable[[str, float], None]
) -> Path:
    """Train and save a generation; `stepped` hears the stage and the share done, 0 to 1."""
    data = Path(settings.data_folder)
    store = open_store(data)
    stepped("reading interactions", 0.0)
    known = heard(store, settings)
    bags = [list(item.tags) for item in store.items()]
    store.close()
    made = _learn(known, bags, settings, at_unix_seconds, stepped)
    figures: dict[str, Any] = {
        "listeners": known.listeners,
        "playlists": known.playlists,
        "items": len(known.items),
        "words": len(made.space.names),
    }
    stepped("writing", 0.98)
    return generation.save(
        made,
        data,
        at_unix_seconds=at_unix_seconds,
        figures=figures,
        kept=settings.training.generations_kept,
    )


def _learn(
    known: Heard,
    bags: list[list[str]],
    settings: RecommenderSettings,
    at_unix_seconds: float,
    stepped: Callable[[str, float], None],
) -> Generation:
    stepped("tags", 0.05)
    space = retrained(shipped_or_own_tags(settings), read_seed(), bags)
    training = settings.training
    weighted, idf, average = bm25(known.user_items, training.bm25_k1, training.bm25_b)
    if len(known.items):
        factors = train_als(
            weighted,
            training,
            lambda done: stepped("taste", 0.4 + 0.4 * done / training.iterations),
        )
    else:
        factors = np.zeros((0, training.factors), np.float32)
    stepped("neighbours", 0.85)
    near, closeness = walks(known.user_items, neighbours=training.neighbours)
    listens = np.asarray((known.user_items > 0).sum(axis=0), np.float32).ravel()
    moment = datetime.fromtimestamp(at_unix_seconds, UTC)
    return Generation(
        name=moment.strftime("%Y%m%dT%H%M%S.%fZ"),
        space=space,
        items=known.items,
        factors=factors,
        neighbours=near,
        closeness=closeness,
        popularity=(listens / max(float(listens.max(initial=0)), 1.0)).astype(np.float32),
        idf=idf,
        average_length=average,
    )


def train_with_progress(settings: RecommenderSettings) -> None:
    """Train with a progress bar and say what came of it."""
    console = Console()
    columns = (TextColumn("{task.description:22}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("training", total=1.0)
        folder = train(
            settings,
            at_unix_seconds=time.time(),
            stepped=lambda stage, done: progress.update(task, description=stage, completed=done),
        )
        progress.update(task, description="done", completed=1.0)
    figures = generation.manifest_of(Path(settings.data_folder), folder.name).figures
    console.print(f"generation {folder.name}: " + ", ".join(f"{n} {k}" for k, n in figures.items()))
    console.print("a running server takes it up within seconds")
