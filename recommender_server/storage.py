"""What the server needs of a database: one narrow protocol, values in and values out.

SQLite keeps it on disk (`store`), a dictionary in memory (`memory_store`); another database
takes their place by passing the same contract test (tests/test_recommender_storage.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from contracts.messages import InteractionKind
from contracts.track import Track
from recommender_server.errors import RecommenderError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from contracts.messages import Interaction


class StoreError(RecommenderError):
    """The database cannot be used, or failed; says what to do."""


class Deed(NamedTuple):
    """One interaction, as far as taste is concerned."""

    track: str
    kind: InteractionKind
    at_unix_seconds: float
    position_seconds: float
    valence_change: float | None = None
    """How much happier the listener looked at its end than at its start, -2 to 2."""
    number: int = 0
    """In the order of arrival."""


class Item(NamedTuple):
    """A recording of the catalogue."""

    number: int
    title: str
    artist: str
    tags: tuple[str, ...]


class LibraryRow(NamedTuple):
    """A track of a library, and the recording that it is."""

    track: Track
    item: int


class Storage(Protocol):
    """Catalogue, libraries, interactions and playlists.

    Raises:
        StoreError: from every call, when the database fails.

    """

    def writing(self) -> AbstractContextManager[object]:
        """One transaction: on disk when the block ends, nothing of it when the block raises.

        Another worker that writes is waited for.
        """

    def close(self) -> None:
        """Let go of the database."""

    def find_item(self, keys: Sequence[str]) -> int | None:
        """The recording of the first of these keys that is known."""

    def add_item(self, title: str, artist: str) -> int:
        """A new recording without tags; its number."""

    def add_keys(self, item: int, keys: Sequence[str]) -> None:
        """Names for a recording; a name that another has stays with that one."""

    def tags_of(self, item: int) -> frozenset[str]:
        """The tags of a recording."""

    def set_tags(self, item: int, tags: frozenset[str]) -> None:
        """Replace the tags of a recording."""

    def items(self) -> list[Item]:
        """Every recording, by number."""

    def keep_chunk(
        self, device: str, library: str, place: tuple[int, int], tracks: Sequence[Track], most: int
    ) -> dict[int, tuple[Track, ...]]:
        """Store a chunk at (index, total); all chunks of its library that there are, by index.

        Chunks of this library with another total give way, and those of the device's
        libraries beyond the `most` told of last.
        """

    def commit_library(
        self, device: str, library: str, rows: Sequence[LibraryRow], kept: int
    ) -> None:
        """A whole library; its chunks go, and the device's libraries beyond the newest `kept`."""

    def library_number(self, device: str, library: str) -> int | None:
        """A committed library of this device; its newest for an empty hash; else None."""

    def library_name(self, number: int) -> str:
        """The hash of a committed library."""

    def library_rows(self, number: int) -> list[LibraryRow]:
        """The rows of a committed library in their order."""

    def device_items(self, device: str) -> dict[str, int]:
        """Recording of every track that the device has or ever had."""

    def items_of_track(self, track: str) -> list[int]:
        """Recordings that devices call by this track id, ascending."""

    def devices(self) -> list[str]:
        """Devices with a committed library, ascending."""

    def add_interactions(self, device: str, interactions: Sequence[Interaction]) -> None:
        """Keep interactions; an id of this device that is there is left alone."""

    def erase_interactions(self, device: str, kept: Collection[InteractionKind]) -> None:
        """Erase what a device sent, but these kinds, which stay without moods.

        What stays gets new numbers, so that what was made of the others is known to be old.
        """

    def newest_interaction(self, device: str = "", listener: str = "") -> int:
        """Number of the newest of a listener, or of all; 0 when there is none."""

    def deeds(self, device: str, listener: str) -> list[Deed]:
        """All that a listener did, oldest first."""

    def listeners(self) -> list[tuple[str, str]]:
        """Device and listener of everybody who did anything, ascending."""

    def put_playlist(self, source: str, name: str, weights: Mapping[int, float]) -> None:
        """A list of recordings with weights above 0; one of the same name is replaced."""

    def playlists(self) -> Iterator[dict[int, float]]:
        """Every playlist's recordings and weights, in the order they first came."""

    def counts(self) -> dict[str, int]:
        """How many devices, libraries, recordings, interactions, listeners, playlists."""
