"""The contract of `Storage`: every database that takes SQLite's place passes this suite."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.messages import Interaction, InteractionKind
from recommender_server.memory_store import MemoryStore
from recommender_server.storage import Deed, Item, LibraryRow, Storage, StoreError
from recommender_server.store import FILE, open_store
from tests.recommender_stage import LIBRARY


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    made: Storage = open_store(tmp_path) if request.param == "sqlite" else MemoryStore()
    yield made
    made.close()


def deed(number: str, kind: str = "liked", at: float = 1.0, **more: object) -> Interaction:
    return Interaction(id=number, track="t", kind=InteractionKind(kind), at_unix_seconds=at, **more)


def test_a_recording_is_found_by_the_surest_of_its_keys(store: Storage) -> None:
    """The first known key decides; a key stays with the recording that had it first."""
    first, second = store.add_item("A", "X"), store.add_item("B", "Y")
    assert first < second
    store.add_keys(first, ["song:a", "isrc:1"])
    store.add_keys(second, ["song:a", "mbid:2"])
    assert store.find_item(["mbid:2", "song:a"]) == second
    assert store.find_item(["song:a", "mbid:2"]) == first
    assert store.find_item(["mbid:9"]) is None
    assert store.find_item([]) is None


def test_tags_are_replaced_and_come_back_sorted(store: Storage) -> None:
    """A new recording has none; items() tells all, by number."""
    number = store.add_item("A", "X")
    assert store.tags_of(number) == frozenset()
    store.set_tags(number, frozenset({"sad", "calm"}))
    assert store.tags_of(number) == {"calm", "sad"}
    assert store.items() == [Item(number, "A", "X", ("calm", "sad"))]


def test_a_block_that_raises_leaves_nothing(store: Storage) -> None:
    """Items, keys, playlists, interactions and chunks of it are all gone; later ones stay."""

    def everything() -> None:
        number = store.add_item("A", "X")
        store.add_keys(number, ["song:a"])
        store.put_playlist("s", "n", {number: 1.0})
        store.add_interactions("d", [deed("1")])
        store.commit_library("d", "l", [LibraryRow(LIBRARY[0], number)], 2)
        store.keep_chunk("d", "m", (0, 2), LIBRARY[:1], 3)

    def failing() -> None:
        with store.writing():
            everything()
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert set(store.counts().values()) == {0}
    assert store.find_item(["song:a"]) is None
    assert store.device_items("d") == {}
    with store.writing():
        everything()
    assert set(store.counts().values()) == {1}


def test_chunks_of_a_library_are_kept_by_index(store: Storage) -> None:
    """Sent twice a chunk is one; another cut of the library begins again."""
    assert store.keep_chunk("d", "l", (1, 2), LIBRARY[2:], 3) == {1: LIBRARY[2:]}
    store.keep_chunk("d", "l", (1, 2), LIBRARY[2:], 3)
    assert store.keep_chunk("d", "l", (0, 2), LIBRARY[:2], 3) == {0: LIBRARY[:2], 1: LIBRARY[2:]}
    assert store.keep_chunk("d", "l", (2, 5), LIBRARY[:1], 3) == {2: LIBRARY[:1]}


def test_the_libraries_told_of_last_keep_their_chunks(store: Storage) -> None:
    """With two kept, a third drops the first; another device's are its own."""
    for library in ("a", "b", "c"):
        store.keep_chunk("d", library, (0, 2), LIBRARY[:1], 2)
        store.keep_chunk("e", "a", (0, 2), LIBRARY[:1], 2)
    assert set(store.keep_chunk("d", "b", (1, 2), LIBRARY[1:], 2)) == {0, 1}
    assert set(store.keep_chunk("e", "a", (1, 2), LIBRARY[1:], 2)) == {0, 1}
    assert set(store.keep_chunk("d", "a", (1, 2), LIBRARY[1:], 2)) == {1}


