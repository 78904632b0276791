"""What every importer shares: counting what was used, and why the rest was not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from contracts.track import Track, TrackId
from recommender_server import catalogue
from recommender_server.errors import RecommenderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from recommender_server.storage import Storage

S = TypeVar("S")

MINIMUM_SONGS = 2
TOO_SHORT = f"in a list of fewer than {MINIMUM_SONGS} known songs"
NO_TITLE = "without a title or an artist"
REPEATED = "there already in the same list"


class ImportFileError(RecommenderError):
    """A file or folder to import is not as expected; nothing of it was taken in."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be imported: {why}. Nothing was taken in.")
        self.path, self.why = path, why


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an import."""

    kind: str
    lists: int
    """Playlists, or whatever stands for one: a listener, a month of a listener's history."""
    rows: int
    """Entries read: songs of lists, listens, tags of songs."""
    used: int
    unused: dict[str, int]
    """How many entries were not used, by reason."""


class Intake:
    """The way into the database; every row that was read is either used or left for a reason."""

    def __init__(self, store: Storage, kind: str) -> None:
        self.store, self.kind = store, kind
        self.used = 0
        self._lists = 0
        self._unused: Counter[str] = Counter()

    def leave(self, why: str, rows: int = 1) -> None:
        """Count rows that are not used."""
        self._unused[why] += rows

    def song(self, title: str, artist: str, *, key: str, mbid: str = "", isrc: str = "") -> int:
        """The recording of this name, made when it is new."""
        track = Track(id=TrackId(key), title=title, artist=artist, musicbrainz_id=mbid, isrc=isrc)
        return catalogue.item_of(self.store, track, fallback=f"{self.kind}:{key}")

    def artist(self, name: str) -> int:
        """What stands for an artist as a whole; training gives it to the artist's songs."""
        track = Track(id=TrackId(""), title="", artist=name)
        return catalogue.item_of(self.store, track, fallback=catalogue.artist_key(name))

    def take(
        self, name: str, weights: Mapping[int, float], rows: int, tags: Iterable[str] = ()
    ) -> None:
        """Keep a list that `rows` rows made, and its tags with its songs, unless it is short."""
        if len(weights) < MINIMUM_SONGS:
            self.leave(TOO_SHORT, rows)
            return
        self.store.put_playlist(self.kind, name, weights)
        for item in weights:
            catalogue.add_tags(self.store, item, tags)
        self._lists += 1
        self.used += rows

    def report(self) -> Report:
        """The count so far."""
        return Report(
            kind=self.kind,
            lists=self._lists,
            rows=self.used + self._unused.total(),
            used=self.used,
            unused={why: rows for why, rows in self._unused.most_common() if rows},
        )


def read_bytes(path: Path, most: int = -1) -> bytes:
    """A file's content, or its first `most` bytes.

    Raises:
        ImportFileError: it cannot be read.

    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise ImportFileError(path, f"it cannot be read ({error.strerror})") from error


def read_text(path: Path, encoding: str = "utf-8-sig") -> str:
    """A file's text.

    Raises:
        ImportFileError: it cannot be read, or is not text of this encoding.

    """
    content = read_bytes(path)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ImportFileError(path, f"it is not {encoding} text ({error})") from error
    if "\0" in text:
        raise ImportFileError(path, "it is not text, but some other kind of file")
    return text


def decoded(path: Path, content: bytes, kind: type[S] | Any, expected: str) -> S:  # noqa: ANN401 - any type hint
    """JSON of this type.

    Raises:
        ImportFileError: it is not; says where it differs, and what was `expected`.

    """
    try:
        found: S = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ImportFileError(path, f"{error}; expected {expected}") from error
    return found


def read_json(path: Path, kind: type[S] | Any, expected: str) -> S:  # noqa: ANN401 - any type hint
    """A JSON file of this type.

    Raises:
        ImportFileError: it cannot be read, or is of another shape.

    """
    found: S = decoded(path, read_bytes(path), kind, expected)
    return found
