"""Puts a backup that was checked into its place; what was there before is backed up first.

All files of a side lie ready beside their places before the first is replaced, and whoever starts
next finishes what a power cut interrupted (contracts.restored).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from cli.moving.archive import ArchiveError, Manifest
from cli.moving.contents import (
    GENERATIONS,
    SERVER,
    SETTINGS,
    STATE_FILES,
    Side,
    secrets_from,
    side,
)
from contracts.restored import READY, finish_restore
from contracts.settings import SettingsError, to_toml
from contracts.whole_file import sync, write_whole
from device.store_schema import SCHEMA_VERSION as DEVICE_SCHEMA
from recommender_server.schema import SCHEMA_VERSION as SERVER_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMAS = {"device.sqlite": DEVICE_SCHEMA, "recommender.sqlite": SERVER_SCHEMA}
ASIDE = ".restore.part"
FORMER = "before-restore-{number}.mlfym"


class StillRunningError(RuntimeError):
    """A program has its database open."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} is in use: stop the programs first (sudo systemctl stop 'mlfym-*'), "
            "restore, and start them again"
        )


def must_fit(laid: Mapping[str, Path]) -> None:
    """See that this program understands the databases, and that they are whole.

    Raises:
        ArchiveError: one is damaged or of a newer version.

    """
    for name, path in laid.items():
        known = SCHEMAS.get(name.rpartition("/")[2])
        if known is None:
            continue
        try:
            with closing(sqlite3.connect(path)) as database:
                (version,) = database.execute("PRAGMA user_version").fetchone()
                (state,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            msg = f"{name} is no database: {error}"
            raise ArchiveError(msg) from error
        if version > known:
            msg = f"{name} is of version {version}, this program knows {known}: update it first"
            raise ArchiveError(msg)
        if state != "ok":
            msg = f"{name} is damaged: {state}"
            raise ArchiveError(msg)


def must_be_stopped(folder: Path) -> None:
    """See that nobody has a database of this folder open; its log is brought home by that.

    Raises:
        StillRunningError: somebody has.

    """
    for file in (folder / name for name in SCHEMAS):
        if not file.is_file():
            continue
        try:
            with closing(sqlite3.connect(file, timeout=0)) as database:
                # Granted to the only one that has the file open (sqlite.org/wal.html).
                database.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StillRunningError(file) from error
        except sqlite3.DatabaseError:
            continue  # damaged: a good reason to restore


def places(chosen: Side, laid: Mapping[str, Path]) -> list[Side]:
    """Where a side is now, and where the settings of the backup have it if that is elsewhere.

    Raises:
        ArchiveError: this program does not know the settings.

    """
    told = laid.get(f"{chosen.name}/{SETTINGS}")
    if told is None or chosen.file is None:
        return [chosen]
    try:
        there = replace(side(chosen.name, told), file=chosen.file)
    except SettingsError as error:
        msg = f"its settings are none for this program: {error}"
        raise ArchiveError(msg) from error
    return [chosen] if there.folder == chosen.folder else [chosen, there]


def settings_of(chosen: Side, manifest: Manifest, path: Path) -> bytes:
    """The settings to write; secrets that a backup without them lacks stay as they are here."""
    if manifest.secrets:
        return path.read_bytes()
    told = side(chosen.name, path).settings
    return to_toml(secrets_from(told, chosen.settings)).encode()


def former_name(folder: Path) -> Path:
    """A name for the backup of what is there now, which nothing has yet."""
    names = (folder / FORMER.format(number=number) for number in count(1))
    return next(path for path in names if not path.exists())


def put_back(chosen: Side, manifest: Manifest, laid: Mapping[str, Path]) -> list[str]:
    """Put the files of a side in their places; their names.

    Raises:
        ArchiveError: its settings are none for this program; nothing was changed.
        OSError: it cannot be written; what is not yet in its place lies ready.

    """
    mine = {
        name.partition("/")[2]: path
        for name, path in laid.items()
        if name.partition("/")[0] == chosen.name
    }
    told, folder = mine.pop(SETTINGS, None), places(chosen, laid)[-1].folder
    if told and chosen.file:
        text = settings_of(chosen, manifest, told)
    _lie_ready(folder, mine)
    if told and chosen.file:
        write_whole(chosen.file, text)
    if chosen.name == SERVER:
        # The newest would be used; the backup of what was there holds it.
        shutil.rmtree(folder / GENERATIONS, ignore_errors=True)
    finish_restore(folder)
    return sorted(mine) + ([str(chosen.file)] if told and chosen.file else [])


def _lie_ready(folder: Path, files: Mapping[str, Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    for name, path in files.items():
        place = aside / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        place.chmod(0o600)
        sync(place)
    owner = folder.stat()
    for path in (aside, *aside.rglob("*")):
        if os.geteuid() == 0:  # what root restores stays the service's own
            os.chown(path, owner.st_uid, owner.st_gid)
        if path.is_dir():
            sync(path)
    aside.rename(folder / READY)
    sync(folder)


def is_empty(chosen: Side) -> bool:
    """Whether there is nothing yet that a restore would replace."""
    names = STATE_FILES[chosen.name]
    return not any((chosen.folder / name).exists() for name in names)
