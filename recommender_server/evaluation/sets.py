"""The research sets, read where they lie."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from contracts.tag_space import normalise
from contracts.track import Track, TrackId
from recommender_server.catalogue import plain
from recommender_server.errors import RecommenderError

if TYPE_CHECKING:
    from pathlib import Path

MINIMUM_SONGS = 5
ARTIST_TAGS = 15
"""Tags of an artist that are kept, the most given first."""


class EvaluationError(RecommenderError):
    """A research set is not where it was said to be."""


def lines(path: Path) -> list[str]:
    """Lines of a file of a set.

    Raises:
        EvaluationError: it is not there; says what is expected.

    """
    try:
        return path.read_text(encoding="latin-1").splitlines()
    except OSError as error:
        msg = f"{path} cannot be read: give the folder that holds yes_com, hetrec2011-lastfm and deezer_mood"  # noqa: E501
        raise EvaluationError(msg) from error


def playlists(folder: Path) -> tuple[list[list[int]], list[list[int]]]:
    """Playlists with five unique songs and more, and the shorter ones (Chen et al. 2012)."""
    lists = [
        sorted({int(song) for song in line.split()}) for line in lines(folder / "train.txt")[2:]
    ]
    long = [songs for songs in lists if len(songs) >= MINIMUM_SONGS]
    return long, [songs for songs in lists if 0 < len(songs) < MINIMUM_SONGS]


def songs(folder: Path) -> list[Track]:
    """The songs of a Yes.com set with artist, title and Last.fm tags; the row is the number."""
    words = dict(line.split(", ", 1) for line in lines(folder / "tag_hash.txt") if ", " in line)
    found = []
    titles, bags = lines(folder / "song_hash.txt"), lines(folder / "tags.txt")
    for line, bag in zip(titles, bags, strict=False):
        number, title, artist = [*line.split("\t"), "", ""][:3]
        tags = tuple(normalise(words[tag]) for tag in bag.split() if tag in words)
        title = title.replace("\\/", "/")
        found.append(Track(id=TrackId(number.strip()), title=title, artist=artist, tags=tags))
    return found


def artists(folder: Path) -> tuple[sparse.csr_matrix, list[Track]]:
    """Who heard which artist (binary), and the artists with their tags (HetRec 2011)."""
    listeners, heard = _columns(folder / "user_artists.dat", 2)
    names, columns = np.unique(heard, return_inverse=True)
    _, rows = np.unique(listeners, return_inverse=True)
    plays = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)))
    plays.data[:] = 1
    words = dict(line.split("\t", 1) for line in lines(folder / "tags.dat")[1:])
    bags: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for name in ("user_taggedartists.dat", "user_taggedartists_2.dat"):
        _, tagged, tags = _columns(folder / name, 3)
        for artist, tag in zip(tagged.tolist(), tags.tolist(), strict=True):
            bags[artist][normalise(words.get(str(tag), ""))] += 1
    return plays, [
        Track(
            id=TrackId(str(name)),
            title=str(name),
            artist=str(name),
            tags=tuple(tag for tag, _ in bags[name].most_common(ARTIST_TAGS) if tag),
        )
        for name in names.tolist()
    ]


def _columns(path: Path, count: int) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    rows = [line.split("\t")[:count] for line in lines(path)]
    return list(np.array([row for row in rows if row[0].isdecimal()], np.int64).T)


def placed_songs(folder: Path) -> tuple[list[Track], list[tuple[float, float]]]:
    """Tagged songs of yes_complete that Deezer's set knows, with valence and arousal there."""
    annotated = _deezer(folder / "deezer_mood")
    tracks, places = [], []
    for song in songs(folder / "yes_com" / "yes_complete"):
        place = annotated.get((plain(song.artist), plain(song.title)))
        if place and song.tags:
            tracks.append(song)
            places.append(place)
    return tracks, places


def _deezer(folder: Path) -> dict[tuple[str, str], tuple[float, float]]:
    rows = [
        row
        for name in ("train", "validation")
        for row in csv.DictReader(lines(folder / f"{name}.csv"))
    ]
    return {
        (plain(row["artist_name"]), plain(row["track_name"])): (
            float(row["valence"]),
            float(row["arousal"]),
        )
        for row in rows
    }
