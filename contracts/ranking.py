"""The blend: taste, mood, tags, likeness and novelty, then diversity. numpy only, pure.

The server ranks with it live, the device ranks a pack with it when the server is away, and
with tracks alone when there never was a server. The same request and pack give the same list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from contracts.library_pack import library_pack
from contracts.messages import Ranked, Reason, ReasonKind, RecommendRequest
from contracts.pack import Pack, PackError, pack_bytes, read_pack, rounded
from contracts.tag_space import normalise, unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Pack",
    "PackError",
    "library_pack",
    "mood_fit",
    "pack_bytes",
    "rank",
    "read_pack",
    "rounded",
]

MOOD, TASTE, TAGS, SIMILAR, POPULAR, NEW = 1.0, 0.9, 1.2, 1.8, 0.25, 0.12
"""Weights of the blend; taste gives way to mood, and both to what was asked for by name."""
OFF_MOOD = 0.8
"""Share of its taste that a track loses which does not fit the mood at all: nobody who smiles
is to hear a dirge for having liked it once.
"""
MOOD_WIDTH = 0.45
"""Distance on the circumplex at which a track fits a mood to 61 %."""
WORDS_SHARE = 0.3
"""Share of the tag vectors in the fit of a mood; the rest is valence and arousal."""
DOUBT = 0.3
"""The fit of a track whose mood is unknown: under one that fits, over one that does not."""
LITERAL_SHARE = 0.6
"""Share of the literal tag in the match of a tag asked for; the rest is its vector."""
POOL_EACH, POOL_MORE = 4, 40
ALIKE_PENALTY = 0.15
UNTRAINED = frozenset({"", "seed"})
"""Generations that know tags but no listeners."""
ARTIST_GAP = 3
"""Tracks between two of the same artist while there are others."""
ARTIST_PENALTY = 4.0
REASON_DISTANCE = 0.5
"""A track's own tag names the mood when it lies this near to it; else the nearest word does."""


class _Part(NamedTuple):
    """One addend of the blend."""

    kind: ReasonKind
    scores: NDArray[np.float32]


def rank(
    pack: Pack, request: RecommendRequest, *, chance: NDArray[np.float32] | None = None
) -> tuple[Ranked, ...]:
    """The tracks to play, best first; fewer than asked for when the library has no more.

    `chance` [n] is added to the scores: a tier that knows nothing of the listener varies its
    lists with it. Scores are the blend before diversity, comparable within one answer only.
    """
    rows = _candidates(pack, request)
    if not len(rows):
        return ()
    parts = _parts(pack, request)
    blend: NDArray[np.float32] = np.array([part.scores for part in parts]).sum(axis=0)
    if chance is not None:
        blend = blend + chance
    pool = _best(rows, blend, request.count * POOL_EACH + POOL_MORE)
    chosen = _spaced(pack, pool, blend[pool], min(request.count, len(pool)))
    means = np.array([part.scores.mean() for part in parts])
    return tuple(
        Ranked(
            track=pack.tracks[row],
            score=round(float(blend[row]), 4),
            reason=_reason(pack, request, row, parts, means),
        )
        for row in chosen
    )


def _candidates(pack: Pack, request: RecommendRequest) -> NDArray[np.int64]:
    allowed = ~pack.banned
    if not request.allow_explicit:
        allowed &= ~pack.explicit
    unwanted = [pack.index[track] for track in request.exclude if track in pack.index]
    allowed[unwanted] = False
    avoided = [row for tag in request.avoid_tags if (row := _tag_row(pack, tag)) is not None]
    if avoided:
        allowed[pack.tag_owners[_entries(pack, avoided)]] = False
    return np.flatnonzero(allowed)


def _entries(pack: Pack, rows: list[int]) -> NDArray[np.bool_]:
    """[m]: which entries of tag_ids are one of these vocabulary rows."""
    wanted = np.zeros(len(pack.vocabulary.names), np.bool_)
    wanted[rows] = True
    return wanted[pack.tag_ids]


def _tag_row(pack: Pack, tag: str) -> int | None:
    return pack.vocabulary.find(tag)


