"""`python -m recommender_server evaluate`: the models against public research sets.

The sets stay where they are; nothing that ships is made of them. Measured is the code that
ranks: fold-in, walks and blend as devices get them.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import sparse

from contracts.library_pack import library_pack
from contracts.pack import FACTORS_SHARE, WALK_SHARE
from contracts.ranking import mood_fit
from contracts.tag_space import normalise
from contracts.track import Track, TrackId
from recommender_server.als import bm25, fold_in, train_als, walks
from recommender_server.catalogue import plain
from recommender_server.errors import RecommenderError
from recommender_server.service import shipped_or_own_tags
from recommender_server.settings import RecommenderSettings, TrainingSettings

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SEED = 42
MINIMUM_SONGS, HELD_OUT = 5, 0.2
TESTED = 3000
"""Playlists that are ranked for; chosen at random, all are trained on."""
RECALL_AT, GAIN_AT = 20, 10
MOOD_FIRST = 50
QUADRANTS = {
    "happy": (0.7, 0.5),
    "angry": (-0.6, 0.7),
    "calm": (0.5, -0.6),
    "sad": (-0.7, -0.4),
}
PROTOCOLS = {
    "ALS BM25, f128": TrainingSettings(factors=128, neighbours=500),
    "as shipped": TrainingSettings(),
}
Figures = dict[str, dict[str, float]]


class EvaluationError(RecommenderError):
    """A research set is not where it was said to be."""


def evaluate(folder: Path, *, only: str | None, as_json: bool) -> Figures:
    """Measure, print a table or JSON, and return the figures.

    Raises:
        EvaluationError: a set is missing; says which.

    """
    figures: Figures = {}
    if only != "moods":
        figures |= playlists(folder / "yes_com" / "yes_big")
    if only != "playlists":
        figures["moods, precision of the first 50"] = moods(folder)
    if as_json:
        print(json.dumps(figures, indent=2))  # noqa: T201 - what was asked for
    else:
        Console().print(_table(figures))
    return figures


def playlists(folder: Path) -> Figures:
    """Recall and gain on playlists of which a fifth was hidden (yes_big, Chen et al. 2012)."""
    shown, hidden = split(_playlists(folder), np.random.default_rng(SEED))
    tested = np.random.default_rng(SEED).permutation(shown.shape[0])[:TESTED]
    figures: Figures = {}
    for name, training in PROTOCOLS.items():
        figures |= _measured(name, training, shown, hidden, tested)
    return figures


def _measured(
    name: str,
    training: TrainingSettings,
    shown: sparse.csr_matrix,
    hidden: sparse.csr_matrix,
    tested: NDArray[np.int64],
) -> Figures:
    weighted, _, _ = bm25(shown, training.bm25_k1, training.bm25_b)
    factors = train_als(weighted, training, lambda _done: None)
    gram = factors.T @ factors
    near, closeness = walks(shown, neighbours=training.neighbours)
    walked = _walk_matrix(near, closeness)
    parts = {"taste": (1.0, 0.0), "walks": (0.0, 1.0), "blend": (FACTORS_SHARE, WALK_SHARE)}
    sums = {part: np.zeros(2) for part in parts}
    for row in track(tested, description=name, console=Console(stderr=True)):
        own = weighted[row]
        taste = factors @ fold_in(factors, gram, own.indices, own.data, training.regularisation)
        walk = np.asarray((shown[row] @ walked).todense(), np.float32).ravel()
        for part, (factors_share, walk_share) in parts.items():
            scores = factors_share * _topped(taste) + walk_share * _topped(walk)
            scores[own.indices] = -np.inf
            sums[part] += measures(scores, hidden[row].indices)
    return {
        f"{name}: {part}": {
            "R@20": round(total[0] / len(tested), 3),
            "N@10": round(total[1] / len(tested), 3),
        }
        for part, total in sums.items()
    }


def measures(scores: NDArray[np.float32], wanted: NDArray[np.int32]) -> NDArray[np.float64]:
    """Recall at 20 and normalised discounted gain at 10 of one ranking."""
    best = np.argsort(-scores, kind="stable")[:RECALL_AT]
    hits = np.isin(best, wanted)
    discounts = 1 / np.log2(np.arange(2, RECALL_AT + 2))
    ideal = discounts[: min(len(wanted), GAIN_AT)].sum()
    return np.array([hits.sum() / len(wanted), (hits * discounts)[:GAIN_AT].sum() / ideal])


def split(
    lists: list[list[int]], chance: np.random.Generator
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Shown and hidden songs of each playlist, a fifth (at least one) hidden."""
    cells: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for row, songs in enumerate(lists):
        mixed = chance.permutation(songs)
        count = max(1, round(len(songs) * HELD_OUT))
        for place, song in enumerate(mixed):
            cells[place < count].append((row, int(song)))
    shape = (len(lists), 1 + max(song for songs in lists for song in songs))
    shown, hidden = (
        sparse.csr_matrix((np.ones(len(c), np.float32), tuple(np.array(c).T)), shape=shape)
        for c in (cells[False], cells[True])
    )
    return shown, hidden


