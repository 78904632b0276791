"""The blend that server and device share."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from contracts.messages import ReasonKind, RecommendRequest
from contracts.ranking import Pack, hour_arousal, library_pack, mood_fit, rank
from contracts.reasons import time_of_day
from contracts.track import TrackId
from tests.recommender_stage import LIBRARY, shipped_tags, track

HAPPY, SAD, CALM, ANGRY, JOYFUL, BLUE, STILL, PUNK = (t.id for t in LIBRARY)


def pack() -> Pack:
    return library_pack("l", LIBRARY, shipped_tags())


def ids(pack: Pack, request: RecommendRequest) -> list[TrackId]:
    return [ranked.track for ranked in rank(pack, request)]


def test_each_quadrant_of_mood_gets_its_own_tracks() -> None:
    """Happy, sad, calm and angry each put their two tracks first."""
    for place, expected in (
        ((0.8, 0.5), {HAPPY, JOYFUL}),
        ((-0.7, -0.4), {SAD, BLUE}),
        ((0.4, -0.6), {CALM, STILL}),
        ((-0.6, 0.75), {ANGRY, PUNK}),
    ):
        request = RecommendRequest(valence=place[0], arousal=place[1], count=2)
        assert set(ids(pack(), request)) == expected


def test_a_mood_is_the_reason_in_the_tracks_own_word() -> None:
    """The best track for a happy mood says so with its tag "happy"."""
    best = rank(pack(), RecommendRequest(valence=0.85, arousal=0.35))[0]
    assert (best.reason.kind, best.reason.subject) == (ReasonKind.MOOD, "happy")


def test_nothing_excluded_avoided_banned_or_explicit_comes() -> None:
    """Of eight tracks the four that may not come do not, whatever their scores."""
    banned = np.array([t.id == HAPPY for t in LIBRARY])
    request = RecommendRequest(
        exclude=(SAD, TrackId("0" * 16)), avoid_tags=("METAL",), allow_explicit=False, count=200
    )
    assert set(ids(replace(pack(), banned=banned), request)) == {CALM, JOYFUL, BLUE, STILL}


def test_a_synonym_is_avoided_with_its_word() -> None:
    """Avoiding "calm" also avoids "잔잔한"."""
    left = ids(pack(), RecommendRequest(avoid_tags=("calm",)))
    assert CALM not in left
    assert STILL not in left


def test_mood_weight_zero_is_taste_alone() -> None:
    """Without a mood the valence and arousal of the request change nothing."""
    one, other = (
        RecommendRequest(mood_weight=0, valence=v, arousal=a) for v, a in ((0.9, 0.9), (-0.9, -0.9))
    )
    assert rank(pack(), one) == rank(pack(), other)


def test_tags_asked_for_come_first_and_are_the_reason() -> None:
    """Asked for the piano, the piano comes, and says why."""
    best = rank(pack(), RecommendRequest(mood_weight=0, tags=("피아노",)))[0]
    assert (best.track, best.reason.kind) == (CALM, ReasonKind.TAGS)
    assert best.reason.subject == "피아노"


def test_more_like_this_comes_near_its_seed() -> None:
    """After the metal track comes the punk track, because of the metal track."""
    request = RecommendRequest(mood_weight=0, seed_track=ANGRY, exclude=(ANGRY,))
    best = rank(pack(), request)[0]
    assert (best.track, best.reason.kind, best.reason.subject) == (PUNK, ReasonKind.SIMILAR, ANGRY)


def test_taste_is_factors_and_walks() -> None:
    """Two factors, three neighbours: the tracks that both point to lead, then one's; all of it
    by a fifth, since one track heard out is a fifth of what is needed to know a listener.
    """
    factors = np.zeros((8, 2), np.float32)
    factors[1], factors[3] = (2.0, 0.0), (0.5, 0.0)
    neighbours = np.full((8, 3), -1, np.int32)
    closeness = np.zeros((8, 3), np.float32)
    neighbours[0, :2], closeness[0, :2] = (1, 5), (1.0, 0.5)
    affinity = np.zeros(8, np.float32)
    affinity[0] = 1.0
    knowing = replace(
        pack(),
        factors=factors,
        listener_factors=np.array([1.0, 0.0], np.float32),
        neighbours=neighbours,
        closeness=closeness,
        affinity=affinity,
        tag_vectors=np.zeros_like(pack().tag_vectors),
    )
    by_factors, together = (
        np.array([0, 2, 0, 0.5, 0, 0, 0, 0]),
        np.array([0, 1, 0, 0, 0, 0.5, 0, 0]),
    )
    blended = by_factors / by_factors.std() + 0.6 * together / together.std()
    expected = blended / blended.max() / 5
    np.testing.assert_allclose(knowing.taste, expected, atol=1e-6)
    best = rank(knowing, RecommendRequest(mood_weight=0, count=1))[0]
    assert (best.track, best.reason.kind, best.reason.subject) == (SAD, ReasonKind.LIKED, HAPPY)


def test_one_artist_does_not_come_twice_running() -> None:
    """With three artists of three tracks each, neighbours in the list are of three artists."""
    nine = [track(n, "happy", artist=f"a{n // 3}") for n in range(9)]
    order = ids(library_pack("l", nine, shipped_tags()), RecommendRequest(count=9))
    artists = [int(track_id, 16) // 3 for track_id in order]
    assert all(len(set(artists[at : at + 3])) == 3 for at in range(7))


def test_an_empty_library_ranks_to_nothing() -> None:
    """No tracks, no list, no error."""
    assert rank(library_pack("l", [], shipped_tags()), RecommendRequest()) == ()


def test_a_track_of_unknown_mood_lies_between() -> None:
    """It fits less than a track that fits, more than one that contradicts."""
    three = [track(1, "happy"), track(2), track(3, "depressive")]
    fits, unknown, contradicts = mood_fit(library_pack("l", three, shipped_tags()), 0.85, 0.35)
    assert fits > unknown > contradicts


def test_the_sound_tells_where_tags_are_silent() -> None:
    """Valence and arousal of the device's own analysis place a track without tags."""
    two = [track(1, valence=-0.8, arousal=-0.5), track(2, valence=0.8, arousal=0.5)]
    made = library_pack("l", two, shipped_tags())
    assert ids(made, RecommendRequest(valence=0.7, arousal=0.5))[0] == two[1].id


