"""HetRec 2011's Last.fm folder (Cantador et al. 2011): who played which artists, and their tags.

It speaks of artists, not of songs: training gives an artist's listeners to the artist's songs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recommender_server import catalogue
from recommender_server.importers.intake import ImportFileError, Intake, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

UNKNOWN_ARTIST = "of an artist that artists.dat does not have"
UNKNOWN_TAG = "with a tag that tags.dat does not have"


def take(path: Path, intake: Intake, stepped: Callable[[float], None]) -> None:
    """A folder with artists.dat and user_artists.dat, and tags.dat with user_taggedartists*.dat."""
    names = {number: name for number, name, *_ in _rows(path / "artists.dat", 2)}
    plays: dict[str, dict[str, float]] = {}
    for user, artist, count in _rows(path / "user_artists.dat", 3):
        plays.setdefault(user, {})[artist] = _count(path / "user_artists.dat", count)
    bags = _bags(path, names, intake)
    heard = sorted({artist for row in plays.values() for artist in row} | set(bags))
    items = {number: intake.artist(names[number]) for number in heard if number in names}
    for number, bag in bags.items():
        catalogue.add_tags(intake.store, items[number], bag)
    for done, (user, row) in enumerate(plays.items()):
        stepped(done / len(plays))
        known = {items[artist]: 1.0 + math.log2(n) for artist, n in row.items() if artist in items}
        intake.leave(UNKNOWN_ARTIST, sum(artist not in items for artist in row))
        intake.take(f"user {user}", known, sum(artist in items for artist in row))


def _bags(path: Path, names: dict[str, str], intake: Intake) -> dict[str, set[str]]:
    """Tags of each artist."""
    files = sorted(path.glob("user_taggedartists*.dat"))
    if not files or not (path / "tags.dat").is_file():
        return {}
    words = {number: word for number, word, *_ in _rows(path / "tags.dat", 2, "latin-1")}
    bags: dict[str, set[str]] = {}
    for file in files:
        for _, artist, tag, *_ in _rows(file, 3):
            if artist not in names or tag not in words:
                intake.leave(UNKNOWN_ARTIST if artist not in names else UNKNOWN_TAG)
                continue
            bags.setdefault(artist, set()).add(words[tag])
            intake.used += 1
    return bags


def _rows(path: Path, columns: int, encoding: str = "utf-8-sig") -> Iterator[list[str]]:
    """The rows under the heading, by tabs."""
    lines = read_text(path, encoding).replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines[1:], start=2):
        row = line.split("\t")
        if line and len(row) < columns:
            why = f"line {number} has {len(row)} of at least {columns} columns parted by tabs"
            raise ImportFileError(path, why)
        if line:
            yield row


def _count(path: Path, text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ImportFileError(path, f"{text!r} is no number of plays")
    return max(1, int(text))
