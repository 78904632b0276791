"""The blend: taste, mood, hour, tags, likeness and novelty, then diversity. numpy only, pure.

The server ranks with it live, the device ranks a pack with it when the server is away, and
with tracks alone when there never was a server. The same request and pack give the same list.

A list is made in four steps: who may come at all, a score for each track of the library at
once, the few best by partial selection, and out of them one pick after another.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from contracts.library_pack import library_pack
from contracts.messages import Ranked, Reason, ReasonKind, RecommendRequest
from contracts.pack import Pack, PackError
from contracts.pack_file import pack_bytes, read_pack, rounded
from contracts.reasons import Part, reasons
from contracts.tag_space import unit
from contracts.track import TrackId

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = [
    "Pack",
    "PackError",
    "explain",
    "hour_arousal",
    "library_pack",
    "mood_fit",
    "pack_bytes",
    "rank",
    "read_pack",
    "rounded",
]

MOOD, TASTE, TAGS, SIMILAR, HOUR, POPULAR, NEW = 1.0, 0.9, 1.2, 1.8, 0.35, 0.25, 0.12
"""Weights of the blend; taste gives way to mood, and both to what was asked for by name."""
OFF_MOOD = 0.8
"""Share of its taste that a track loses which does not fit the mood at all: nobody who smiles
is to hear a dirge for having liked it once.
"""
MOOD_WIDTH = 0.45
"""Distance on the circumplex at which a track fits a mood to 61 %."""
WORDS_SHARE = 0.45
"""Share of the tag vectors in the fit of a mood; the rest is valence and arousal."""
DOUBT = 0.3
"""The fit of a track whose mood is unknown: under one that fits, over one that does not."""
LIVELIEST_HOUR, LIVELINESS = 16.0, 0.4
"""People play the liveliest music in the afternoon and the calmest twelve hours from it (Park
et al. 2019, 765 million plays in 51 countries).
"""
LITERAL_SHARE = 0.6
"""Share of the literal tag in the match of a tag asked for; the rest is its vector."""
POOL_EACH, POOL_MORE = 4, 40
"""Tracks looked at for each one wanted, and besides, when they are picked one by one."""
ALIKE_PENALTY = 0.15
ARTIST_GAP = 3
"""Tracks between two of the same artist while there are others."""
ARTIST_PENALTY = 6.0
"""More than any two scores differ by, so that the gap is a rule; the latest artist waits most."""


def rank(
    pack: Pack, request: RecommendRequest, *, chance: Floats | None = None
) -> tuple[Ranked, ...]:
    """The tracks to play, best first; fewer than asked for when the library has no more.

    `chance` [n] is added to the scores: a tier that knows nothing of the listener varies its
    lists with it. Scores are the blend before diversity, comparable within one answer only.
    """
    if not len(pack.tracks):
        return ()
    parts = _parts(pack, request)
    blend = np.zeros(len(pack.tracks), np.float32) if chance is None else chance.copy()
    for part in parts:
        blend += part.scores
    blend[~_allowed(pack, request)] = -np.inf
    pool = _pool(pack, blend, request.count)
    rows = _spaced(pack, pool, blend[pool], min(request.count, len(pool)))
    why = reasons(pack, request, rows, parts)
    return tuple(
        Ranked(track=pack.tracks[row], score=round(float(blend[row]), 4), reason=reason)
        for row, reason in zip(rows.tolist(), why, strict=True)
    )


class Addend(NamedTuple):
    """What one part of the blend gives a track, and gives the library's tracks on average."""

    kind: ReasonKind
    score: float
    mean: float


class Explained(NamedTuple):
    """Why a track is where it is; the score is the sum of the addends."""

    allowed: bool
    addends: tuple[Addend, ...]
    reason: Reason


def explain(pack: Pack, request: RecommendRequest, track: TrackId) -> Explained:
    """The addends of a track's score as `rank` makes them, and the reason it would give.

    Raises:
        KeyError: the pack has no such track.

    """
    row, parts = pack.index[track], _parts(pack, request)
    addends = tuple(Addend(p.kind, float(p.scores[row]), float(p.scores.mean())) for p in parts)
    reason = reasons(pack, request, np.array([row], np.int64), parts)[0]
    return Explained(bool(_allowed(pack, request)[row]), addends, reason)


