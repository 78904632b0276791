"""Training by the clock, beside a serving worker: in a process of its own, at low priority.

Each worker looks, one trains: a training waits for another on the same folder, and then finds
that it is no longer due. Failure policy: a training that fails is logged and tried when next due.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from recommender_server.errors import RecommenderError
from recommender_server.outcome import is_due
from recommender_server.store import open_store

if TYPE_CHECKING:
    from typing import Self

    from recommender_server.settings import RecommenderSettings

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 60.0
RETRY_SECONDS = 3600.0
"""After a training that failed."""
NICENESS = 10
STOP_SECONDS = 5.0


class Schedule:
    """Looks once a minute whether a training is due; a context manager around serving."""

    def __init__(
        self, settings: RecommenderSettings, look_every_seconds: float = LOOK_EVERY_SECONDS
    ) -> None:
        self._settings, self._every = settings, look_every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)
        self._training: multiprocessing.process.BaseProcess | None = None

    def __enter__(self) -> Self:
        if self._settings.schedule.every_hours:
            self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        if self._training is not None and self._training.is_alive():
            self._training.terminate()  # a generation is written whole or not at all
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        wait = self._every
        while not self._stopping.wait(wait):
            wait = self._every
            try:
                due = is_due_now(self._settings)
            except RecommenderError as error:
                log.warning("whether to train cannot be told: %s", error)
                continue
            if due and self._train() != 0 and not self._stopping.is_set():
                log.warning("the training failed; it is tried again in an hour")
                wait = RETRY_SECONDS

    def _train(self) -> int:
        log.info("training, as is due every %g hours", self._settings.schedule.every_hours)
        spawning = multiprocessing.get_context("spawn")
        self._training = spawning.Process(target=train_if_due, args=(self._settings,), daemon=True)
        self._training.start()
        self._training.join()
        return self._training.exitcode or 0


def is_due_now(settings: RecommenderSettings) -> bool:
    """Whether the schedule wants a training at this moment."""
    store = open_store(Path(settings.data_folder))
    try:
        return is_due(settings, time.time(), store.newest_interaction())
    finally:
        store.close()


def train_if_due(settings: RecommenderSettings) -> None:
    """What the training process runs."""
    from recommender_server import training  # noqa: PLC0415 - brings gensim

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    os.nice(NICENESS)
    with training.alone(Path(settings.data_folder)):
        if not is_due_now(settings):
            return  # another worker's training came first
        outcome = training.train_alone(settings, time.time(), lambda _stage, _done: None)
    said = "promoted" if outcome.verdict.promoted else "not promoted"
    log.info("trained: %s, %s", said, outcome.verdict.why)
