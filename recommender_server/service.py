"""`python -m recommender_server serve`: one worker; start as many as there are cores.

Failure policy: nothing a client sends ends the loop. A malformed message is counted and, at most
once a minute, logged; a failing disk is logged and nothing acknowledged, so devices send again;
a lost broker is waited for. Work that waited past its deadline is dropped unanswered.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from contracts import topics
from contracts.allocator import keep_little
from contracts.bus import Bus, Publication
from contracts.errors import ContractError
from contracts.tag_space import read_tag_space
from recommender_server import generation
from recommender_server.complaints import Complaints
from recommender_server.desk import REQUESTS, Arrived, Desk, RefusedError
from recommender_server.schedule import Schedule
from recommender_server.storage import StoreError
from recommender_server.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.tag_space import TagSpace
    from recommender_server.settings import RecommenderSettings

log = logging.getLogger(__name__)

GROUP = "recommender"
SHIPPED_TAGS = Path(__file__).parents[1] / "models" / "tags.json"
ONLINE = Publication(topic=topics.SERVER_AVAILABILITY, payload=topics.ONLINE, retain=True)
OFFLINE = Publication(topic=topics.SERVER_AVAILABILITY, payload=topics.OFFLINE, retain=True)


def _group(leaf: str) -> str:
    """A group for each topic: the embedded broker keeps one read position a group.

    With one group for all it delivered the first topic's messages and no others.
    """
    return f"{GROUP}-{leaf.replace('/', '-')}"


def shipped_or_own_tags(settings: RecommenderSettings) -> TagSpace:
    """The tag space that the settings name, or the one that comes with MLFYM.

    Raises:
        ModelError: it is missing or altered.

    """
    return read_tag_space(Path(settings.tags_manifest or SHIPPED_TAGS))


class Worker:
    """A broker connection, a queue, and a desk behind it."""

    def __init__(
        self, settings: RecommenderSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._clock = settings, clock
        self._data = Path(settings.data_folder)
        self._store = open_store(self._data)
        first = generation.newest(self._data)
        first = first or generation.untrained(shipped_or_own_tags(settings))
        self._desk = Desk(self._store, settings, first, clock)
        self.complaints = Complaints(clock)
        self.answered = 0
        """Messages answered since the start, refusals aside."""
        self._queue: queue.Queue[Arrived] = queue.Queue(settings.limits.queue_length)
        self._looked_at = clock()
        self._patience_seconds = min(settings.generation_check_seconds, 0.5)
        self._stopping = False
        self._bus = Bus(
            settings.broker,
            f"mlfym-recommender-{secrets.token_hex(4)}",
            subscriptions=[
                *(topics.of_all_devices(leaf, group=_group(leaf)) for leaf in REQUESTS),
                topics.SERVER_AVAILABILITY,
            ],
            received=self._received,
            link_changed=self._link_changed,
            will=OFFLINE,
        )

    def run(self) -> None:
        """Answer until `stop`; then say goodbye."""
        self._bus.start()
        log.info("ranking with generation %s out of %s", self._desk.generation.name, self._data)
        try:
            while not self._stopping:
                try:
                    self._step()
                except Exception:  # the outermost loop: a fault of ours costs one step
                    log.exception("one step failed, the service goes on")
        finally:
            self._bus.publish(OFFLINE)
            self._bus.stop()
            self._store.close()

    def stop(self) -> None:
        """End `run` after the message at hand; may be called from any thread and from a signal."""
        self._stopping = True

    def _step(self) -> None:
        self._look_for_generation()
        with contextlib.suppress(queue.Empty):
            self._deal_with(self._queue.get(timeout=self._patience_seconds))

    def _deal_with(self, arrived: Arrived) -> None:
        try:
            answers = self._desk.answer(arrived)
            self.answered += len(answers)
            for publication in answers:
                self._bus.publish(publication)
        except RefusedError as refused:
            self.complaints.about(refused)
            if refused.reply:
                self._bus.publish(refused.reply)
        except ContractError as error:
            self.complaints.about(error)
        except StoreError as error:
            log.error("the database failed, the device will ask again: %s", error)  # noqa: TRY400

    def _look_for_generation(self) -> None:
        if self._clock() - self._looked_at < self._settings.generation_check_seconds:
            return
        self._looked_at = self._clock()
        fresh = generation.newest(self._data, self._desk.generation.name)
        if fresh is not None:
            log.info("ranking with generation %s from now on", fresh.name)
            self._desk.generation = fresh

    def _received(self, publication: Publication) -> None:
        """On paho's thread: into the queue, or away when the server cannot keep up."""
        if publication.topic == topics.SERVER_AVAILABILITY:
            self._stay_available(publication)
            return
        try:
            self._queue.put_nowait(Arrived(publication=publication, at=self._clock()))
        except queue.Full:
            self.complaints.about("the queue is full: start another worker")

    def _stay_available(self, publication: Publication) -> None:
        """The topic is every worker's; one that went away must not speak for those still here."""
        if publication.payload == topics.OFFLINE and not self._stopping:
            self._bus.publish(ONLINE)

    def _link_changed(self, connected: bool) -> None:  # noqa: FBT001 - Bus calls it so
        if connected:
            self._bus.publish(ONLINE)


def serve(settings: RecommenderSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    keep_little()
    worker = Worker(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())
    with Schedule(settings):
        worker.run()
