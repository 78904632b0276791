"""A pack: all that ranking one device's library needs, as arrays.

The server keeps packs in memory to answer live, and sends one to the device (contracts.pack_file)
for the time when the server is away. Made by contracts.library_pack from tracks alone; a trained
model adds to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from contracts.errors import ContractError
from contracts.messages import LISTENER_DEVICE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from contracts.tag_space import TagSpace
    from contracts.track import TrackId

NAMED_FAVOURITES = 20
FACTORS_SHARE, WALK_SHARE, TAGS_SHARE = 1.0, 0.6, 0.1
"""Weights of three scores of one listener, each divided by its deviation over the library."""
HALF_KNOWN = 4.0
"""Summed confidence, as of one like or four tracks heard out, at which taste counts by half."""


class PackError(ContractError):
    """These bytes are no pack; ask the server for another."""


@dataclass(frozen=True, eq=False)
class Pack:
    """n tracks, f factors of taste, d dimensions of tags, k neighbours a track."""

    library: str
    tracks: tuple[TrackId, ...]
    artists: NDArray[np.int32]
    """[n]: the same number is the same artist."""
    explicit: NDArray[np.bool_]
    valence_arousal: NDArray[np.float32]
    """[n, 2] in [-1, 1]."""
    certainty: NDArray[np.float32]
    """[n] in [0, 1]: how far valence and arousal are believed."""
    tag_vectors: NDArray[np.float32]
    """[n, d], rows of length 1 or 0."""
    tag_starts: NDArray[np.int32]
    """[n + 1]: track i has the tags tag_ids[tag_starts[i]:tag_starts[i + 1]]."""
    tag_ids: NDArray[np.int32]
    vocabulary: TagSpace
    factors: NDArray[np.float32]
    """[n, f]: zeros for a track that no model knows yet."""
    neighbours: NDArray[np.int32]
    """[n, k]: tracks heard together with this one, -1 where there are fewer."""
    closeness: NDArray[np.float32]
    """[n, k] in [0, 1]: how much the two are heard together: walks and regression, meaned."""
    popularity: NDArray[np.float32]
    """[n] in [0, 1]."""
    listener_factors: NDArray[np.float32]
    """[f]: the listener's taste, zeros when nothing is known of it."""
    affinity: NDArray[np.float32]
    """[n]: confidence that the listener likes (> 0) or dislikes (< 0) the track."""
    banned: NDArray[np.bool_]
    """[n]: never again."""
    plays: NDArray[np.float32]
    """[n]: how often the listener heard it."""
    listener: str = LISTENER_DEVICE
    generation: str = ""

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each track."""
        return {track: row for row, track in enumerate(self.tracks)}

    @cached_property
    def tag_owners(self) -> NDArray[np.int64]:
        """[m]: the track of each entry of tag_ids."""
        return np.repeat(np.arange(len(self.tracks)), np.diff(self.tag_starts))

    @cached_property
    def by_artist(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows [n] sorted by artist, and where in them each artist starts."""
        order = np.argsort(self.artists, kind="stable")
        _, starts = np.unique(self.artists[order], return_index=True)
        return order, starts

    def for_listener(
        self,
        listener: str,
        *,
        factors: NDArray[np.float32],
        affinity: NDArray[np.float32],
        plays: NDArray[np.float32],
        banned: NDArray[np.bool_],
    ) -> Pack:
        """The same library for another listener; what was worked out of it is not again."""
        other = replace(
            self,
            listener=listener,
            listener_factors=factors,
            affinity=affinity,
            plays=plays,
            banned=banned,
        )
        for name in _OF_THE_LIBRARY:
            other.__dict__[name] = getattr(self, name)
        return other

    @cached_property
    def liked(self) -> NDArray[np.int64]:
        """Rows of the tracks that the listener likes."""
        return np.flatnonzero(self.affinity > 0)

    @cached_property
    def favourites(self) -> NDArray[np.int64]:
        """Rows of the most liked tracks, most liked first: those that reasons name."""
        order = np.argsort(-self.affinity[self.liked], kind="stable")
        return self.liked[order[:NAMED_FAVOURITES]]

    @cached_property
    def taste(self) -> NDArray[np.float32]:
        """[n] in [0, 1]: what the listener is expected to like, whatever the mood.

        The less is known of a listener, the lower it is throughout. ALS plus 0.6 of what is
        heard together with the liked, the blend measured best on playlists; tags carry it to
        tracks that no model knows.
        """
        liked = self.liked
        weights = self.affinity[liked]
        near, share = self.neighbours[liked], self.closeness[liked] * weights[:, None]
        walked = np.bincount(near[near >= 0], share[near >= 0], minlength=len(self.tracks))
        like_them = self.tag_vectors @ (weights @ self.tag_vectors[liked])
        blended = (
            FACTORS_SHARE * of_unit_spread(self.factors @ self.listener_factors)
            + WALK_SHARE * of_unit_spread(walked.astype(np.float32))
            + TAGS_SHARE * of_unit_spread(like_them)
        )
        evidence = float(weights.sum())
        known = np.float32(evidence / (evidence + HALF_KNOWN))
        liking: NDArray[np.float32] = np.clip(
            known * _topped(blended) + np.minimum(self.affinity, 0), 0, 1
        )
        return liking

    @cached_property
    def knows_taste(self) -> bool:
        """Whether there is any track that the listener is expected to like."""
        return bool(self.taste.any())

    def rows_of_tags(self, tags: Iterable[str]) -> set[int]:
        """Vocabulary rows of those tags that the vocabulary has."""
        return {row for tag in tags if (row := self.vocabulary.find(tag)) is not None}

    def tags_of(self, row: int) -> NDArray[np.int32]:
        """Vocabulary rows of one track's tags."""
        return self.tag_ids[self.tag_starts[row] : self.tag_starts[row + 1]]


_OF_THE_LIBRARY = ("index", "tag_owners", "by_artist")
"""Cached properties that no listener changes."""


def of_unit_spread(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores [..., n] divided by their deviation over the library; zeros when all are alike.

    Measured better than dividing by the highest: one outlier would decide how much a model says.
    """
    deviation = scores.std(axis=-1, keepdims=True)
    rounding = np.float32(1e-6) * np.abs(scores).max(axis=-1, keepdims=True, initial=0)
    scaled = np.where(deviation > rounding, scores / np.maximum(deviation, np.float32(1e-30)), 0)
    return scaled.astype(np.float32, copy=False)


def _topped(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores without the negative, the highest 1; zeros when none is positive."""
    positive = np.maximum(scores, 0)
    top = float(positive.max(initial=0))
    scaled: NDArray[np.float32] = (positive / top if top > 0 else positive).astype(np.float32)
    return scaled
