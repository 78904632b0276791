"""Storage in memory: forgotten when the program ends. For tests, and to try the server out."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recommender_server.storage import Deed, Item, LibraryRow, StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from contracts.messages import Interaction, InteractionKind
    from contracts.track import Track


class MemoryStore:
    """`Storage` in dictionaries; refuses what a database would refuse."""

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}
        self._items: dict[int, Item] = {}
        self._chunks: dict[tuple[str, str], tuple[int, dict[int, tuple[Track, ...]]]] = {}
        self._libraries: dict[int, tuple[str, str, list[LibraryRow]]] = {}
        self._device_items: dict[str, dict[str, int]] = {}
        self._deeds: dict[tuple[str, str], tuple[str, Deed]] = {}
        self._playlists: dict[tuple[str, str], dict[int, float]] = {}
        self._last_library = self._last_deed = 0
        self._writing = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """As `Storage` says."""
        if self._writing:
            msg = "a transaction within a transaction"
            raise StoreError(msg)
        before = {name: copy.deepcopy(value) for name, value in vars(self).items()}
        self._writing = True
        try:
            yield
        except BaseException:
            vars(self).update(before)
            raise
        self._writing = False

    def close(self) -> None:
        """As `Storage` says."""

    # Catalogue

    def find_item(self, keys: Sequence[str]) -> int | None:
        """As `Storage` says."""
        return next((self._keys[key] for key in keys if key in self._keys), None)

    def add_item(self, title: str, artist: str) -> int:
        """As `Storage` says."""
        number = len(self._items) + 1
        self._items[number] = Item(number, title, artist, ())
        return number

    def add_keys(self, item: int, keys: Sequence[str]) -> None:
        """As `Storage` says."""
        for key in keys:
            self._keys.setdefault(key, item)

    def tags_of(self, item: int) -> frozenset[str]:
        """As `Storage` says."""
        return frozenset(self._items[item].tags)

    def set_tags(self, item: int, tags: frozenset[str]) -> None:
        """As `Storage` says."""
        self._items[item] = self._items[item]._replace(tags=tuple(sorted(tags)))

    def items(self) -> list[Item]:
        """As `Storage` says."""
        return list(self._items.values())

    # Libraries

    def keep_chunk(
        self, device: str, library: str, place: tuple[int, int], tracks: Sequence[Track], most: int
    ) -> dict[int, tuple[Track, ...]]:
        """As `Storage` says."""
        index, total = place
        cut, known = self._chunks.pop((device, library), (total, {}))
        known = known if cut == total else {}
        known[index] = tuple(tracks)
        self._chunks[device, library] = (total, known)
        for old in [key for key in self._chunks if key[0] == device][:-most]:
            del self._chunks[old]
        return dict(known)

    def commit_library(
        self, device: str, library: str, rows: Sequence[LibraryRow], kept: int
    ) -> None:
        """As `Storage` says."""
        self._last_library += 1
        self._libraries = {
            n: row for n, row in self._libraries.items() if row[:2] != (device, library)
        }
        self._libraries[self._last_library] = (device, library, list(rows))
        self._device_items.setdefault(device, {}).update({t.id: item for t, item in rows})
        self._chunks.pop((device, library), None)
        for old in [n for n, row in self._libraries.items() if row[0] == device][:-kept]:
            del self._libraries[old]

    def library_number(self, device: str, library: str) -> int | None:
        """As `Storage` says."""
        own = [
            n
            for n, (d, name, _) in self._libraries.items()
            if d == device and library in ("", name)
        ]
        return max(own, default=None)

    def library_name(self, number: int) -> str:
        """As `Storage` says."""
        return self._libraries[number][1]

    def library_rows(self, number: int) -> list[LibraryRow]:
        """As `Storage` says."""
        return list(self._libraries[number][2])

    def device_items(self, device: str) -> dict[str, int]:
        """As `Storage` says."""
        return dict(self._device_items.get(device, {}))

    def items_of_track(self, track: str) -> list[int]:
        """As `Storage` says."""
        return sorted({own[track] for own in self._device_items.values() if track in own})

    def devices(self) -> list[str]:
        """As `Storage` says."""
        return sorted({device for device, _, _ in self._libraries.values()})

    # Interactions and playlists

    def add_interactions(self, device: str, interactions: Sequence[Interaction]) -> None:
        """As `Storage` says."""
        for one in interactions:
            deed = Deed(
                one.track,
                one.kind,
                one.at_unix_seconds,
                one.position_seconds,
                one.valence_change,
                self._next_deed(),
            )
            self._deeds.setdefault((device, one.id), (one.listener, deed))

    def _next_deed(self) -> int:
        self._last_deed += 1
        return self._last_deed

    def erase_interactions(self, device: str, kept: Collection[InteractionKind]) -> None:
        """As `Storage` says."""
        own = {key: row for key, row in self._deeds.items() if key[0] == device}
        for key, (listener, deed) in own.items():
            del self._deeds[key]
            if deed.kind in kept:
                left = deed._replace(valence_change=None, number=self._next_deed())
                self._deeds[key] = (listener, left)

    def newest_interaction(self, device: str = "", listener: str = "") -> int:
        """As `Storage` says."""
        wanted = (
            deed.number
            for (owner, _), (who, deed) in self._deeds.items()
            if not device or (owner, who) == (device, listener)
        )
        return max(wanted, default=0)

    def deeds(self, device: str, listener: str) -> list[Deed]:
        """As `Storage` says."""
        own = [d for (o, _), (who, d) in self._deeds.items() if (o, who) == (device, listener)]
        return sorted(own, key=lambda deed: (deed.at_unix_seconds, deed.number))

    def listeners(self) -> list[tuple[str, str]]:
        """As `Storage` says."""
        return sorted({(device, who) for (device, _), (who, _) in self._deeds.items()})

    def put_playlist(self, source: str, name: str, weights: Mapping[int, float]) -> None:
        """As `Storage` says."""
        self._playlists[source, name] = dict(sorted(weights.items()))

    def playlists(self) -> Iterator[dict[int, float]]:
        """As `Storage` says."""
        yield from (dict(row) for row in self._playlists.values() if row)

    def counts(self) -> dict[str, int]:
        """As `Storage` says."""
        return {
            "devices": len(self.devices()),
            "libraries": len(self._libraries),
            "recordings": len(self._items),
            "interactions": len(self._deeds),
            "listeners": len(self.listeners()),
            "playlists": len(self._playlists),
        }
