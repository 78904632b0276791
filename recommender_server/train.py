"""One generation out of what devices and playlists say; `training` decides whether it is used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from recommender_server.als import bm25
from recommender_server.generation import NAMED, Generation
from recommender_server.interactions import Deed, deeds_of, opinions
from recommender_server.recordings import leading_artist
from recommender_server.service import shipped_or_own_tags
from recommender_server.tag2vec import retrained
from recommender_server.tag_seed import read_seed
from recommender_server.together import heard_together
from recommender_server.trainer import TRAINERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from recommender_server.settings import RecommenderSettings
    from recommender_server.storage import Storage


SONGS_OF_ARTIST = 5
"""As many stand for an artist: a list that names artists is not to fill up with one of them."""


@dataclass(frozen=True, eq=False)
class Heard:
    """Listeners and playlists as rows, items as columns."""

    items: NDArray[np.int64]
    """[m]: catalogue numbers, ascending."""
    user_items: sparse.csr_matrix
    """[rows, m]: confidence that a row likes an item, above 0 only."""
    listeners: int
    playlists: int


def heard(
    store: Storage, settings: RecommenderSettings, held_out: frozenset[int] = frozenset()
) -> Heard:
    """All that was liked: what listeners did, and what stands together in playlists.

    Interactions of the numbers `held_out` are as if they had not been.
    """
    rows: list[dict[int, float]] = []
    for device, listener in store.listeners():
        deeds = [d for d in deeds_of(store, device, listener) if d.number not in held_out]
        liked = _liked(store, device, deeds, settings)
        rows += [liked] if liked else []
    listeners = len(rows)
    completed = settings.confidence.completed
    songs = _songs_of_artists(store)
    lists = [_songs(row, songs, completed) for row in store.playlists()]
    rows += lists
    return _matrix(rows, listeners, len(lists), settings.training.minimum_listens)


def _songs_of_artists(store: Storage) -> dict[int, list[int]]:
    """For each item that stands for an artist, some songs of theirs that devices can play."""
    playable = {item for device in store.devices() for item in store.device_items(device).values()}
    by_artist: dict[str, list[int]] = {}
    artists: dict[str, int] = {}
    for item in store.items():
        name = leading_artist(item.artist)
        if not item.title:
            artists[name] = item.number
        elif item.number in playable and len(by_artist.get(name, ())) < SONGS_OF_ARTIST:
            by_artist.setdefault(name, []).append(item.number)
    return {number: by_artist[name] for name, number in artists.items() if name in by_artist}


def _songs(
    row: dict[int, float], songs: dict[int, list[int]], confidence: float
) -> dict[int, float]:
    """A list with each artist's songs in the artist's place, who share what the artist weighs."""
    found: dict[int, float] = {}
    for item, weight in row.items():
        own = songs.get(item, [item])
        for song in own:
            found[song] = found.get(song, 0.0) + confidence * weight / len(own)
    return found


def _liked(
    store: Storage, device: str, deeds: list[Deed], settings: RecommenderSettings
) -> dict[int, float]:
    item_of = store.device_items(device)
    found: dict[int, float] = {}
    for track, opinion in opinions(deeds, settings.confidence).items():
        if track in item_of and opinion.confidence > 0 and not opinion.banned:
            item = item_of[track]
            found[item] = found.get(item, 0.0) + opinion.confidence
    return found


def _matrix(rows: list[dict[int, float]], listeners: int, playlists: int, minimum: int) -> Heard:
    counts: dict[int, int] = {}
    for row in rows:
        for item in row:
            counts[item] = counts.get(item, 0) + 1
    items = np.array(sorted(i for i, n in counts.items() if n >= minimum), np.int64)
    column = {int(item): place for place, item in enumerate(items)}
    cells = [
        (number, column[item], value)
        for number, row in enumerate(rows)
        for item, value in row.items()
        if item in column
    ]
    at, to, values = zip(*cells, strict=True) if cells else ((), (), ())
    shape = (len(rows), len(items))
    matrix = sparse.csr_matrix((np.array(values, np.float32), (at, to)), shape=shape)
    return Heard(items, matrix, listeners, playlists)


def learn(
    known: Heard,
    bags: list[list[str]],
    settings: RecommenderSettings,
    at_unix_seconds: float,
    stepped: Callable[[str, float], None],
) -> Generation:
    """A generation of what is known and of the tags of each recording; not saved yet."""
    stepped("tags", 0.05)
    space = retrained(shipped_or_own_tags(settings), read_seed(), bags)
    training = settings.training
    weighted, idf, average = bm25(known.user_items, training.bm25_k1, training.bm25_b)
    if len(known.items):
        factors = TRAINERS[settings.trainer]().fit(
            weighted,
            training,
            lambda done: stepped("taste", 0.4 + 0.4 * done / training.iterations),
        )
    else:
        factors = np.zeros((0, training.factors), np.float32)
    stepped("neighbours", 0.85)
    near, closeness = heard_together(known.user_items, training)
    listens = np.asarray((known.user_items > 0).sum(axis=0), np.float32).ravel()
    moment = datetime.fromtimestamp(at_unix_seconds, UTC)
    return Generation(
        name=moment.strftime(NAMED),
        space=space,
        items=known.items,
        factors=factors,
        neighbours=near,
        closeness=closeness,
        popularity=(listens / max(float(listens.max(initial=0)), 1.0)).astype(np.float32),
        idf=idf,
        average_length=average,
    )
