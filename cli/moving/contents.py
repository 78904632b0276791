"""What of a device and of a server goes into a backup, read while they run."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from contracts.settings import SECRET_WORDS, load_settings, to_toml
from device.settings import DeviceSettings
from recommender_server.settings import RecommenderSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICE, SERVER = "device", "server"
SETTINGS = "settings.toml"
SECRET_FILES = frozenset({"staff_pin", "broker.json"})
"""A PIN's hash gives way to whoever has it and a day; a broker has a password."""
STATE_FILES = {
    DEVICE: ("device.sqlite", "position", "staff_pin", "broker.json"),
    SERVER: ("recommender.sqlite", "training.json"),
}
GENERATIONS = "generations"
S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True)
class Side:
    """A device, or a server, of this machine.

    Attributes:
        name: `device` or `server`.
        file: its settings; None: the defaults count.
        settings: what they say.

    """

    name: str
    file: Path | None
    settings: DeviceSettings | RecommenderSettings

    @property
    def folder(self) -> Path:
        """Where it keeps what it must not forget."""
        return folder_of(self.settings)


def side(name: str, file: Path | None) -> Side:
    """The device or the server that has these settings.

    Raises:
        SettingsError: they are wrong.

    """
    if name == DEVICE:
        return Side(name, file, load_settings(file, DeviceSettings))
    return Side(name, file, load_settings(file, RecommenderSettings))


def folder_of(settings: DeviceSettings | RecommenderSettings) -> Path:
    """Where it keeps what it must not forget."""
    if isinstance(settings, DeviceSettings):
        return Path(settings.state_folder).expanduser()
    return Path(settings.data_folder).expanduser()


def gathered(chosen: Side, folder: Path, *, secrets: bool) -> dict[str, Path]:
    """Copies of all that is kept, by their names in the archive.

    Databases are copied by SQLite, as they are between two transactions, whoever writes them.

    Args:
        chosen: of whom.
        folder: takes the copies.
        secrets: passwords and the PIN's hash too.

    Raises:
        OSError: something is there and cannot be read.

    """
    files: dict[str, Path] = {}
    if chosen.file:
        text = chosen.file.read_text("utf-8") if secrets else to_toml(bare(chosen.settings))
        files[SETTINGS] = folder / f"{chosen.name}-{SETTINGS}"
        files[SETTINGS].write_text(text, encoding="utf-8")
    for name in STATE_FILES[chosen.name]:
        there = chosen.folder / name
        if there.is_file() and (secrets or name not in SECRET_FILES):
            files[name] = folder / f"{chosen.name}-{name}"
            copy_of(there, files[name])
    if chosen.name == SERVER:
        files |= dict(_newest_generation(chosen.folder))
    return {f"{chosen.name}/{name}": path for name, path in files.items()}


def copy_of(file: Path, copy: Path) -> None:
    """Copy a file; a database as SQLite sees it, one that is damaged as it is.

    Raises:
        OSError: it cannot be read.

    """
    if file.suffix == ".sqlite":
        with contextlib.suppress(sqlite3.Error):
            _snapshot(file, copy)
            return
    shutil.copyfile(file, copy)


def bare(settings: S) -> S:
    """The settings without what is secret."""
    return secrets_from(settings, None)


def secrets_from(settings: S, other: S | None) -> S:
    """The settings with the secrets of others, or with none."""
    changed = {}
    for field in msgspec.structs.fields(settings):
        value = getattr(settings, field.name)
        theirs = getattr(other, field.name) if other else None
        if isinstance(value, msgspec.Struct):
            changed[field.name] = secrets_from(value, theirs)
        elif isinstance(value, str) and any(word in field.name for word in SECRET_WORDS):
            changed[field.name] = theirs or ""
    return msgspec.structs.replace(settings, **changed)


def _snapshot(file: Path, copy: Path) -> None:
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        # One file, with no log beside it.
        target.execute("PRAGMA journal_mode = DELETE")


def _newest_generation(folder: Path) -> Iterator[tuple[str, Path]]:
    """The model in use; older ones are there to go back to on this machine alone."""
    there = folder / GENERATIONS
    whole = [path for path in there.iterdir() if path.name[:1].isdigit()] if there.is_dir() else []
    for file in sorted(max(whole).iterdir()) if whole else ():
        yield f"{GENERATIONS}/{max(whole).name}/{file.name}", file