def moods(folder: Path) -> dict[str, float]:
    """Share of the first 50 for each quadrant that Deezer's annotation puts there."""
    annotated = _deezer(folder / "deezer_mood")
    tracks, places = [], []
    for song in _tagged(folder / "yes_com" / "yes_complete"):
        place = annotated.get((plain(song.artist), plain(song.title)))
        if place and song.tags:
            tracks.append(song)
            places.append(place)
    pack = library_pack("evaluation", tracks, shipped_or_own_tags(RecommenderSettings()))
    truth = np.array(places)
    figures = {"tracks": float(len(tracks))}
    for name, (valence, arousal) in QUADRANTS.items():
        first = np.argsort(-mood_fit(pack, valence, arousal), kind="stable")[:MOOD_FIRST]
        there = (truth[first] * np.sign([valence, arousal]) > 0).all(axis=1)
        figures[name] = round(float(there.mean()), 2)
    return figures


def _walk_matrix(near: NDArray[np.int32], closeness: NDArray[np.float32]) -> sparse.csr_matrix:
    rows, columns = np.nonzero(near >= 0)
    values = closeness[rows, columns]
    return sparse.csr_matrix((values, (rows, near[rows, columns])), shape=(len(near), len(near)))


def _topped(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    positive = np.maximum(scores, 0)
    scaled: NDArray[np.float32] = (positive / max(float(positive.max()), 1e-9)).astype(np.float32)
    return scaled


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="latin-1").splitlines()
    except OSError as error:
        msg = f"{path} cannot be read: give the folder that holds yes_com and deezer_mood"
        raise EvaluationError(msg) from error


def _playlists(folder: Path) -> list[list[int]]:
    lists = [
        sorted({int(song) for song in line.split()}) for line in _lines(folder / "train.txt")[2:]
    ]
    return [songs for songs in lists if len(songs) >= MINIMUM_SONGS]


def _tagged(folder: Path) -> list[Track]:
    words = dict(line.split(", ", 1) for line in _lines(folder / "tag_hash.txt") if ", " in line)
    found = []
    songs, bags = _lines(folder / "song_hash.txt"), _lines(folder / "tags.txt")
    for line, bag in zip(songs, bags, strict=False):
        number, title, artist = [*line.split("\t"), "", ""][:3]
        tags = tuple(normalise(words[tag]) for tag in bag.split() if tag in words)
        found.append(
            Track(
                id=TrackId(number.strip()),
                title=title.replace("\\/", "/"),
                artist=artist,
                tags=tags,
            )
        )
    return found


def _deezer(folder: Path) -> dict[tuple[str, str], tuple[float, float]]:
    rows = [
        row
        for name in ("train", "validation")
        for row in csv.DictReader(_lines(folder / f"{name}.csv"))
    ]
    return {
        (plain(row["artist_name"]), plain(row["track_name"])): (
            float(row["valence"]),
            float(row["arousal"]),
        )
        for row in rows
    }


def _table(figures: Figures) -> Table:
    table = Table("what", "figures")
    for name, values in figures.items():
        table.add_row(name, "  ".join(f"{k} {v:g}" for k, v in values.items()))
    return table
