"""What this device can play now, and everybody who has to be told when that changes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from contracts.library import library_hash
from device.events import LibraryChanged
from device.own_lists import DEFAULT_FOLDER, ids_by_path, read_lists

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contracts.track import Track, TrackId
    from device.settings import DeviceSettings
    from device.store import Store


class Tier(Protocol):
    """One that ranks the library."""

    def set_library(self, library: str, tracks: Sequence[Track], /) -> None:
        """The library that answers must come from, and its hash."""


class Collection:
    """The library as it was last read from the store; on core's thread alone.

    `told` hear the tracks, `tiers` the library's hash as well.
    """

    def __init__(
        self,
        settings: DeviceSettings,
        store: Store,
        told: Sequence[Callable[[tuple[Track, ...]], None]],
        tiers: Sequence[Tier],
    ) -> None:
        music, named = Path(settings.music_folder).expanduser(), settings.music.lists_folder
        self._lists = Path(named).expanduser() if named else music / DEFAULT_FOLDER
        self._store, self._told, self._tiers = store, told, tiers
        self.tracks: dict[TrackId, Track] = {}
        """Changed in place, so that whoever was given it sees the newest."""

    def read_again(self, at: float) -> LibraryChanged:
        """Read the library from the store and tell everybody; the event says what it holds."""
        tracks = self._store.tracks()
        self.tracks.clear()
        self.tracks.update(tracks)
        rows = tuple(tracks.values())
        for tell in self._told:
            tell(rows)
        library = library_hash(rows)
        for tier in self._tiers:
            tier.set_library(library, rows)
        return LibraryChanged(at=at, tracks=tuple(tracks))

    def own_lists(self) -> dict[str, tuple[TrackId, ...]]:
        """The M3U lists of the listener's own, by their names."""
        if not self._lists.is_dir():
            return {}
        return read_lists(self._lists, partial(ids_by_path, self._store))