def _allowed(pack: Pack, request: RecommendRequest) -> NDArray[np.bool_]:
    """[n]: which tracks may come at all; nothing below lets another in."""
    allowed = ~pack.banned
    if not request.allow_explicit:
        allowed &= ~pack.explicit
    unwanted = [row for row in map(pack.index.get, request.exclude) if row is not None]
    allowed[unwanted] = False
    avoided = pack.rows_of_tags(request.avoid_tags)
    if avoided:
        allowed[pack.tag_owners[_entries(pack, avoided)]] = False
    return allowed


def _entries(pack: Pack, rows: set[int]) -> NDArray[np.bool_]:
    """[m]: which entries of tag_ids are one of these vocabulary rows."""
    wanted = np.zeros(len(pack.vocabulary.names), np.bool_)
    wanted[list(rows)] = True
    return wanted[pack.tag_ids]


def _parts(pack: Pack, request: RecommendRequest) -> list[Part]:
    """The addends of the blend that this request has."""
    parts = [
        Part(ReasonKind.POPULAR, np.float32(POPULAR) * pack.popularity),
        Part(ReasonKind.NEW, np.float32(NEW) / (1 + pack.plays)),
    ]
    weight, taste = request.mood_weight, np.float32(TASTE) * pack.taste
    if weight > 0:
        fit = mood_fit(pack, request.valence, request.arousal)
        parts.append(Part(ReasonKind.MOOD, np.float32(MOOD * weight) * fit))
        taste *= 1 - np.float32(OFF_MOOD * weight) * (1 - fit)
    if weight < 1 and request.hour is not None:
        scores = np.float32(HOUR * (1 - weight)) * _hour_fit(pack, request.hour)
        parts.append(Part(ReasonKind.HOUR, scores))
    if pack.knows_taste:
        parts.append(Part(ReasonKind.LIKED, taste))
    if request.tags:
        parts.append(Part(ReasonKind.TAGS, np.float32(TAGS) * _tag_match(pack, request.tags)))
    if request.seed_track in pack.index:
        seed = pack.index[request.seed_track]
        parts.append(Part(ReasonKind.SIMILAR, np.float32(SIMILAR) * _likeness(pack, seed)))
    return parts


def mood_fit(pack: Pack, valence: float, arousal: float) -> Floats:
    """[n] in [0, 1]: how well each track fits a place on the circumplex (Russell 1980)."""
    away_valence = pack.valence_arousal[:, 0] - np.float32(valence)
    away_arousal = pack.valence_arousal[:, 1] - np.float32(arousal)
    placed = _believed(pack, away_valence * away_valence + away_arousal * away_arousal)
    spoken = np.maximum(pack.tag_vectors @ _mood_vector(pack, valence, arousal), 0)
    fit: Floats = np.float32(1 - WORDS_SHARE) * placed + np.float32(WORDS_SHARE) * spoken
    return fit


def _hour_fit(pack: Pack, hour: float) -> Floats:
    """[n] in [0, 1]: how well each track's arousal fits an hour of the day."""
    away = pack.valence_arousal[:, 1] - np.float32(hour_arousal(hour))
    return _believed(pack, away * away)


def hour_arousal(hour: float) -> float:
    """The arousal that suits an hour of the day, 0 to 24: a wave over the day."""
    return LIVELINESS * math.cos(2 * math.pi * (hour - LIVELIEST_HOUR) / 24)


def _believed(pack: Pack, squared: Floats) -> Floats:
    """[n] in [0, 1]: nearness out of squared distances, as far as the track's place is sure."""
    near = np.exp(squared * np.float32(-0.5 / MOOD_WIDTH**2))
    believed: Floats = np.float32(DOUBT) + pack.certainty * (near - np.float32(DOUBT))
    return believed


def _mood_vector(pack: Pack, valence: float, arousal: float) -> Floats:
    """[d]: the mood words around a place, each by its nearness."""
    space = pack.vocabulary
    away = space.valence_arousal[space.moods] - np.array([valence, arousal], np.float32)
    near = np.exp((away * away).sum(axis=1) * np.float32(-4.0 / MOOD_WIDTH**2))
    return unit(near @ space.vectors[space.moods])


