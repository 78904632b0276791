"""Pictures of tracks: each is made once for all phones, kept a while, and of bounded size."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.track import TrackId
from device.frontends.web.covers import FRESH_SECONDS, KEPT, MAX_BYTES, Covers
from device.store import StoreError
from tests.stage import QUICK
from tests.web_client import Browser
from tests.web_stage import PageStage

ONE = TrackId("0" * 16)
JPEG = b"\xff\xd8 a picture"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PageStage]:
    with PageStage(tmp_path, QUICK) as made:
        yield made


class Shelf:
    """Makes pictures, and counts."""

    def __init__(self) -> None:
        self.asked: list[TrackId] = []
        self.jpeg: bytes | None = JPEG
        self.now = 0.0
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, track: TrackId) -> bytes | None:
        self.asked.append(track)
        assert self.go_on.wait(30)
        return self.jpeg


def test_a_hundred_phones_that_ask_at_once_are_one_question() -> None:
    """And one that hangs up meanwhile does not take it from the others."""

    async def scene() -> None:
        shelf = Shelf()
        shelf.go_on.clear()
        covers = Covers(shelf, lambda: shelf.now)
        asking = [asyncio.create_task(covers.find(ONE)) for _ in range(100)]
        await asyncio.sleep(0)
        asking.pop(0).cancel()
        shelf.go_on.set()
        found = await asyncio.gather(*asking)
        assert {picture.jpeg for picture in found if picture} == {JPEG}
        assert None not in found
        assert shelf.asked == [ONE]

    asyncio.run(scene())


def test_a_picture_is_read_again_after_a_while() -> None:
    """The file may have another; until then nobody waits for it."""

    async def scene() -> list[bool]:
        shelf = Shelf()
        covers = Covers(shelf, lambda: shelf.now)
        first = await covers.find(ONE)
        again = await covers.find(ONE)
        shelf.now += FRESH_SECONDS
        shelf.jpeg = b"\xff\xd8 another"
        later = await covers.find(ONE)
        assert first is again
        assert len(shelf.asked) == 2
        assert first
        assert later
        return [first.tag == later.tag, later.jpeg == shelf.jpeg]

    assert asyncio.run(scene()) == [False, True]


def test_only_some_are_kept() -> None:
    """The memory of core is small."""

    async def scene() -> int:
        shelf = Shelf()
        covers = Covers(shelf, lambda: shelf.now)
        for n in range(KEPT + 1):
            await covers.find(TrackId(f"{n:016x}"))
        await covers.find(TrackId(f"{KEPT:016x}"))
        await covers.find(ONE)
        return len(shelf.asked)

    assert asyncio.run(scene()) == KEPT + 2


@pytest.mark.parametrize("jpeg", [None, b"\xff\xd8" + bytes(MAX_BYTES)])
def test_without_a_usable_picture_there_is_none(jpeg: bytes | None) -> None:
    """The page draws its own then; it is asked for again, should there be one later."""

    async def scene() -> list[object]:
        shelf = Shelf()
        shelf.jpeg = jpeg
        covers = Covers(shelf, lambda: shelf.now)
        found = [await covers.find(ONE), await covers.find(ONE)]
        return [*found, len(shelf.asked)]

    assert asyncio.run(scene()) == [None, None, 2]


def test_a_store_that_cannot_be_read_is_no_picture() -> None:
    """The page goes on."""

    def fails(_track: TrackId) -> bytes | None:
        raise StoreError(Path("device.sqlite"), "the disk is gone")

    async def scene() -> object:
        return await Covers(fails, lambda: 0.0).find(ONE)

    assert asyncio.run(scene()) is None


def test_a_browser_keeps_a_picture_and_asks_whether_it_is_the_same(stage: PageStage) -> None:
    """For some minutes not even that; other people's caches keep nothing."""
    stage.covers[ONE] = JPEG
    browser = Browser(stage.port).open()
    got = browser.get(f"/api/cover/{ONE}")
    assert (got.body, got.headers["content-type"]) == (JPEG, "image/jpeg")
    assert got.headers["cache-control"].startswith("private, max-age=")
    again = browser.get(f"/api/cover/{ONE}", **{"If-None-Match": got.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert Browser(stage.port).get(f"/api/cover/{ONE}").status == 401
