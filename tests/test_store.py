"""The store: what it keeps over a restart, and what it refuses to open."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from contracts.messages import Interaction, InteractionKind
from contracts.track import Track, TrackId
from device.store import Entry, Store, StoreError

A = TrackId("a" * 16)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "mlfym.sqlite"


def entry(track: TrackId = A, path: str = "/music/노래 🎵\udcff.ogg") -> Entry:
    return Entry(track=Track(id=track, title="노래"), path=Path(path), mtime_ns=2**62, size=3)


def liked(number: int) -> Interaction:
    return Interaction(
        id=f"boot-{number}", track=A, kind=InteractionKind.LIKED, at_unix_seconds=float(number)
    )


def test_what_was_written_is_there_after_a_restart(file: Path) -> None:
    """Tracks, odd paths, interactions, pack and settings survive closing and opening."""
    store = Store(file)
    store.upsert([entry()])
    store.remember(liked(1))
    store.save_pack("hash", b"\0pack")
    store.put("volume", "0.4")
    store.close()
    again = Store(file)
    assert again.entries() == {A: entry()}
    assert again.tracks() == {A: entry().track}
    assert again.path_of(A) == entry().path
    assert again.unsent() == [liked(1)]
    assert (again.pack("hash"), again.pack("other")) == (b"\0pack", None)
    assert (again.get("volume"), again.get("nothing")) == ("0.4", None)


def test_a_broken_track_is_not_offered_until_it_is_read_again(file: Path) -> None:
    """mark_broken takes a track out of tracks(); a fresh entry puts it back."""
    store = Store(file)
    store.upsert([entry()])
    store.mark_broken(A, "not an Ogg")
    assert (store.tracks(), store.broken()) == ({}, {A: "not an Ogg"})
    store.upsert([entry()])
    assert set(store.tracks()) == {A}
    store.remove([A])
    assert store.path_of(A) is None


def test_an_interaction_leaves_the_outbox_only_when_acknowledged(file: Path) -> None:
    """The same id twice counts once; forgotten ones stay in the history, newest first."""
    store = Store(file)
    for number in (1, 2, 2, 3):
        store.remember(liked(number))
    assert store.unsent(limit=2) == [liked(1), liked(2)]
    store.forget(["boot-1", "boot-2", "never-heard-of"])
    assert store.unsent() == [liked(3)]
    assert store.history(limit=2) == [liked(3), liked(2)]
    store.erase_history()
    assert store.history() == []


def test_another_library_s_pack_replaces_the_last(file: Path) -> None:
    """One pack is kept."""
    store = Store(file)
    store.save_pack("old", b"1")
    store.save_pack("new", b"2")
    assert (store.pack("old"), store.pack("new")) == (None, b"2")


def test_a_failed_batch_changes_nothing(file: Path) -> None:
    """A batch is all or none."""
    store = Store(file)
    with pytest.raises(StoreError):
        store.upsert(
            [entry(), Entry(track=entry().track, path=Path("/x"), mtime_ns=2**62, size=None)]
        )  # type: ignore[arg-type]
    assert store.entries() == {}


def test_a_damaged_file_is_named_and_left_alone(file: Path) -> None:
    """StoreError says which file and what to do; not a byte of it changes."""
    file.parent.mkdir()
    file.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreError, match="move it aside"):
        Store(file)
    assert file.read_bytes() == b"this is no database" * 1000


def test_a_newer_file_is_refused(file: Path) -> None:
    """A schema of the future is not touched."""
    file.parent.mkdir()
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        Store(file)


def test_every_commit_waits_for_the_disk(file: Path) -> None:
    """WAL with synchronous FULL (2): a power cut loses nothing that was acknowledged."""
    store = Store(file)
    assert store.rows("PRAGMA journal_mode") == [("wal",)]
    assert store.rows("PRAGMA synchronous") == [(2,)]