def _parts(pack: Pack, request: RecommendRequest) -> list[_Part]:
    parts = [
        _Part(ReasonKind.POPULAR, np.float32(POPULAR) * pack.popularity),
        _Part(ReasonKind.NEW, np.float32(NEW) / (1 + pack.plays)),
    ]
    taste = np.float32(TASTE) * pack.taste
    if request.mood_weight > 0:
        fit = mood_fit(pack, request.valence, request.arousal)
        parts.append(_Part(ReasonKind.MOOD, np.float32(MOOD * request.mood_weight) * fit))
        taste = taste * (1 - np.float32(OFF_MOOD * request.mood_weight) * (1 - fit))
    if pack.taste.any():
        parts.append(_Part(ReasonKind.LIKED, taste))
    if request.tags:
        parts.append(_Part(ReasonKind.TAGS, np.float32(TAGS) * _tag_match(pack, request.tags)))
    if request.seed_track in pack.index:
        seed = pack.index[request.seed_track]
        parts.append(_Part(ReasonKind.SIMILAR, np.float32(SIMILAR) * _likeness(pack, seed)))
    return parts


def mood_fit(pack: Pack, valence: float, arousal: float) -> NDArray[np.float32]:
    """[n] in [0, 1]: how well each track fits a place on the circumplex (Russell 1980)."""
    away_valence = pack.valence_arousal[:, 0] - np.float32(valence)
    away_arousal = pack.valence_arousal[:, 1] - np.float32(arousal)
    squared = away_valence * away_valence + away_arousal * away_arousal
    near = np.exp(squared * np.float32(-0.5 / MOOD_WIDTH**2))
    placed = DOUBT + pack.certainty * (near - np.float32(DOUBT))
    spoken = np.maximum(pack.tag_vectors @ _mood_vector(pack, valence, arousal), 0)
    fit: NDArray[np.float32] = (1 - WORDS_SHARE) * placed + WORDS_SHARE * spoken
    return fit.astype(np.float32, copy=False)


def _mood_vector(pack: Pack, valence: float, arousal: float) -> NDArray[np.float32]:
    """[d]: the mood words around a place, each by its nearness."""
    space = pack.vocabulary
    away = space.valence_arousal[space.moods] - np.array([valence, arousal], np.float32)
    near = np.exp((away * away).sum(axis=1) * np.float32(-4.0 / MOOD_WIDTH**2))
    return unit(near @ space.vectors[space.moods])


def _tag_match(pack: Pack, tags: tuple[str, ...]) -> NDArray[np.float32]:
    """[n] in [0, 1]: literal tags mixed with their vectors, which know what is akin."""
    wanted = {row for tag in tags if (row := _tag_row(pack, tag)) is not None}
    has = _entries(pack, list(wanted))
    literal = np.bincount(pack.tag_owners[has], minlength=len(pack.tracks)) / max(len(tags), 1)
    bag = unit(np.sum([pack.vocabulary.vector(tag) for tag in tags], axis=0, dtype=np.float32))
    akin = np.maximum(pack.tag_vectors @ bag, 0)
    match: NDArray[np.float32] = (
        LITERAL_SHARE * literal.astype(np.float32) + (1 - LITERAL_SHARE) * akin
    )
    return match.astype(np.float32, copy=False)


def _likeness(pack: Pack, seed: int) -> NDArray[np.float32]:
    """[n] in [0, 1]: heard together, of the same taste, of like tags and mood; 0 for itself."""
    together = np.zeros(len(pack.tracks), np.float32)
    near = pack.neighbours[seed]
    together[near[near >= 0]] = pack.closeness[seed][near >= 0] / _top(pack.closeness[seed])
    taste = np.maximum(pack.factors @ pack.factors[seed], 0)
    taste /= _top(taste)
    tags = np.maximum(pack.tag_vectors @ pack.tag_vectors[seed], 0)
    mood = mood_fit(pack, *pack.valence_arousal[seed].tolist())
    known = bool(pack.factors[seed].any()) or bool(together.any())
    heard = 0.5 * together + 0.5 * taste
    likeness: NDArray[np.float32] = (
        0.5 * heard + 0.35 * tags + 0.15 * mood if known else 0.7 * tags + 0.3 * mood
    ).astype(np.float32, copy=False)
    likeness[seed] = 0
    return likeness


def _top(scores: NDArray[np.float32]) -> np.float32:
    """The highest score, to divide by; 1 when there is none above 0."""
    highest = np.float32(scores.max(initial=0))
    return highest if highest > 0 else np.float32(1)


