"""The pack as a device has it, pruned and in half precision, against the server's live ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from contracts.messages import RecommendRequest
from recommender_server.evaluation import sets
from recommender_server.evaluation.measures import matrix, split
from recommender_server.evaluation.models import learn, listener_pack, packed
from recommender_server.fidelity import Case, fidelity
from recommender_server.settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contracts.pack import Pack

LISTENERS = 300
COUNT = 20


def offline(folder: Path, seed: int) -> dict[str, dict[str, float]]:
    """Overlap of the first 20 and N@10 kept, for listeners with a fifth hidden."""
    long, short = sets.playlists(folder)
    tracks = sets.songs(folder)
    shown, hidden = split(long, np.random.default_rng(seed), len(tracks))
    heard = sparse.vstack([shown, matrix(short, len(tracks))]).tocsr()
    learnt = learn(heard, TrainingSettings())
    pack = packed(learnt, tracks)
    rows = np.random.default_rng(seed).permutation(len(long))[:LISTENERS]
    factors = learnt.folded(shown[rows])

    def cases() -> Iterator[Case]:
        for place, row in enumerate(rows):
            own = shown.indices[shown.indptr[row] : shown.indptr[row + 1]]
            wanted = hidden.indices[hidden.indptr[row] : hidden.indptr[row + 1]]
            yield _case(listener_pack(pack, own, factors[place]), own.tolist(), wanted.tolist())

    found = fidelity(cases())
    return {
        "pack against server": {
            "overlap": found.overlap,
            "N@10 kept": found.gain_kept,
            "N@10 live": found.gain_live,
        }
    }


def _case(pack: Pack, own: list[int], wanted: list[int]) -> Case:
    """A request for taste alone, without what was already heard."""
    request = RecommendRequest(
        mood_weight=0, count=COUNT, exclude=tuple(pack.tracks[row] for row in own)
    )
    return Case(pack, request, frozenset(pack.tracks[row] for row in wanted))
