"""One training and its scores: each model by itself, the blend, and the pack as devices get it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from contracts.pack import FACTORS_SHARE, TAGS_SHARE, WALK_SHARE, Pack, of_unit_spread
from recommender_server.als import bm25, bm25_weights, fold_in, train_als, walks
from recommender_server.generation import Generation
from recommender_server.packs import trained_pack
from recommender_server.service import shipped_or_own_tags
from recommender_server.settings import RecommenderSettings, TrainingSettings
from recommender_server.together import heard_together, neighbour_matrix, regression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from contracts.track import Track

SHIPPED = "as shipped: the pack's taste"
ALONE = ("ALS", "RP3 beta, 500 neighbours", "regression", "neighbours kept")
BLEND = "ALS + neighbours kept"
TO_BEAT = (
    "ALS + 0.7 RP3 beta, the blend to beat",
    "RP3 beta + 0.5 ALS + 0.1 tags, the blend to beat",
)
"""The best known blends (playlists; new listeners), made of our parts on the very same lists."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What one training made of [rows, items]."""

    generation: Generation
    training: TrainingSettings
    heard: sparse.csr_matrix

    @cached_property
    def kept(self) -> sparse.csr_matrix:
        """[items, items]: the neighbours that devices get."""
        return neighbour_matrix(self.generation.neighbours, self.generation.closeness)

    @cached_property
    def models(self) -> dict[str, sparse.csr_matrix]:
        """Item-item models by name; liked tracks times them are scores."""
        settings = self.training
        return {
            ALONE[1]: neighbour_matrix(*walks(self.heard, neighbours=500)),
            ALONE[2]: regression(
                self.heard,
                candidates=settings.regression_candidates,
                ridge=settings.regression_ridge,
            ),
            ALONE[3]: self.kept,
        }

    def with_neighbours(self, training: TrainingSettings) -> Learnt:
        """The same factors, with neighbours by other settings."""
        near, closeness = heard_together(self.heard, training)
        made = replace(self.generation, neighbours=near, closeness=closeness)
        return Learnt(made, training, self.heard)

    def folded(self, own: sparse.csr_matrix) -> NDArray[np.float32]:
        """[listeners, factors]: each folded in from what is shown of them."""
        made = self.generation
        found = np.zeros((own.shape[0], made.factors.shape[1]), np.float32)
        for row in range(own.shape[0]):
            rows = own.indices[own.indptr[row] : own.indptr[row + 1]].astype(np.int64)
            weights = bm25_weights(
                np.ones(len(rows), np.float32),
                float(len(rows)),
                made.idf[rows],
                average=made.average_length,
                k1=self.training.bm25_k1,
                b=self.training.bm25_b,
            )
            found[row] = fold_in(
                made.factors, made.gram, rows, weights, self.training.regularisation
            )
        return found


def learn(heard: sparse.csr_matrix, training: TrainingSettings) -> Learnt:
    """Taste as the server learns it."""
    weighted, idf, average = bm25(heard, training.bm25_k1, training.bm25_b)
    factors = train_als(weighted, training, lambda _done: None)
    near, closeness = heard_together(heard, training)
    items = heard.shape[1]
    made = Generation(
        name="evaluation",
        space=shipped_or_own_tags(RecommenderSettings()),
        items=np.arange(items),
        factors=factors,
        neighbours=near,
        closeness=closeness,
        popularity=np.zeros(items, np.float32),
        idf=idf,
        average_length=average,
    )
    return Learnt(made, training, heard)


def scores(
    learnt: Learnt, own: sparse.csr_matrix, *, parts: bool
) -> dict[str, NDArray[np.float32]]:
    """[listeners, items] of each model by its name; `parts`: also of each model alone."""
    taste = learnt.folded(own) @ learnt.generation.factors.T
    near = (own @ learnt.kept).toarray().astype(np.float32, copy=False)
    blend = FACTORS_SHARE * of_unit_spread(taste) + WALK_SHARE * of_unit_spread(near)
    found = {BLEND: blend}
    if parts:
        found[ALONE[0]] = taste
        for name, model in learnt.models.items():
            found[name] = (own @ model).toarray().astype(np.float32, copy=False)
    return found


def to_beat(
    found: dict[str, NDArray[np.float32]], pack: Pack, own: sparse.csr_matrix
) -> dict[str, NDArray[np.float32]]:
    """The best known blends of the scores [listeners, items] of models alone; tags by the pack."""
    als, walked = (of_unit_spread(found[name]) for name in ALONE[:2])
    akin = of_unit_spread((own @ pack.tag_vectors) @ pack.tag_vectors.T)
    tags = np.float32(TAGS_SHARE) * akin
    return {
        TO_BEAT[0]: als + np.float32(0.7) * walked,
        TO_BEAT[1]: walked + np.float32(0.5) * als + tags,
    }


def packed(learnt: Learnt, tracks: Sequence[Track]) -> Pack:
    """The library of all items, with all that was learnt of it."""
    return trained_pack("evaluation", tracks, range(len(tracks)), learnt.generation)


def listener_pack(pack: Pack, liked: NDArray[np.int32], factors: NDArray[np.float32]) -> Pack:
    """The pack of one listener who likes these rows."""
    count = len(pack.tracks)
    affinity = np.zeros(count, np.float32)
    affinity[liked] = 1.0
    return pack.for_listener(
        "evaluation",
        factors=factors,
        affinity=affinity,
        plays=affinity,
        banned=np.zeros(count, np.bool_),
    )
