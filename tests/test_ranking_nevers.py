"""What never comes, whatever is asked of whatever library."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.messages import ReasonKind, RecommendRequest
from contracts.ranking import ARTIST_GAP, MOOD, NEW, POPULAR, Pack, library_pack, mood_fit, rank
from contracts.tag_space import plain_space
from contracts.track import Track, TrackId
from device.recommend.defaults import MOOD_WORDS
from tests.recommender_stage import track

SPACE = plain_space(MOOD_WORDS)
WORDS = ("happy", "sad", "calm", "잔잔한", "angry", "80s", "piano", "my own word")
unit_interval = st.floats(-1, 1, width=32)


@st.composite
def tracks(draw: st.DrawFn, artists: int = 4) -> list[Track]:
    """Up to 30 tracks of few artists."""
    count = draw(st.integers(0, 30))
    return [
        track(
            number,
            *draw(st.lists(st.sampled_from(WORDS), max_size=3)),
            artist=f"a{draw(st.integers(1, artists))}",
            explicit=draw(st.booleans()),
        )
        for number in range(count)
    ]


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    """A library with random taste, neighbours, plays and bans."""
    pack = library_pack("l", draw(tracks()), SPACE)
    n = len(pack.tracks)
    chance = np.random.default_rng(draw(st.integers(0, 9)))
    return replace(
        pack,
        factors=chance.normal(size=(n, 3)).astype(np.float32),
        listener_factors=chance.normal(size=3).astype(np.float32),
        neighbours=chance.integers(-1, max(n, 1), (n, 4)).astype(np.int32)
        if n
        else np.zeros((0, 4), np.int32),
        closeness=chance.random((n, 4)).astype(np.float32),
        affinity=np.clip(chance.normal(size=n), -1, 1).astype(np.float32),
        plays=chance.integers(0, 4, n).astype(np.float32),
        banned=chance.random(n) < draw(st.sampled_from([0, 0.3, 1])),
        generation=draw(st.sampled_from(["seed", "g"])),
    )


requests = st.builds(
    RecommendRequest,
    valence=unit_interval,
    arousal=unit_interval,
    mood_weight=st.sampled_from([0.0, 0.5, 1.0]),
    hour=st.none() | st.floats(0, 23.99),
    seed_track=st.none() | st.integers(0, 35).map(lambda n: TrackId(f"{n:016x}")),
    tags=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    avoid_tags=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    exclude=st.lists(st.integers(0, 35).map(lambda n: TrackId(f"{n:016x}")), max_size=20).map(
        tuple
    ),
    count=st.integers(1, 40),
    allow_explicit=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(pack=packs(), request=requests)
def test_nothing_comes_that_may_not(pack: Pack, request: RecommendRequest) -> None:
    """Nothing from outside the library, banned, excluded, explicit when that is not wanted, or
    with a tag to avoid; nothing twice; and all that may come does, when enough are asked for.
    """
    avoided = {SPACE.find(tag) or tag for tag in request.avoid_tags}
    may = {
        TrackId(name)
        for row, name in enumerate(pack.tracks)
        if not pack.banned[row]
        and name not in request.exclude
        and (request.allow_explicit or not pack.explicit[row])
        and not avoided & {int(tag) for tag in pack.tags_of(row)}
        and not avoided & {pack.vocabulary.names[tag] for tag in pack.tags_of(row)}
    }
    got = [ranked.track for ranked in rank(pack, request)]
    assert len(got) == len(set(got)) == min(request.count, len(may))
    assert set(got) <= may


@settings(max_examples=100, deadline=None)
@given(pack=packs(), request=requests)
def test_an_artist_waits_while_there_is_another(pack: Pack, request: RecommendRequest) -> None:
    """A track's artist is none of the last three, unless only theirs were left to choose from."""
    artist = dict(zip(pack.tracks, pack.artists.tolist(), strict=True))
    everything = rank(pack, RecommendRequest(**{**_fields(request), "count": 200}))
    left = {ranked.track for ranked in everything}
    order = [ranked.track for ranked in rank(pack, request)]
    for place, chosen in enumerate(order):
        recent = {artist[earlier] for earlier in order[max(0, place - ARTIST_GAP) : place]}
        others = {artist[track] for track in left} - recent
        assert artist[chosen] not in recent or not others
        left.remove(chosen)


def _fields(request: RecommendRequest) -> dict[str, object]:
    return {name: getattr(request, name) for name in request.__struct_fields__}


def test_an_artist_of_many_tracks_lets_others_between() -> None:
    """One artist's 500 liked tracks lead; still, three others stand between any two of them."""
    many = [track(n, "happy", artist="one") for n in range(500)]
    few = [track(500 + n, "sad", artist=f"other {n}") for n in range(20)]
    pack = library_pack("l", [*many, *few], SPACE)
    liking = replace(pack, affinity=np.array([1.0] * 500 + [0.0] * 20, np.float32))
    order = [r.track for r in rank(liking, RecommendRequest(valence=0.8, arousal=0.5, count=12))]
    own = [place for place, name in enumerate(order) if int(name, 16) < 500]
    assert own == [0, 4, 8]


@settings(max_examples=60, deadline=None)
@given(pack=packs(), request=requests)
def test_every_reason_is_one_that_was_asked_for(pack: Pack, request: RecommendRequest) -> None:
    """No mood is named when it does not count, no seed or tag when there is none; whatever is
    named is a track of the library, a word, or a time of day.
    """
    for ranked in rank(pack, request):
        kind, subject = ranked.reason.kind, ranked.reason.subject
        allowed = {
            ReasonKind.MOOD: request.mood_weight > 0,
            ReasonKind.HOUR: request.hour is not None and request.mood_weight < 1,
            ReasonKind.TAGS: bool(request.tags),
            ReasonKind.SIMILAR: request.seed_track in pack.index,
            ReasonKind.LIKED: bool((pack.affinity > 0).any()),
        }
        assert allowed.get(kind, True)
        if kind in {ReasonKind.SIMILAR, ReasonKind.LIKED}:
            assert subject in pack.index
        elif kind in allowed:
            assert subject


def test_scores_are_the_sum_that_the_page_describes() -> None:
    """Popularity, novelty and mood of each track, added up by hand."""
    pack = library_pack("l", [track(n, word) for n, word in enumerate(WORDS)], SPACE)
    fit = mood_fit(pack, 0.5, 0.1)
    expected = POPULAR * pack.popularity + NEW + MOOD * fit
    scores = {r.track: r.score for r in rank(pack, RecommendRequest(valence=0.5, arousal=0.1))}
    for row, name in enumerate(pack.tracks):
        assert (
            scores[name] == np.float32(expected[row]).round(4)
            or abs(scores[name] - float(expected[row])) < 2e-4
        )
