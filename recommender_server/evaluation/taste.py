"""Taste against playlists (Yes.com) and listeners (HetRec), by the protocols of the table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy import sparse

from recommender_server.evaluation import sets
from recommender_server.evaluation.measures import folds, matrix, measured, split
from recommender_server.evaluation.models import (
    SHIPPED,
    Learnt,
    learn,
    listener_pack,
    packed,
    scores,
    to_beat,
)
from recommender_server.settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contracts.pack import Pack
    from contracts.track import Track

BLOCK = 500
UNSEEN = 0.1
FOLDS = 5
Figures = dict[str, dict[str, float]]


def held_out(folder: Path, seed: int) -> Figures:
    """A fifth of each playlist of five songs and more hidden; shorter lists are learnt from too."""
    long, short = sets.playlists(folder)
    tracks = sets.songs(folder)
    shown, hidden = split(long, np.random.default_rng(seed), len(tracks))
    began = time.process_time()
    all_lists = sparse.vstack([shown, matrix(short, len(tracks))]).tocsr()
    learnt = learn(all_lists, TrainingSettings())
    figures: Figures = {"training": {"CPU s": time.process_time() - began}}
    figures |= ranked(learnt, tracks, shown, hidden, f"held out, seed {seed}", parts=True)
    alone = learn(shown, TrainingSettings())
    strict = ranked(alone, tracks, shown, hidden, f"no shorter lists, seed {seed}", parts=False)
    return figures | {f"{name}, no shorter lists": found for name, found in strict.items()}


def new_listeners(folder: Path, seed: int) -> Figures:
    """A tenth of the playlists unseen in training, a fifth of each hidden, the rest folded in."""
    long, short = sets.playlists(folder)
    tracks = sets.songs(folder)
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(long))
    count = round(len(long) * UNSEEN)
    known = matrix([long[row] for row in order[count:]] + short, len(tracks))
    shown, hidden = split([long[row] for row in order[:count]], chance, len(tracks))
    learnt = learn(known, TrainingSettings())
    return ranked(learnt, tracks, shown, hidden, f"new listeners, seed {seed}", parts=True)


def artists(folder: Path, seed: int) -> Figures:
    """Five folds of who heard which artist, binary, all artists ranked (HetRec 2011)."""
    plays, tracks = sets.artists(folder)
    totals: dict[str, list[dict[str, float]]] = {}
    parts = folds(plays, FOLDS, np.random.default_rng(seed))
    for number, (shown, hidden) in enumerate(parts, start=1):
        learnt = learn(shown, TrainingSettings())
        label = f"HetRec, seed {seed}, fold {number}"
        for name, found in ranked(learnt, tracks, shown, hidden, label, parts=False).items():
            totals.setdefault(name, []).append(found)
    return {
        name: {key: float(np.mean([one[key] for one in found])) for key in found[0]}
        for name, found in totals.items()
    }


def ranked(
    learnt: Learnt,
    tracks: Sequence[Track],
    shown: sparse.csr_matrix,
    hidden: sparse.csr_matrix,
    label: str,
    *,
    parts: bool,
) -> Figures:
    """R@20 and N@10 of each model over the listeners with something shown and hidden."""
    both = np.flatnonzero((np.diff(shown.indptr) > 0) & (np.diff(hidden.indptr) > 0))
    sums: dict[str, list[np.ndarray[tuple[int, int], np.dtype[np.float64]]]] = {}
    pack = packed(learnt, tracks)
    starts = range(0, len(both), BLOCK)
    for start in track(starts, description=label, console=Console(stderr=True)):
        rows = both[start : start + BLOCK]
        own, wanted = shown[rows], hidden[rows].toarray() > 0
        found = scores(learnt, own, parts=parts) | {SHIPPED: tastes(learnt, pack, own)}
        if parts:
            found |= to_beat(found, pack, own)
        seen = own.toarray() > 0
        for name, values in found.items():
            values[seen] = -np.inf
            sums.setdefault(name, []).append(measured(values, wanted))
    means = {name: np.concatenate(blocks).mean(axis=0) for name, blocks in sums.items()}
    return {name: {"R@20": float(r), "N@10": float(n)} for name, (r, n) in means.items()}


def tastes(
    learnt: Learnt, pack: Pack, own: sparse.csr_matrix
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """[listeners, items]: taste as the pack of each listener tells it."""
    factors = learnt.folded(own)
    found = np.zeros(own.shape, np.float32)
    for row in range(own.shape[0]):
        liked = own.indices[own.indptr[row] : own.indptr[row + 1]]
        found[row] = listener_pack(pack, liked, factors[row]).taste
    return found
