"""Stores of older versions: opened, brought up to date, nothing lost."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec
import pytest

from contracts.messages import Interaction, InteractionKind
from contracts.track import Track, TrackId
from device.music.catalogue import Catalogue
from device.store import Store
from device.store_schema import MIGRATIONS, SCHEMA_VERSION

VERSION_1 = """
CREATE TABLE tracks (
    id TEXT PRIMARY KEY, path BLOB NOT NULL, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL,
    track BLOB NOT NULL, broken_why TEXT NOT NULL DEFAULT ''
);
CREATE TABLE interactions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    interaction BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX unsent ON interactions (number) WHERE NOT sent;
CREATE TABLE packs (library TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = 1;
"""
"""As the first release wrote it; not taken from the program, which might change it unseen."""
A, B = TrackId("a" * 16), TrackId("b" * 16)
PATH = Path("/music/노래 🎵\udcff.ogg")


def interaction(number: int, kind: InteractionKind) -> Interaction:
    return Interaction(id=f"boot-{number}", track=A, kind=kind, at_unix_seconds=float(number))


LIKED = interaction(1, InteractionKind.LIKED)
SKIPPED = interaction(2, InteractionKind.SKIPPED)


def written(file: Path, version: int) -> None:
    """A store of that version with two tracks, one broken, history, a pack and a setting."""
    database = sqlite3.connect(file)
    database.executescript(VERSION_1)
    for number in range(1, version):
        database.executescript(f"{MIGRATIONS[number]}PRAGMA user_version = {number + 1};")
    for track, why in ((A, ""), (B, "not an Ogg")):
        content = msgspec.json.encode(Track(id=track, title="노래"))
        row = (track, os.fsencode(PATH), 2**62, 3, content, why)
        database.execute(
            "INSERT INTO tracks (id, path, mtime_ns, size, track, broken_why) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
    for told, sent in ((LIKED, 1), (SKIPPED, 0)):
        row = (told.id, msgspec.json.encode(told), sent)
        query = "INSERT INTO interactions (id, interaction, sent) VALUES (?, ?, ?)"
        database.execute(query, row)
    database.execute("INSERT INTO packs VALUES ('hash', ?)", (b"\0pack",))
    database.execute("INSERT INTO settings VALUES ('volume', '0.4')")
    database.commit()
    database.close()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_store_of_any_version_is_opened_and_nothing_is_lost(tmp_path: Path, version: int) -> None:
    """Tracks, what is broken, history, outbox, pack and settings are what they were."""
    written(tmp_path / "store.sqlite", version)
    for _ in range(2):  # the second time it is of this version already
        store = Store(tmp_path / "store.sqlite")
        assert store.tracks() == {A: Track(id=A, title="노래")}
        assert store.broken() == {B: "not an Ogg"}
        assert store.path_of(A) == PATH
        assert store.entries()[A].root == ""
        assert store.history() == [SKIPPED, LIKED]
        assert store.unsent() == [SKIPPED]
        assert (store.pack("hash"), store.get("volume")) == (b"\0pack", "0.4")
        assert Catalogue(store).unheard(9) == [(A, PATH)]
        assert Catalogue(store).missing() == []
        store.close()
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_what_was_liked_before_opinions_were_kept_is_an_opinion(tmp_path: Path) -> None:
    """The third version draws verdicts and names of what was heard out of the history."""
    written(tmp_path / "store.sqlite", 2)
    store = Store(tmp_path / "store.sqlite")
    assert store.rows("SELECT track, verdict FROM opinions") == [(A, "liked")]
    assert [row[0] for row in store.rows("SELECT id FROM heard")] == [A]
    store.close()


def test_what_was_heard_before_estimates_were_counted_stands_until_it_is_heard_anew(
    tmp_path: Path,
) -> None:
    """The fourth version keeps what was heard, and knows that an older estimate heard it."""
    written(tmp_path / "store.sqlite", 3)
    known = Track(id=A, title="노래", valence=0.1, arousal=0.2, valence_certainty=0.3, bpm=90.0)
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        row = (msgspec.json.encode(known), "f" * 32, A)
        database.execute("UPDATE tracks SET track = ?, sound = ? WHERE id = ?", row)
        database.execute("INSERT INTO sounds VALUES (?, ?)", ("f" * 32, b'{"path":"","bpm":90.0}'))
    store = Store(tmp_path / "store.sqlite")
    catalogue = Catalogue(store)
    assert store.tracks() == {A: known}
    assert store.rows("SELECT fingerprint, sound FROM sounds") == [
        ("f" * 32, b'{"path":"","bpm":90.0}')
    ]
    assert (catalogue.sound("f" * 32), catalogue.unheard(9)) == (None, [(A, PATH)])
    assert (catalogue.count_unheard(), catalogue.count_to_hear_again()) == (1, 1)
    store.close()