def test_a_favourite_of_another_mood_waits() -> None:
    """A listener who loves the sad track and smiles now gets happy tracks first; without a
    mood the loved one leads.
    """
    affinity = np.zeros(8, np.float32)
    affinity[1] = 20.0
    loving = replace(pack(), affinity=affinity)
    smiling = ids(loving, RecommendRequest(valence=0.8, arousal=0.5))
    assert smiling.index(HAPPY) < smiling.index(SAD)
    assert smiling.index(JOYFUL) < smiling.index(SAD)
    assert ids(loving, RecommendRequest(mood_weight=0))[0] == SAD


@pytest.mark.parametrize(
    ("hour", "leads", "waits", "named"),
    [(16.0, HAPPY, CALM, "afternoon"), (3.5, CALM, ANGRY, "night"), (23.5, STILL, PUNK, "night")],
)
def test_without_a_mood_the_hour_counts(
    hour: float, leads: TrackId, waits: TrackId, named: str
) -> None:
    """Lively in the afternoon, calm at night; and the hour is the reason."""
    ranked = rank(pack(), RecommendRequest(mood_weight=0, hour=hour))
    order = [r.track for r in ranked]
    assert order.index(leads) < order.index(waits)
    reasons = {(r.reason.kind, r.reason.subject) for r in ranked}
    assert (ReasonKind.HOUR, named) in reasons


def test_a_mood_that_counts_wholly_leaves_nothing_to_the_hour() -> None:
    """A happy face at night gets happy music."""
    happy = RecommendRequest(valence=0.8, arousal=0.5)
    assert rank(pack(), happy) == rank(pack(), msgspec.structs.replace(happy, hour=3.0))


def test_the_day_has_a_wave() -> None:
    """Liveliest at four in the afternoon, calmest at four in the morning, even between."""
    assert [round(hour_arousal(hour), 2) for hour in (16, 4, 10, 22)] == [0.4, -0.4, 0, 0]
    assert [time_of_day(hour) for hour in (0, 4.9, 5, 12, 18, 23, 23.9)] == [
        "night", "night", "morning", "afternoon", "evening", "night", "night"
    ]  # fmt: skip


@pytest.mark.parametrize("asked", ["80s", "1980s", "80년대"])
def test_an_era_is_asked_for_in_any_of_its_names(asked: str) -> None:
    """The track of 1984 leads, and says so in the word that was asked for."""
    three = [track(1, year=1965), track(2, year=1984), track(3, year=2015)]
    best = rank(library_pack("l", three, shipped_tags()), RecommendRequest(tags=(asked,)))[0]
    assert best.track == three[1].id
    assert (best.reason.kind, best.reason.subject) == (ReasonKind.TAGS, asked)


def test_a_listener_takes_what_was_worked_out_of_the_library() -> None:
    """Another listener of the same library shares its index; taste and bans are their own."""
    one = pack()
    liked, banned = np.zeros(8, np.float32), np.zeros(8, np.bool_)
    liked[1], banned[0] = 1, True
    none = np.zeros(0, np.float32)
    other = one.for_listener("ann", factors=none, affinity=liked, plays=liked, banned=banned)
    assert other.index is one.index
    assert not one.knows_taste
    assert other.knows_taste
    assert HAPPY not in ids(other, RecommendRequest())


def test_a_bag_of_tags_is_placed_as_the_vocabulary_says() -> None:
    """Each track is believed as far as its tags are, one by one, and lies on their side."""
    bags = [("happy", "80s"), (), ("sad", "metal", "rain"), ("unheard of",)]
    made = library_pack("l", [track(n, *bag) for n, bag in enumerate(bags)], shipped_tags())
    for row in range(len(bags)):
        *place, certainty = made.vocabulary.place(made.tags_of(row).tolist())
        np.testing.assert_array_equal(np.sign(made.valence_arousal[row]), np.sign(place))
        assert made.certainty[row] == pytest.approx(certainty, abs=1e-6)


def test_a_sound_that_is_sure_counts_for_more() -> None:
    """Of two tracks tagged sad whose sound is happy, the surer sound is the happier."""
    unsure, sure = (
        track(n, "sad", valence=0.8, arousal=0.5, valence_certainty=c, arousal_certainty=c)
        for n, c in ((1, 0.1), (2, 0.9))
    )
    made = library_pack("l", [unsure, sure], shipped_tags())
    assert made.valence_arousal[1, 0] > 0 > made.valence_arousal[0, 0]
