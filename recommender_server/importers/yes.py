"""Yes.com's radio playlists with Last.fm's tags (Chen et al. 2012): a folder of text files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender_server import catalogue
from recommender_server.importers.intake import (
    NO_TITLE,
    REPEATED,
    ImportFileError,
    Intake,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNKNOWN = "a song that song_hash.txt does not have"
UNKNOWN_TAG = "with a tag that tag_hash.txt does not have"
LATIN = "latin-1"


def take(path: Path, intake: Intake, stepped: Callable[[float], None]) -> None:
    """A folder with song_hash.txt, and train.txt, or tags.txt with tag_hash.txt, or both."""
    songs = _songs(path / "song_hash.txt")
    lists, tags = path / "train.txt", path / "tags.txt"
    if not lists.is_file() and not tags.is_file():
        raise ImportFileError(path, "it has neither train.txt nor tags.txt")
    items: dict[int, int] = {}
    if tags.is_file():
        _take_tags(path, songs, items, intake)
    if lists.is_file():
        lines = read_text(lists, LATIN).split("\n")[2:]  # song numbers and counts come first
        for number, line in enumerate(lines):
            stepped(number / len(lines))
            if line.strip():
                _take_list(f"{path.name} {number}", _numbers(lists, line), songs, items, intake)


def _songs(path: Path) -> dict[int, tuple[str, str]]:
    """Title and artist by number; titles escape a slash."""
    found = {}
    for line in read_text(path, LATIN).split("\n"):
        number, title, artist = [*line.split("\t"), "", ""][:3]
        if number.strip():
            (at,) = _numbers(path, number)
            found[at] = (title.replace("\\/", "/").strip(), artist.replace("\\/", "/").strip())
    return found


def _take_list(
    name: str,
    numbers: list[int],
    songs: dict[int, tuple[str, str]],
    items: dict[int, int],
    intake: Intake,
) -> None:
    weights: dict[int, float] = {}
    rows = 0
    for number in numbers:
        item = _item(number, songs, items, intake)
        if item is None:
            continue
        if item in weights:
            intake.leave(REPEATED)
            continue
        weights[item] = 1.0
        rows += 1
    intake.take(name, weights, rows)


def _item(
    number: int, songs: dict[int, tuple[str, str]], items: dict[int, int], intake: Intake
) -> int | None:
    """The recording of a song number; None, and counted, when it has no name."""
    if number in items:
        return items[number]
    title, artist = songs.get(number, ("", ""))
    if not title.strip("- ") or not artist.strip("- "):
        intake.leave(NO_TITLE if number in songs else UNKNOWN)
        return None
    items[number] = intake.song(title, artist, key=f"{artist} {title}")
    return items[number]


def _take_tags(
    path: Path, songs: dict[int, tuple[str, str]], items: dict[int, int], intake: Intake
) -> None:
    pairs = [line.split(", ", 1) for line in read_text(path / "tag_hash.txt", LATIN).split("\n")]
    words = {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}  # noqa: PLR2004 - a pair
    for number, line in enumerate(read_text(path / "tags.txt", LATIN).split("\n")):
        tags = [] if line.strip() in {"", "#"} else line.split()
        if not tags:
            continue
        known = [words[tag] for tag in tags if tag in words]
        intake.leave(UNKNOWN_TAG, len(tags) - len(known))
        item = _item(number, songs, items, intake) if known else None
        if item is None:
            intake.leave(NO_TITLE, max(0, len(known) - 1))
            continue
        catalogue.add_tags(intake.store, item, known)
        intake.used += len(known)


def _numbers(path: Path, line: str) -> list[int]:
    words = line.split()
    wrong = next((word for word in words if not (word.isascii() and word.isdecimal())), None)
    if wrong is not None:
        raise ImportFileError(path, f"{wrong[:40]!r} stands where a song's number should")
    return [int(word) for word in words]
