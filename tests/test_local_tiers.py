"""The tiers that rank on the device."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.messages import RecommendRequest, Tier
from contracts.ranking import library_pack, pack_bytes
from device.events import Event, PackChanged, RankingArrived
from device.recommend.local import FIRST_TRACKS, LocalTiers
from device.store import Store, StoreError
from tests.recommender_stage import LIBRARY, shipped_tags, track

ASKED = RecommendRequest(count=5)
MANY = tuple(track(number, "happy") for number in range(3 * FIRST_TRACKS))
PACK = pack_bytes(library_pack("l", LIBRARY, shipped_tags()))


class Shelf:
    """Keeps packs in memory."""

    def __init__(self, **packs: bytes) -> None:
        self.packs = packs

    def save_pack(self, library: str, content: bytes) -> None:
        self.packs[library] = content

    def pack(self, library: str) -> bytes | None:
        return self.packs.get(library)


class Stage:
    """Local tiers whose spare thread is the test: `work` does what waits to be done."""

    def __init__(self, shelf: object = None) -> None:
        self.events: list[Event] = []
        self.todo: list[Callable[[], None]] = []
        self.shelf = shelf or Shelf()
        self.tiers = LocalTiers(self.shelf, self.events.append, lambda: 7.0, spare=self.todo.append)

    def work(self, steps: int = 100) -> None:
        for _ in range(min(steps, len(self.todo))):
            self.todo.pop(0)()

    def rankings(self) -> list[RankingArrived]:
        return [event for event in self.events if isinstance(event, RankingArrived)]


def test_nothing_long_is_done_where_it_is_asked_for() -> None:
    """A library, a pack and a question each return at once; nothing was made of them yet."""
    stage = Stage()
    stage.tiers.set_library("l", LIBRARY)
    stage.tiers.take_pack("l", PACK)
    stage.tiers.ask(Tier.DEFAULTS, "r1", ASKED)
    assert stage.events == []
    assert len(stage.todo) == 3


def test_a_question_waits_until_the_library_is_ready() -> None:
    """It is answered then, and once; an older one that was waiting is not."""
    stage = Stage()
    stage.tiers.set_library("l", LIBRARY)
    stage.tiers.ask(Tier.DEFAULTS, "r1", ASKED)
    stage.tiers.ask(Tier.DEFAULTS, "r2", ASKED)
    stage.work()
    (answer,) = stage.rankings()
    assert (answer.request, answer.tier, len(answer.tracks)) == ("r2", Tier.DEFAULTS, 5)


def test_a_large_library_is_ready_in_part_first() -> None:
    """After the first of its steps a list comes from all over it; after the second, from all."""
    stage = Stage()
    stage.tiers.set_library("big", MANY)
    stage.tiers.ask(Tier.DEFAULTS, "r1", RecommendRequest(count=200))
    stage.work(1)
    few = {int(ranked.track, 16) for ranked in stage.rankings()[0].tracks}
    assert all(number % 3 == 0 for number in few)
    assert max(few) > len(MANY) // 2
    stage.work(1)
    stage.tiers.ask(Tier.DEFAULTS, "r2", RecommendRequest(count=200))
    assert any(int(ranked.track, 16) % 3 for ranked in stage.rankings()[1].tracks)


def test_a_library_that_was_replaced_is_not_got_ready() -> None:
    """Answers come from the newest, whatever was begun before."""
    stage = Stage()
    stage.tiers.set_library("big", MANY)
    stage.tiers.set_library("l", LIBRARY)
    stage.tiers.ask(Tier.DEFAULTS, "r1", ASKED)
    stage.work()
    assert {ranked.track for ranked in stage.rankings()[0].tracks} <= {t.id for t in LIBRARY}


def test_a_kept_pack_is_used_and_a_new_one_kept() -> None:
    """What the shelf has for the library serves after a restart; what comes is put there."""
    stage = Stage(Shelf(l=PACK))
    stage.tiers.set_library("l", LIBRARY)
    stage.work()
    assert PackChanged(at=7.0, usable=True) in stage.events
    stage.tiers.ask(Tier.PACK, "r1", ASKED)
    assert len(stage.rankings()[0].tracks) == 5
    stage.tiers.set_library("m", MANY[:3])
    assert stage.events[-1] == PackChanged(at=7.0, usable=False)
    other = pack_bytes(library_pack("m", MANY[:3], shipped_tags()))
    stage.tiers.take_pack("m", other)
    stage.work()
    assert stage.shelf.pack("m") == other


@pytest.mark.parametrize("content", [b"", b"MLFYMPK1 of an older version", PACK[:-1], PACK])
def test_a_pack_that_cannot_be_used_is_refused(
    content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Kept or new, damaged, of an older version or of another library: the defaults go on."""
    stage = Stage(Shelf(m=content))
    stage.tiers.set_library("m", LIBRARY)
    stage.tiers.take_pack("m", content)
    stage.tiers.ask(Tier.DEFAULTS, "r1", ASKED)
    stage.work()
    assert not [event for event in stage.events if isinstance(event, PackChanged)]
    assert len(stage.rankings()[0].tracks) == 5
    assert "packs refused" in caplog.text


class LostDisk:
    """A shelf that can neither be read nor written."""

    def save_pack(self, _library: str, _content: bytes) -> None:
        raise StoreError(Path("db"), "the disk is full")

    def pack(self, _library: str) -> bytes | None:
        raise StoreError(Path("db"), "the disk is away")


def test_a_disk_that_is_away_costs_the_kept_pack_alone() -> None:
    """A pack that comes is used all the same, though it cannot be kept."""
    stage = Stage(LostDisk())
    stage.tiers.set_library("l", LIBRARY)
    stage.tiers.take_pack("l", PACK)
    stage.work()
    stage.tiers.ask(Tier.PACK, "r1", ASKED)
    assert len(stage.rankings()[0].tracks) == 5


def test_the_shipped_thread_answers_and_outlives_a_fault(tmp_path: Path) -> None:
    """With the real store and thread: a library that breaks is logged, the next one serves."""
    arrived = threading.Event()
    events: list[Event] = []

    def put(event: Event) -> None:
        events.append(event)
        arrived.set()

    store = Store(tmp_path / "device.sqlite")
    tiers = LocalTiers(store, put, lambda: 7.0)
    tiers.set_library("broken", ("no track",))  # type: ignore[arg-type]
    tiers.set_library("l", LIBRARY)
    tiers.ask(Tier.DEFAULTS, "r1", ASKED)
    assert arrived.wait(20)
    store.close()
    assert isinstance(events[0], RankingArrived)
    assert len(events[0].tracks) == 5


def test_of_what_waits_only_the_newest_is_done() -> None:
    """A library that changes, and packs that come, faster than the device gets them ready."""
    stage = Stage()
    for number in range(50):
        stage.tiers.set_library(f"l{number}", MANY)
        stage.tiers.take_pack(f"l{number}", b"no pack at all")
    stage.tiers.take_pack("l49", pack_bytes(library_pack("l49", MANY, shipped_tags())))
    assert len(stage.todo) == 4
    stage.work()
    assert stage.todo == []
    stage.tiers.ask(Tier.PACK, "r1", ASKED)
    stage.tiers.ask(Tier.DEFAULTS, "r2", ASKED)
    assert [len(ranking.tracks) for ranking in stage.rankings()] == [5, 5]
