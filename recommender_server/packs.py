"""Packs of devices' libraries: made when asked for, kept until something in them changes."""

from __future__ import annotations

import sys
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import numpy as np

from contracts.ranking import Pack, library_pack, rounded
from recommender_server import catalogue, interactions
from recommender_server.als import bm25_weights, fold_in
from recommender_server.interactions import Opinion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contracts.tag_space import TagSpace
    from contracts.track import Track
    from recommender_server.generation import Generation
    from recommender_server.settings import RecommenderSettings, TrainingSettings
    from recommender_server.storage import Storage

K = TypeVar("K")
V = TypeVar("V")

LIKED_AT = 4.0
"""Confidence that is full affinity: one like, or four plays to the end."""


class _Key(NamedTuple):
    device: str
    library: int
    generation: str


class _Made(NamedTuple):
    newest: int
    pack: Pack


class Packs:
    """The packs of all devices, the last used kept in memory."""

    def __init__(self, store: Storage, settings: RecommenderSettings) -> None:
        self._store, self._settings = store, settings
        self._libraries: OrderedDict[_Key, tuple[Pack, list[int]]] = OrderedDict()
        self._made: OrderedDict[tuple[_Key, str], _Made] = OrderedDict()
        self._vocabularies: WeakValueDictionary[tuple[str, tuple[str, ...]], TagSpace]
        self._vocabularies = WeakValueDictionary()
        """By generation and words: two thirds of a small pack, and alike in most."""

    def of(self, device: str, library: str, listener: str, generation: Generation) -> Pack | None:
        """The pack as of now; None when this library has not arrived."""
        number = catalogue.library_number(self._store, device, library)
        if number is None:
            return None
        key = _Key(device, number, generation.name)
        newest = interactions.newest(self._store, device, listener)
        kept = self._made.get((key, listener))
        if kept is None or kept.newest != newest:
            kept = _Made(newest, self._make(key, listener, generation))
            _keep(self._made, (key, listener), kept, self._settings.limits.packs_cached)
        return kept.pack

    def _make(self, key: _Key, listener: str, generation: Generation) -> Pack:
        if key not in self._libraries:
            made = self._of_library(key, generation)
            _keep(self._libraries, key, made, self._settings.limits.packs_cached)
        pack, _ = self._libraries[key]
        deeds = interactions.deeds_of(self._store, key.device, listener)
        opinions = interactions.opinions(deeds, self._settings.confidence)
        items = self._store.device_items(key.device)
        taste = listener_factors(opinions, items, generation, self._settings.training)
        return with_listener(pack, listener, opinions, taste)

    def _of_library(self, key: _Key, generation: Generation) -> tuple[Pack, list[int]]:
        tracks, items = catalogue.library_tracks(self._store, key.library)
        name = self._store.library_name(key.library)
        pack = trained_pack(name, tracks, items, generation)
        return replace(pack, vocabulary=self._shared(pack.vocabulary, generation.name)), items

    def _shared(self, vocabulary: TagSpace, generation: str) -> TagSpace:
        """One copy for all packs that have the same; of others the words are shared."""
        known = self._vocabularies.get((generation, vocabulary.names))
        if known is None:
            names = tuple(map(sys.intern, vocabulary.names))
            known = replace(vocabulary, names=names)
            self._vocabularies[generation, names] = known
        return known


def _keep(kept: OrderedDict[K, V], key: K, value: V, limit: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > limit:
        kept.popitem(last=False)


def trained_pack(
    library: str, tracks: Sequence[Track], items: Sequence[int], generation: Generation
) -> Pack:
    """A library's pack with all that the generation knows of it; nobody's taste yet.

    In the precision of a pack's bytes, so that the server ranks as a device does.
    """
    return rounded(exact_pack(library, tracks, items, generation))


def exact_pack(
    library: str, tracks: Sequence[Track], items: Sequence[int], generation: Generation
) -> Pack:
    """As `trained_pack`, in the precision that was learnt: what rounding is measured against."""
    pack = library_pack(library, tracks, generation.space)
    rows = generation.rows_of(np.array(items, np.int64))
    known = rows >= 0
    factors = np.zeros((len(tracks), generation.factors.shape[1]), np.float32)
    factors[known] = generation.factors[rows[known]]
    neighbours, closeness = _inside(rows, generation)
    popularity = pack.popularity
    if known.any():
        heard = np.zeros(len(tracks), np.float32)
        heard[known] = generation.popularity[rows[known]]
        popularity = np.maximum(0.5 * pack.popularity, heard).astype(np.float32)
    return replace(
        pack,
        generation=generation.name,
        factors=factors,
        listener_factors=np.zeros(factors.shape[1], np.float32),
        neighbours=neighbours,
        closeness=closeness,
        popularity=popularity,
    )


def _inside(
    rows: NDArray[np.int64], generation: Generation
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Neighbours as rows of the library, as many as some track has in it; -1, with closeness 0,
    where there are fewer.
    """
    k = generation.neighbours.shape[1]
    here = np.full(len(generation.items) + 1, -1, np.int32)
    here[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
    neighbours = np.full((len(rows), k), -1, np.int32)
    closeness = np.zeros((len(rows), k), np.float32)
    known = rows >= 0
    neighbours[known] = here[generation.neighbours[rows[known]]]
    closeness[known] = np.where(neighbours[known] >= 0, generation.closeness[rows[known]], 0)
    there = neighbours >= 0
    most = int(there.sum(axis=1).max(initial=0))
    first = np.argsort(~there, axis=1, kind="stable")[:, :most]
    return np.take_along_axis(neighbours, first, 1), np.take_along_axis(closeness, first, 1)


def listener_factors(
    opinions: dict[str, Opinion],
    items: dict[str, int],
    generation: Generation,
    training: TrainingSettings,
) -> NDArray[np.float32]:
    """The listener's taste [f], folded in from all they did, also with tracks no longer here."""
    told = [(items[track], o.confidence) for track, o in opinions.items() if track in items]
    rows = generation.rows_of(np.array([item for item, _ in told], np.int64))
    values = np.array([confidence for _, confidence in told], np.float32)[rows >= 0]
    rows = rows[rows >= 0]
    weights = np.sign(values) * bm25_weights(
        np.abs(values),
        float(np.abs(values).sum()),
        generation.idf[rows],
        average=generation.average_length,
        k1=training.bm25_k1,
        b=training.bm25_b,
    )
    return fold_in(generation.factors, generation.gram, rows, weights, training.regularisation)


def with_listener(
    pack: Pack, listener: str, opinions: dict[str, Opinion], factors: NDArray[np.float32]
) -> Pack:
    """The pack for one listener."""
    count = len(pack.tracks)
    affinity, plays = np.zeros(count, np.float32), np.zeros(count, np.float32)
    banned = np.zeros(count, np.bool_)
    for track, opinion in opinions.items():
        row = pack.index.get(track)
        if row is not None:
            affinity[row] = np.clip(opinion.confidence / LIKED_AT, -1, 1)
            plays[row], banned[row] = opinion.plays, opinion.banned
    return pack.for_listener(
        listener, factors=factors, affinity=affinity, plays=plays, banned=banned
    )