def test_a_library_comes_back_as_it_was_committed(store: Storage) -> None:
    """In order, track for track; its chunks are gone, the newest two of a device stay."""
    item = store.add_item("A", "X")
    rows = [LibraryRow(track, item) for track in (LIBRARY[7], LIBRARY[1])]
    store.keep_chunk("d", "one", (0, 2), LIBRARY[:1], 3)
    for name in ("one", "two", "three"):
        store.commit_library("d", name, rows if name == "three" else rows[:1], 2)
    newest = store.library_number("d", "three")
    assert newest is not None
    assert store.library_rows(newest) == rows
    assert store.library_name(newest) == "three"
    assert store.library_number("d", "") == newest
    assert store.library_number("d", "one") is None
    assert store.library_number("e", "three") is None
    assert store.devices() == ["d"]
    assert set(store.keep_chunk("d", "one", (1, 2), LIBRARY[:1], 3)) == {1}


def test_what_a_device_ever_had_keeps_its_recording(store: Storage) -> None:
    """A track that left the library is still known; ids are found over all devices."""
    one, two = store.add_item("A", "X"), store.add_item("B", "Y")
    store.commit_library("d", "l", [LibraryRow(LIBRARY[0], two), LibraryRow(LIBRARY[1], one)], 1)
    store.commit_library("d", "m", [LibraryRow(LIBRARY[1], one)], 1)
    store.commit_library("e", "n", [LibraryRow(LIBRARY[0], one)], 1)
    assert store.device_items("d") == {LIBRARY[0].id: two, LIBRARY[1].id: one}
    assert store.items_of_track(LIBRARY[0].id) == [one, two]
    assert store.items_of_track("none") == []


def test_interactions_are_kept_once_and_read_by_time(store: Storage) -> None:
    """An id counts once a device; what arrived later but happened sooner stands first."""
    late = deed("1", at=5.0, listener="ann", position_seconds=3.0, valence_change=0.25)
    store.add_interactions("d", [late, deed("2", "banned", at=2.0, listener="ann"), late])
    store.add_interactions("d", [late])
    store.add_interactions("e", [deed("1")])
    first, second = store.deeds("d", "ann")
    assert first[:4] == ("t", InteractionKind.BANNED, 2.0, 0.0)
    assert second == Deed("t", InteractionKind.LIKED, 5.0, 3.0, 0.25, second.number)
    assert second.number < first.number
    assert store.newest_interaction("d", "ann") == first.number
    assert store.newest_interaction() > first.number
    assert store.newest_interaction("d", "bob") == 0
    assert store.listeners() == [("d", "ann"), ("e", "device")]


def test_a_playlist_of_the_same_name_is_replaced(store: Storage) -> None:
    """By source and name; the order of the lists is that of their first coming."""
    one, two = store.add_item("A", "X"), store.add_item("B", "Y")
    store.put_playlist("m3u", "a", {two: 1.0, one: 0.5})
    store.put_playlist("xspf", "a", {two: 1.0})
    store.put_playlist("m3u", "a", {one: 2.0})
    assert list(store.playlists()) == [{one: 2.0}, {two: 1.0}]
    assert store.counts()["playlists"] == 2


# What only a database on disk has to keep.