def _tag_match(pack: Pack, tags: tuple[str, ...]) -> Floats:
    """[n] in [0, 1]: literal tags mixed with their vectors, which know what is akin."""
    has = _entries(pack, pack.rows_of_tags(tags))
    literal = np.bincount(pack.tag_owners[has], minlength=len(pack.tracks)) / len(tags)
    bag = unit(np.sum([pack.vocabulary.vector(tag) for tag in tags], axis=0, dtype=np.float32))
    akin = np.maximum(pack.tag_vectors @ bag, 0)
    match: Floats = (LITERAL_SHARE * literal + (1 - LITERAL_SHARE) * akin).astype(np.float32)
    return match


def _likeness(pack: Pack, seed: int) -> Floats:
    """[n] in [0, 1]: heard together, of the same taste, of like tags and mood; 0 for itself."""
    together = np.zeros(len(pack.tracks), np.float32)
    near = pack.neighbours[seed]
    together[near[near >= 0]] = pack.closeness[seed][near >= 0] / _top(pack.closeness[seed])
    taste = np.maximum(pack.factors @ pack.factors[seed], 0)
    heard = np.float32(0.5) * together + np.float32(0.5) * taste / _top(taste)
    tags = np.maximum(pack.tag_vectors @ pack.tag_vectors[seed], 0)
    mood = mood_fit(pack, *pack.valence_arousal[seed].tolist())
    known = bool(pack.factors[seed].any()) or bool(together.any())
    of_heard, of_tags, of_mood = np.array([0.5, 0.35, 0.15] if known else [0, 0.7, 0.3], np.float32)
    likeness: Floats = of_heard * heard + of_tags * tags + of_mood * mood
    likeness[seed] = 0
    return likeness


def _top(scores: Floats) -> np.float32:
    """The highest score, to divide by; 1 when there is none above 0."""
    highest = np.float32(scores.max(initial=0))
    return highest if highest > 0 else np.float32(1)


def _pool(pack: Pack, blend: Floats, count: int) -> NDArray[np.int64]:
    """The best rows that may come, best first, equals in the order of the library.

    When they are of few artists, the best track of each of the best artists is with them.
    """
    rows = _best(blend, np.arange(len(blend)), count * POOL_EACH + POOL_MORE)
    enough = count + ARTIST_GAP
    if len(np.unique(pack.artists[rows])) < enough:
        order, starts = pack.by_artist
        highest = np.repeat(
            np.maximum.reduceat(blend[order], starts), np.diff([*starts, len(order)])
        )
        leaders = order[(blend[order] == highest) & (highest > -np.inf)]
        _, first = np.unique(pack.artists[leaders], return_index=True)
        rows = np.union1d(rows, _best(blend, leaders[first], enough))
        rows = _best(blend, rows, len(rows))
    return rows


def _best(blend: Floats, rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The `size` best of some rows, best first; none that may not come."""
    scores = blend[rows]
    if len(rows) > size:
        edge = np.partition(scores, len(rows) - size)[len(rows) - size]
        rows, scores = rows[scores >= edge], scores[scores >= edge]
    order = np.argsort(-scores, kind="stable")[:size]
    return rows[order[scores[order] > -np.inf]]


def _spaced(pack: Pack, pool: NDArray[np.int64], scores: Floats, count: int) -> NDArray[np.int64]:
    """Greedy choice: each pick makes its like less wanted, and its artist for a while not."""
    vectors, artists = pack.tag_vectors[pool], pack.artists[pool]
    alike = np.float32(ALIKE_PENALTY) * np.maximum(vectors @ vectors.T, 0)
    same = artists[:, None] == artists
    waits = [np.float32(ARTIST_PENALTY * (ARTIST_GAP - ago)) * same for ago in range(ARTIST_GAP)]
    left, nearest, wanted = scores.copy(), np.zeros_like(scores), np.empty_like(scores)
    order: list[int] = []
    for _ in range(count):
        np.subtract(left, nearest, out=wanted)
        for wait, picked in zip(waits, reversed(order), strict=False):
            wanted -= wait[picked]
        pick = int(wanted.argmax())
        order.append(pick)
        left[pick] = -np.inf
        np.maximum(nearest, alike[pick], out=nearest)
    return pool[order]
