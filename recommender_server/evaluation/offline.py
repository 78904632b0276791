"""The pack as a device reads it out of bytes, against what the server has before they are made.

The server's side ranks with factors in float32, and with every neighbour that it kept; a second
line holds the device against far more neighbours than any pack or server keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from scipy import sparse

from contracts.messages import RecommendRequest
from contracts.ranking import pack_bytes, read_pack
from recommender_server.evaluation import sets
from recommender_server.evaluation.measures import matrix, split
from recommender_server.evaluation.models import Learnt, learn, listener_pack
from recommender_server.fidelity import Case, fidelity
from recommender_server.packs import exact_pack, trained_pack
from recommender_server.settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from contracts.pack import Pack
    from contracts.track import Track

LISTENERS = 300
COUNT = 20
UNPRUNED = 500
"""Neighbours a track that the last line's server has, five times as many as are kept."""
ASKED: dict[str, dict[str, object]] = {
    "taste alone": {"mood_weight": 0.0},
    "half mood": {"mood_weight": 0.5, "valence": 0.6, "arousal": 0.4},
    "mood and hour": {"mood_weight": 0.8, "valence": -0.5, "arousal": -0.4, "hour": 22.0},
    "tags": {"mood_weight": 0.3, "valence": 0.4, "arousal": 0.2, "tags": ("rock", "80s")},
    "like a track": {"mood_weight": 0.0},
}
"""Kinds of request, each put by every listener in turn; the last names a track of theirs."""


def offline(folder: Path, seed: int) -> dict[str, dict[str, float]]:
    """Overlap of the first 20 and N@10 kept, for listeners with a fifth hidden, by request."""
    long, short = sets.playlists(folder)
    tracks = sets.songs(folder)
    shown, hidden = split(long, np.random.default_rng(seed), len(tracks))
    heard = sparse.vstack([shown, matrix(short, len(tracks))]).tocsr()
    learnt = learn(heard, TrainingSettings())
    rows = np.random.default_rng(seed).permutation(len(long))[:LISTENERS]
    return compared(learnt, tracks, shown[rows], hidden[rows])


def compared(
    learnt: Learnt, tracks: Sequence[Track], shown: sparse.csr_matrix, hidden: sparse.csr_matrix
) -> dict[str, dict[str, float]]:
    """The device's lists of listeners [rows, items] against the server's, line by line."""
    numbers = range(len(tracks))
    device = read_pack(pack_bytes(trained_pack("evaluation", tracks, numbers, learnt.generation)))
    server = exact_pack("evaluation", tracks, numbers, learnt.generation)
    factors = learnt.folded(shown)
    found = {
        f"pack against server: {kind}": _line((server, device), shown, hidden, factors, kind)
        for kind in ASKED
    }
    wide = msgspec.structs.replace(learnt.training, neighbours=UNPRUNED)
    unpruned = exact_pack("evaluation", tracks, numbers, learnt.with_neighbours(wide).generation)
    name = f"pack against {UNPRUNED} neighbours: taste alone"
    return found | {name: _line((unpruned, device), shown, hidden, factors, "taste alone")}


def _line(
    ends: tuple[Pack, Pack],
    shown: sparse.csr_matrix,
    hidden: sparse.csr_matrix,
    factors: NDArray[np.float32],
    kind: str,
) -> dict[str, float]:
    server, device = ends

    def cases() -> Iterator[Case]:
        for row in range(shown.shape[0]):
            own = shown.indices[shown.indptr[row] : shown.indptr[row + 1]]
            wanted = hidden.indices[hidden.indptr[row] : hidden.indptr[row + 1]]
            names = frozenset(server.tracks[track] for track in wanted)
            live = listener_pack(server, own, factors[row])
            yield Case(live, _request(server, own.tolist(), kind), names)

    found = fidelity(cases(), device=device)
    return {
        "overlap": found.overlap,
        "N@10 kept": found.gain_kept,
        "N@10 live": found.gain_live,
    }


def _request(pack: Pack, own: list[int], kind: str) -> RecommendRequest:
    """Without what was already heard."""
    seed = pack.tracks[own[0]] if kind == "like a track" else None
    asked = {"count": COUNT, "exclude": [pack.tracks[row] for row in own], "seed_track": seed}
    return msgspec.convert(ASKED[kind] | asked, RecommendRequest)
