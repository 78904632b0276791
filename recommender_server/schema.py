"""The tables of the server's SQLite file, and how an older version's become this one's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recommender_server.recordings import name_key
from recommender_server.storage import StoreError

if TYPE_CHECKING:
    from recommender_server.store import SqliteStore

SCHEMA_VERSION = 2


def bring_up(store: SqliteStore) -> None:
    """Make the tables, or bring an older version's to this one.

    Raises:
        StoreError: a newer version wrote the file.

    """
    (version,) = store.connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        msg = f"the database is of version {version}, this server knows {SCHEMA_VERSION}: update it"
        raise StoreError(msg)
    if version == SCHEMA_VERSION:
        return
    script = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
    with store.writing():
        # Another worker may have done it while this one waited.
        (version,) = store.connection.execute("PRAGMA user_version").fetchone()
        if version == 1:
            store.connection.execute("ALTER TABLE interaction ADD COLUMN valence_change REAL")
            store.connection.execute(
                "ALTER TABLE playlist_item ADD COLUMN weight REAL NOT NULL DEFAULT 1.0"
            )
        for statement in script.split(";\n"):
            store.connection.execute(statement)
        if version == 1:
            _name_again(store)
        store.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _name_again(store: SqliteStore) -> None:
    """Version 1 compared titles without their brackets, so that live was the same as studio."""
    store.connection.execute("DELETE FROM item_key WHERE key LIKE 'name:%'")
    for item in store.items():
        if item.artist and item.title:
            store.add_keys(item.number, [name_key(item.artist, item.title)])
