"""A pack: all that ranking one device's library needs, in one binary file.

The server keeps packs in memory to answer live, and sends one to the device for the time when
the server is away. Made by contracts.library_pack from tracks alone; a trained model adds to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from contracts import tag_space
from contracts.arrays import Arrays, ArraysError, as_words, expect, sealed, unsealed, words
from contracts.errors import ContractError
from contracts.messages import LISTENER_DEVICE
from contracts.track import TrackId

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contracts.tag_space import TagSpace

MAGIC = b"MLFYMPK1"
NAMED_FAVOURITES = 20
FACTORS_SHARE, WALK_SHARE, TAGS_SHARE = 1.0, 0.7, 0.3
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
    """[n, k] in [0, 1]: the chance that three steps lead there."""
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

        The less is known of a listener, the lower it is throughout. ALS plus 0.7 of the walk to
        what was heard together (RP3 beta, Paudel et al. 2016), the blend measured best on
        playlists; tags carry it to tracks that no model knows.
        """
        liked = self.liked
        weights = self.affinity[liked]
        walked = np.zeros(len(self.tracks), np.float32)
        near, share = self.neighbours[liked], self.closeness[liked] * weights[:, None]
        np.add.at(walked, near[near >= 0], share[near >= 0])
        like_them = self.tag_vectors @ (weights @ self.tag_vectors[liked])
        blended = (
            FACTORS_SHARE * _topped(self.factors @ self.listener_factors)
            + WALK_SHARE * _topped(walked)
            + TAGS_SHARE * _topped(like_them)
        )
        evidence = float(weights.sum())
        known = np.float32(evidence / (evidence + HALF_KNOWN))
        liking: NDArray[np.float32] = np.clip(
            known * _topped(blended) + np.minimum(self.affinity, 0), 0, 1
        )
        return liking

    def tags_of(self, row: int) -> NDArray[np.int32]:
        """Vocabulary rows of one track's tags."""
        return self.tag_ids[self.tag_starts[row] : self.tag_starts[row + 1]]


def _topped(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores without the negative, the highest 1; zeros when none is positive."""
    positive = np.maximum(scores, 0)
    top = float(positive.max(initial=0))
    scaled: NDArray[np.float32] = (positive / top if top > 0 else positive).astype(np.float32)
    return scaled


_HALF = ("valence_arousal", "certainty", "tag_vectors", "factors", "closeness", "popularity")
_EXACT = ("listener_factors", "affinity", "plays")


def rounded(pack: Pack) -> Pack:
    """The pack as it will be read at the other end, so that both ends rank alike."""
    half = {name: getattr(pack, name).astype(np.float16).astype(np.float32) for name in _HALF}
    vocabulary = tag_space.space_of(tag_space.arrays_of(pack.vocabulary))
    return replace(pack, vocabulary=vocabulary, **half)


def pack_bytes(pack: Pack) -> bytes:
    """The pack for the wire and the disk: magic, sha256, npz; matrices in half precision."""
    arrays: Arrays = {name: getattr(pack, name).astype(np.float16) for name in _HALF}
    arrays |= {name: getattr(pack, name).astype(np.float32) for name in _EXACT}
    for name in ("artists", "tag_starts", "tag_ids", "neighbours", "explicit", "banned"):
        arrays[name] = getattr(pack, name)
    arrays["tracks"] = as_words(pack.tracks)
    arrays["names"] = as_words((pack.library, pack.listener, pack.generation))
    return sealed(MAGIC, arrays | tag_space.arrays_of(pack.vocabulary, "word_"))


def read_pack(content: bytes) -> Pack:
    """The pack in these bytes.

    Raises:
        PackError: they were altered, or are not a pack of this version.

    """
    try:
        return _pack_of(unsealed(MAGIC, content))
    except ArraysError as error:
        msg = f"the pack {error}: ask the server for another"
        raise PackError(msg) from error


def _pack_of(arrays: Arrays) -> Pack:
    tracks = tuple(TrackId(word) for word in words(expect(arrays, "tracks", "SU", (-1,))))
    names = words(expect(arrays, "names", "SU", (3,)))
    vocabulary = tag_space.space_of(arrays, "word_")
    n, d = len(tracks), vocabulary.vectors.shape[1]
    factors = _matrix(arrays, "factors", (n, -1))
    neighbours = expect(arrays, "neighbours", "i", (n, -1)).astype(np.int32)
    ids = expect(arrays, "tag_ids", "i", (-1,)).astype(np.int32)
    starts = expect(arrays, "tag_starts", "i", (n + 1,)).astype(np.int32)
    _check_pointers(starts, ids, len(vocabulary.names), neighbours, n)
    return Pack(
        library=names[0],
        listener=names[1],
        generation=names[2],
        tracks=tracks,
        artists=expect(arrays, "artists", "i", (n,)).astype(np.int32),
        explicit=expect(arrays, "explicit", "b", (n,)),
        valence_arousal=_matrix(arrays, "valence_arousal", (n, 2)),
        certainty=_matrix(arrays, "certainty", (n,)),
        tag_vectors=_matrix(arrays, "tag_vectors", (n, d)),
        tag_starts=starts,
        tag_ids=ids,
        vocabulary=vocabulary,
        factors=factors,
        neighbours=neighbours,
        closeness=_matrix(arrays, "closeness", neighbours.shape),
        popularity=_matrix(arrays, "popularity", (n,)),
        listener_factors=_matrix(arrays, "listener_factors", (factors.shape[1],)),
        affinity=_matrix(arrays, "affinity", (n,)),
        banned=expect(arrays, "banned", "b", (n,)),
        plays=_matrix(arrays, "plays", (n,)),
    )


def _matrix(arrays: Arrays, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.ascontiguousarray(expect(arrays, name, "f", shape), dtype=np.float32)


def _check_pointers(
    starts: NDArray[np.int32],
    ids: NDArray[np.int32],
    vocabulary: int,
    neighbours: NDArray[np.int32],
    tracks: int,
) -> None:
    runs = starts[0] == 0 and starts[-1] == len(ids) and bool((np.diff(starts) >= 0).all())
    inside = not ids.size or (ids.min() >= 0 and ids.max() < vocabulary)
    near = not neighbours.size or (neighbours.min() >= -1 and neighbours.max() < tracks)
    if not (runs and inside and near):
        msg = "points outside of itself"
        raise ArraysError(msg)