def _best(rows: NDArray[np.int64], blend: NDArray[np.float32], size: int) -> NDArray[np.int64]:
    """The best candidates, best first, equals in the order of the library."""
    scores = blend[rows]
    if len(rows) > size:
        edge = np.partition(scores, len(rows) - size)[len(rows) - size]
        kept = scores >= edge
        rows, scores = rows[kept], scores[kept]
    return rows[np.argsort(-scores, kind="stable")][:size]


def _spaced(
    pack: Pack, pool: NDArray[np.int64], scores: NDArray[np.float32], count: int
) -> list[int]:
    """Greedy choice: each pick makes its like less wanted, and its artist for a while not."""
    vectors = pack.tag_vectors[pool]
    alike = np.float32(ALIKE_PENALTY) * np.maximum(vectors @ vectors.T, 0)
    artists = pack.artists[pool]
    same = np.float32(ARTIST_PENALTY) * (artists[:, None] == artists[None, :])
    left = scores.astype(np.float32)
    nearest = np.zeros(len(pool), np.float32)
    order: list[int] = []
    for _ in range(count):
        wanted = left - nearest
        for weight, recent in enumerate(order[-ARTIST_GAP:], start=1):
            wanted -= np.float32(weight) * same[recent]
        pick = int(wanted.argmax())
        order.append(pick)
        left[pick] = -np.inf
        np.maximum(nearest, alike[pick], out=nearest)
    return [int(pool[pick]) for pick in order]


def _reason(
    pack: Pack, request: RecommendRequest, row: int, parts: list[_Part], means: NDArray[np.float64]
) -> Reason:
    """What lifts this track most above the library's mean."""
    lifts = np.array([part.scores[row] for part in parts]) - means
    kind = parts[int(lifts.argmax())].kind
    if lifts.max() <= 0 or kind is ReasonKind.POPULAR:
        # Before anything was played, what is typical of a library stands in for what is popular.
        heard = pack.plays[row] > 0 or pack.generation not in UNTRAINED
        kind = ReasonKind.POPULAR if heard else ReasonKind.NEW
    if kind is ReasonKind.MOOD:
        return Reason(kind=kind, subject=_mood_tag(pack, row, request.valence, request.arousal))
    if kind is ReasonKind.TAGS:
        return Reason(kind=kind, subject=_asked_tag(pack, row, request.tags))
    if kind is ReasonKind.SIMILAR:
        return Reason(kind=kind, subject=request.seed_track or "")
    if kind is ReasonKind.LIKED:
        return Reason(kind=kind, subject=_liked_track(pack, row))
    return Reason(kind=kind)


def _mood_tag(pack: Pack, row: int, valence: float, arousal: float) -> str:
    """The track's own mood word nearest to the mood, or else the mood's own."""
    space = pack.vocabulary
    own = [tag for tag in pack.tags_of(row) if int(tag) in space.mood_rows]
    away = space.valence_arousal[own] - np.array([valence, arousal], np.float32)
    distances = np.hypot(away[:, 0], away[:, 1])
    if own and distances.min() <= REASON_DISTANCE:
        return str(space.names[own[int(distances.argmin())]])
    return next(iter(space.mood_words(valence, arousal, 1)), "")


def _asked_tag(pack: Pack, row: int, tags: tuple[str, ...]) -> str:
    """The tag asked for that the track has, or else comes nearest to."""
    own = set(pack.tags_of(row).tolist())
    for tag in tags:
        if _tag_row(pack, tag) in own:
            return normalise(tag)
    closeness = [float(pack.vocabulary.vector(tag) @ pack.tag_vectors[row]) for tag in tags]
    return normalise(tags[int(np.argmax(closeness))])


def _liked_track(pack: Pack, row: int) -> str:
    """The favourite that speaks most for this track; itself when it is liked."""
    liked = pack.favourites
    if not len(liked):
        return ""
    if pack.affinity[row] > 0:
        return pack.tracks[row]
    near = np.where(pack.neighbours[liked] == row, pack.closeness[liked], 0)
    heard = near.max(axis=1, initial=0) / _top(near)
    votes = pack.affinity[liked] * (
        heard
        + pack.tag_vectors[liked] @ pack.tag_vectors[row]
        + np.maximum(pack.factors[liked] @ pack.factors[row], 0)
    )
    return str(pack.tracks[int(liked[votes.argmax()])])
