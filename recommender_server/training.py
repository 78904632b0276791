"""`python -m recommender_server train`: learn, judge, and promote what is no worse.

One training at a time on a data folder: a second waits for the first. What came of the last is in
`training.json` there.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from contracts.whole_file import write_whole
from recommender_server import generation
from recommender_server.judge import Figures, Verdict, hold_out, judged, verdict
from recommender_server.outcome import RECORD, Outcome
from recommender_server.store import open_store
from recommender_server.train import heard, learn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recommender_server.generation import Generation
    from recommender_server.settings import RecommenderSettings
    from recommender_server.storage import Storage

    Step = Callable[[str, float], None]

LOCK = "training.lock"
NEWEST = "newest_interaction"
"""Figure of a manifest: the number of the last interaction that the model knows of."""
FIRST = "it is the first model"
FORCED = "it was to be promoted whatever its figures"


def train(
    settings: RecommenderSettings, *, at_unix_seconds: float, stepped: Step, force: bool = False
) -> Outcome:
    """Train, and save the generation when it is promoted; `stepped` hears stage and share done.

    `force` promotes it whatever its figures.
    """
    with alone(Path(settings.data_folder)):
        return train_alone(settings, at_unix_seconds, stepped, force=force)


def train_alone(
    settings: RecommenderSettings, at_unix_seconds: float, stepped: Step, *, force: bool = False
) -> Outcome:
    """As `train`, by who holds the lock already."""
    data = Path(settings.data_folder)
    store = open_store(data)
    try:
        champion = generation.newest(data)
        found = _judge(store, settings, champion, at_unix_seconds, stepped)
        if force and not found.promoted:
            found = msgspec.structs.replace(found, promoted=True, why=f"{FORCED}; {found.why}")
        name = champion.name if champion else ""
        if found.promoted:
            at = max(at_unix_seconds, generation.named_at(name) + 1.0)
            name = _promote(store, settings, found.challenger, at, stepped)
        outcome = Outcome(
            at_unix_seconds=at_unix_seconds,
            verdict=found,
            generation=name,
            newest_interaction=store.newest_interaction(),
        )
        write_whole(data / RECORD, msgspec.json.encode(outcome))
        return outcome
    finally:
        store.close()


def _judge(
    store: Storage,
    settings: RecommenderSettings,
    champion: Generation | None,
    at_unix_seconds: float,
    stepped: Step,
) -> Verdict:
    """A challenger without the holdout against the champion, where there is enough to judge by."""
    if champion is None:
        return Verdict(promoted=True, why=FIRST)
    manifest = generation.manifest_of(Path(settings.data_folder), champion.name)
    seen = int(manifest.figures.get(NEWEST, store.newest_interaction()))
    held = hold_out(store, settings, seen)
    least = settings.promotion.minimum_likings
    if held.tracks < least:
        why = (
            f"too little to judge by: {held.tracks} likings since the champion was trained,"
            f" {least} are needed; it knows what the champion knows and what came after"
        )
        return Verdict(promoted=True, why=why)
    stepped("a challenger to judge", 0.0)
    known = heard(store, settings, held.deeds)
    challenger = learn(known, _bags(store), settings, at_unix_seconds, _half(stepped, 0.0))
    return verdict(
        judged(store, settings, champion, held), judged(store, settings, challenger, held), held
    )


def _promote(
    store: Storage,
    settings: RecommenderSettings,
    figures: Figures | None,
    at_unix_seconds: float,
    stepped: Step,
) -> str:
    """Learn from everything, the holdout too, and save it; the generation's name."""
    stepped("reading interactions", 0.0)
    newest = store.newest_interaction()  # before reading: what comes meanwhile counts as unseen
    known = heard(store, settings)
    half = _half(stepped, 0.5) if figures else stepped
    made = learn(known, _bags(store), settings, at_unix_seconds, half)
    stepped("writing", 0.98)
    learnt: dict[str, float] = {
        "listeners": known.listeners,
        "playlists": known.playlists,
        "items": len(known.items),
        "words": len(made.space.names),
        NEWEST: newest,
    }
    if figures:
        learnt |= {"N@10": figures.gain_at_10, "R@20": figures.recall_at_20}
    generation.save(
        made,
        Path(settings.data_folder),
        at_unix_seconds=at_unix_seconds,
        figures=learnt,
        kept=settings.training.generations_kept,
    )
    return made.name


def _bags(store: Storage) -> list[list[str]]:
    return [list(item.tags) for item in store.items()]


def _half(stepped: Step, start: float) -> Step:
    """Progress of one of two trainings."""
    return lambda stage, done: stepped(stage, start + done / 2)


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Wait for whoever else trains on this folder; the lock goes with its holder."""
    data.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def train_with_progress(
    settings: RecommenderSettings, *, force: bool = False, as_json: bool = False
) -> Outcome:
    """Train with a progress bar and say what came of it."""
    columns = (TextColumn("{task.description:22}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("training", total=1.0)
        outcome = train(
            settings,
            at_unix_seconds=time.time(),
            stepped=lambda stage, done: progress.update(task, description=stage, completed=done),
            force=force,
        )
        progress.update(task, description="done", completed=1.0)
    if as_json:
        print(msgspec.json.encode(outcome).decode())  # noqa: T201 - the answer
        return outcome
    console = Console()
    if outcome.verdict.promoted:
        figures = generation.manifest_of(Path(settings.data_folder), outcome.generation).figures
        learnt = ", ".join(f"{number} {name}" for name, number in figures.items())
        console.print(f"generation {outcome.generation}: {learnt}")
        console.print(f"promoted: {outcome.verdict.why}; a running server takes it up in seconds")
    else:
        console.print(f"not promoted: {outcome.verdict.why}")
        console.print(
            f"generation {outcome.generation} stays in use; --force promotes all the same"
        )
    return outcome