KEEPS = """
import sys
from pathlib import Path
from contracts.messages import Interaction, InteractionBatch, InteractionKind
from recommender_server.interactions import keep
from recommender_server.store import open_store
store, number = open_store(Path(sys.argv[1])), 0
while True:
    number += 1
    one = Interaction(
        id=str(number), track="t", kind=InteractionKind.LIKED, at_unix_seconds=float(number)
    )
    for acknowledged in keep(store, "d", InteractionBatch(interactions=(one,))).ids:
        print(acknowledged, flush=True)
"""


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL in the midst of writing, every acknowledged id is there, and once."""
    for wanted in (1, 7, 40):
        keeper = subprocess.Popen(
            [sys.executable, "-c", KEEPS, str(tmp_path / str(wanted))],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
        assert keeper.stdout is not None
        acknowledged = [keeper.stdout.readline().strip() for _ in range(wanted)]
        keeper.send_signal(signal.SIGKILL)
        acknowledged += keeper.stdout.read().split()
        keeper.wait()
        keeper.stdout.close()
        store = open_store(tmp_path / str(wanted))
        rows = store.connection.execute("SELECT id FROM interaction ORDER BY number").fetchall()
        kept = [number for (number,) in rows]
        assert len(acknowledged) >= wanted
        assert kept[: len(acknowledged)] == acknowledged
        assert len(kept) <= len(acknowledged) + 1
        store.close()


def test_every_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """WAL with synchronous FULL: the setting that survives a power cut."""
    store = open_store(tmp_path)
    assert store.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store.connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_database_of_version_1_is_brought_up(tmp_path: Path) -> None:
    """Interactions and lists stay; recordings get the names that keep live and studio apart."""
    old = sqlite3.connect(tmp_path / FILE)
    old.executescript(
        "CREATE TABLE item (number INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL,"
        " artist TEXT NOT NULL, tags TEXT NOT NULL DEFAULT '[]');"
        "CREATE TABLE item_key (key TEXT PRIMARY KEY, item INTEGER NOT NULL);"
        "CREATE TABLE interaction (number INTEGER PRIMARY KEY AUTOINCREMENT,"
        " device TEXT NOT NULL, id TEXT NOT NULL, listener TEXT NOT NULL, track TEXT NOT NULL,"
        " kind TEXT NOT NULL, at_unix_seconds REAL NOT NULL, position_seconds REAL NOT NULL,"
        " valence REAL, arousal REAL, UNIQUE (device, id));"
        "CREATE TABLE playlist (number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL,"
        " name TEXT NOT NULL, UNIQUE (source, name));"
        "CREATE TABLE playlist_item (playlist INTEGER NOT NULL, item INTEGER NOT NULL,"
        " PRIMARY KEY (playlist, item));"
        "INSERT INTO item (title, artist) VALUES ('Song (Live)', 'The X');"
        "INSERT INTO item_key VALUES ('name:the x\tsong', 1), ('isrc:1', 1);"
        "INSERT INTO interaction VALUES (1, 'd', '1', 'ann', 't', 'liked', 5.0, 3.0, 0.1, 0.2);"
        "INSERT INTO playlist VALUES (1, 'melon', '1');"
        "INSERT INTO playlist_item VALUES (1, 1);"
        "PRAGMA user_version = 1;"
    )
    old.close()
    store = open_store(tmp_path)
    assert store.deeds("d", "ann") == [Deed("t", InteractionKind.LIKED, 5.0, 3.0, None, 1)]
    assert list(store.playlists()) == [{1: 1.0}]
    assert store.find_item(["song:x\tsong live"]) == 1
    assert store.find_item(["isrc:1"]) == 1
    assert store.find_item(["name:the x\tsong"]) is None


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """It is refused with what to do."""
    newer = sqlite3.connect(tmp_path / FILE)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match="update it"):
        open_store(tmp_path)


def test_what_a_device_sent_is_erased_but_the_kinds_that_are_kept(store: Storage) -> None:
    """Without moods, newer than all before; another device's deeds are left alone."""
    with store.writing():
        store.add_interactions("a", [deed("1", "liked", valence_change=0.5), deed("2", "skipped")])
        store.add_interactions("b", [deed("1", "skipped")])
    before = store.newest_interaction()
    with store.writing():
        store.erase_interactions("a", {InteractionKind.LIKED})
    (left,) = store.deeds("a", "device")
    assert (left.kind, left.valence_change) == (InteractionKind.LIKED, None)
    assert left.number > before
    assert [d.kind for d in store.deeds("b", "device")] == [InteractionKind.SKIPPED]
    with store.writing():
        store.erase_interactions("a", ())
        store.add_interactions("a", [deed("1", "banned")])
    (new,) = store.deeds("a", "device")
    assert new.number > left.number
