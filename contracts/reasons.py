"""Why a track is on a list: what lifts it most above the library's mean, and whom it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from contracts.messages import Reason, ReasonKind, RecommendRequest
from contracts.tag_space import normalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from contracts.pack import Pack

    Rows = NDArray[np.int64]

UNTRAINED = frozenset({"", "seed"})
"""Generations that know tags but no listeners."""
REASON_DISTANCE = 0.5
"""A track's own tag names the mood when it lies this near to it; else the nearest word does."""
TIMES_OF_DAY = ((5.0, "night"), (12.0, "morning"), (18.0, "afternoon"), (23.0, "evening"))
"""The hour at which each ends; after the last it is night again."""


class Part(NamedTuple):
    """One addend of the blend."""

    kind: ReasonKind
    scores: NDArray[np.float32]


def reasons(pack: Pack, request: RecommendRequest, rows: Rows, parts: list[Part]) -> list[Reason]:
    """The reason of each of these rows, in their order."""
    if not len(rows):
        return []
    lifts = np.array([part.scores[rows] - part.scores.sum() / len(pack.tracks) for part in parts])
    kinds = [
        _heard_or_new(pack, row)
        if lift <= 0 or parts[at].kind is ReasonKind.POPULAR
        else parts[at].kind
        for row, lift, at in zip(
            rows.tolist(), lifts.max(axis=0).tolist(), lifts.argmax(axis=0).tolist(), strict=True
        )
    ]
    subjects = [""] * len(rows)
    for kind in set(kinds) & _SUBJECTS.keys():
        places = [place for place, own in enumerate(kinds) if own is kind]
        named = _SUBJECTS[kind](pack, request, rows[places])
        for place, subject in zip(places, named, strict=True):
            subjects[place] = subject
    return [Reason(kind=kind, subject=name) for kind, name in zip(kinds, subjects, strict=True)]


def _heard_or_new(pack: Pack, row: int) -> ReasonKind:
    """Before anything was played, what is typical of a library stands in for what is popular."""
    heard = pack.plays[row] > 0 or pack.generation not in UNTRAINED
    return ReasonKind.POPULAR if heard else ReasonKind.NEW


def _mood_tags(pack: Pack, request: RecommendRequest, rows: Rows) -> list[str]:
    """Each track's own mood word nearest to the mood, or else the mood's own."""
    space = pack.vocabulary
    place = np.array([request.valence, request.arousal], np.float32)
    distances = np.hypot(*(space.valence_arousal[space.moods] - place).T)
    away = dict(zip(space.moods.tolist(), distances.tolist(), strict=True))
    word = min(away, key=away.__getitem__, default=None)
    found = []
    for row in rows.tolist():
        own = [tag for tag in pack.tags_of(row).tolist() if away.get(tag, 2) <= REASON_DISTANCE]
        named = min(own, key=away.__getitem__, default=word)
        found.append("" if named is None else space.names[named])
    return found


def _asked_tags(pack: Pack, request: RecommendRequest, rows: Rows) -> list[str]:
    """The tag asked for that each track has, or else comes nearest to."""
    tags = request.tags
    numbers = [pack.vocabulary.find(tag) for tag in tags]
    closeness = np.array([pack.vocabulary.vector(tag) for tag in tags]) @ pack.tag_vectors[rows].T
    found = []
    for row, nearest in zip(rows.tolist(), closeness.argmax(axis=0).tolist(), strict=True):
        own = set(pack.tags_of(row).tolist())
        at = next((at for at, number in enumerate(numbers) if number in own), nearest)
        found.append(normalise(tags[at]))
    return found


def _liked_tracks(pack: Pack, _request: RecommendRequest, rows: Rows) -> list[str]:
    """The favourite that speaks most for each track; itself when it is liked."""
    liked = pack.favourites
    if not len(liked):
        return [""] * len(rows)
    towards = pack.neighbours[liked][:, :, None] == rows.astype(np.int32)
    heard = np.where(towards, pack.closeness[liked][:, :, None], 0).max(axis=1, initial=0)
    heard /= np.where((top := heard.max(axis=0)) > 0, top, 1)
    votes = pack.affinity[liked][:, None] * (
        heard
        + pack.tag_vectors[liked] @ pack.tag_vectors[rows].T
        + np.maximum(pack.factors[liked] @ pack.factors[rows].T, 0)
    )
    best = np.where(pack.affinity[rows] > 0, rows, liked[votes.argmax(axis=0)])
    return [str(pack.tracks[row]) for row in best.tolist()]


def _seeds(_pack: Pack, request: RecommendRequest, rows: Rows) -> list[str]:
    return [request.seed_track or ""] * len(rows)


def _times_of_day(_pack: Pack, request: RecommendRequest, rows: Rows) -> list[str]:
    return [time_of_day(request.hour or 0.0)] * len(rows)


def time_of_day(hour: float) -> str:
    """The part of the day that an hour (0 to 24, local) belongs to."""
    return next((name for end, name in TIMES_OF_DAY if hour < end), TIMES_OF_DAY[0][1])


_SUBJECTS: dict[ReasonKind, Callable[[Pack, RecommendRequest, Rows], list[str]]] = {
    ReasonKind.MOOD: _mood_tags,
    ReasonKind.HOUR: _times_of_day,
    ReasonKind.LIKED: _liked_tracks,
    ReasonKind.SIMILAR: _seeds,
    ReasonKind.TAGS: _asked_tags,
}
"""Who is named, by kind of reason; the others name nobody."""
