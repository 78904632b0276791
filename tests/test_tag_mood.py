"""Where tags put a track on the circumplex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.library_pack import library_pack
from contracts.tag_mood import STRETCH, bag_sums, told_by_tags
from contracts.tag_space import TagSpace, plain_space
from recommender_server.evaluation.moods import QUADRANTS, moods
from tests.recommender_stage import shipped_tags, track

RESEARCH = Path(__file__).parents[2] / "shared" / "data" / "music"


def told(space: TagSpace, *bags: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Places and certainties of bags of tags that the space has."""
    rows = [space.find(tag) for bag in bags for tag in bag]
    starts = np.cumsum([0, *map(len, bags)], dtype=np.int32)
    return told_by_tags(space, starts, np.array(rows, np.int32))


def test_one_word_is_worked_out_by_hand() -> None:
    """A single sure word at (-0.5, 0.4) is drawn to the middle by 0.3 of a witness, and its
    valence out again by a half; a sad library keeps its middle.
    """
    places, certainty = told(plain_space({"low": (-0.5, 0.4)}), ("low",))
    np.testing.assert_allclose(places, [[-0.5 / 1.3 * STRETCH, 0.4 / 1.3]], rtol=1e-5)
    assert certainty[0] == pytest.approx(1 / 1.6)


def test_a_bag_without_tags_is_nowhere() -> None:
    """No tag, no place, no certainty; the bags beside it are not touched."""
    places, certainty = told(shipped_tags(), (), ("sad",), ())
    assert places[[0, 2]].tolist() == [[0, 0], [0, 0]]
    assert certainty[[0, 2]].tolist() == [0, 0]
    assert places[1, 0] < -0.5


def test_words_that_agree_are_believed_more() -> None:
    """Three sad words make a track surer and sadder than one."""
    places, certainty = told(shipped_tags(), ("sad",), ("sad", "tearful", "sorrowful"))
    assert places[1, 0] < places[0, 0]
    assert certainty[1] > certainty[0]


def test_a_mood_word_outweighs_genres() -> None:
    """A sad song that is filed under pop and dance pop stays sad."""
    places, _ = told(shipped_tags(), ("sad", "pop", "dance pop"))
    assert places[0, 0] < -0.3


def test_a_word_said_of_any_song_says_little() -> None:
    """Love and "beautiful" do not make a sad song a happy one; "joyful" and "cheerful" would."""
    praised, cheered = told(
        shipped_tags(), ("sad", "love", "beautiful"), ("sad", "joyful", "cheerful")
    )[0]
    assert praised[0] < -0.2 < cheered[0]


def test_loudness_says_nothing_of_pleasure() -> None:
    """Next to "sad" the word "loud" moves arousal far and valence hardly."""
    alone, with_loud = told(shipped_tags(), ("sad",), ("sad", "loud"))[0]
    assert with_loud[1] - alone[1] > 0.3
    assert abs(with_loud[0] - alone[0]) < 0.2


def test_the_middle_is_the_librarys_own() -> None:
    """Among a thousand joyful tracks a merely relaxed one is not a joyful one: what all of a
    library shares tells nothing. One such track alone keeps its place.
    """
    space = shipped_tags()
    many, _ = told(space, *[("joyful",)] * 1000, ("relaxed",))
    alone, _ = told(space, ("relaxed",))
    assert many[-1, 0] < 0 < alone[0, 0]


def test_a_sad_library_stays_sad() -> None:
    """A thousand sad tracks are as sad as one."""
    many, _ = told(shipped_tags(), *[("sad",)] * 1000)
    alone, _ = told(shipped_tags(), ("sad",))
    np.testing.assert_array_equal(many[0], alone[0])


def test_sums_of_bags_leave_none_out() -> None:
    """Empty bags first, last and between are zeros; the others are summed whole."""
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    sums = bag_sums(values, np.array([0, 0, 3, 3, 4, 4], np.int32))
    np.testing.assert_array_equal(sums, [[0, 0], [6, 9], [0, 0], [6, 7], [0, 0]])


def test_places_stay_on_the_circumplex() -> None:
    """However many words agree, valence and arousal stay within -1 and 1."""
    bags = [("happy", "joyful", "euphoric", "ecstatic"), ("sad", "hopeless", "depressive")]
    pack = library_pack("l", [track(n, *bag) for n, bag in enumerate(bags)], shipped_tags())
    assert np.abs(pack.valence_arousal).max() <= 1


def test_moods_are_found_among_real_tracks() -> None:
    """Of the first 50 for each mood as many lie in its quadrant as is promised."""
    if not (RESEARCH / "deezer_mood").is_dir():
        pytest.skip("the research sets are not here: ../shared/data/music")
    figures = moods(RESEARCH)["first 50"]
    least = {"happy": 0.95, "angry": 0.80, "calm": 0.72, "sad": 0.70}
    assert set(least) == set(QUADRANTS)
    assert all(figures[mood] >= figure for mood, figure in least.items()), figures
