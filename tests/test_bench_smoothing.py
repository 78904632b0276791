from __future__ import annotations

import numpy as np
import pytest

from bench.listeners import NOBODY, Readings, Session, session, trembled
from bench.smoothing import exponential, likeliest, shipped, told_one_by_one
from bench.smoothing_choice import judged


def made_up(seed: int = 3) -> Readings:
    """Readings that no model made: the true mood is likelier than the others."""
    random = np.random.default_rng(seed)
    chances = []
    for emotions in ((3, 4), (0,), (1, 2)):
        strength = np.full(8, 0.25)
        strength[list(emotions)] = 2.0
        chances.append(random.dirichlet(strength, (12, 8)).astype(np.float32))
    return Readings(tuple(chances), 0.3)


@pytest.fixture(scope="module")
def shown() -> Session:
    return session(made_up(), 4, 5.0, np.random.default_rng(5))


def test_the_filter_for_many_tells_what_the_appliance_tells(shown: Session) -> None:
    """The choice of constants ran the very filter that is shipped."""
    assert (shipped(shown) == told_one_by_one(shown)).all()


def test_plain_tellers_go_by_the_reading_or_by_its_mean() -> None:
    """One frame of another mood changes the frame's own likeliest, and no mean."""
    chances = np.zeros((20, 1, 8), np.float32)
    chances[:, 0, 1] = 1
    chances[10, 0] = [1, 0, 0, 0, 0, 0, 0, 0]
    present = np.ones((20, 1), np.bool_)
    present[11], present[0] = False, False
    one = Session(5.0, np.full((20, 1), 2, np.int8), chances, present)
    assert likeliest(one)[:, 0].tolist() == [NOBODY, *[2] * 9, 1, 1, *[2] * 8]
    assert exponential(one)[:, 0].tolist() == [NOBODY, *[2] * 19]


def test_a_session_is_the_same_for_the_same_seed(shown: Session) -> None:
    """Listeners, pictures and gaps come from the seed alone."""
    again = session(made_up(), 4, 5.0, np.random.default_rng(5))
    assert (again.chances == shown.chances).all()
    assert (again.present == shown.present).all()


def test_a_stretch_repeats_a_handful_of_pictures(shown: Session) -> None:
    """A minute of one mood shows five pictures of eight frames at most."""
    minute = shown.chances[:300, 0]
    assert len(np.unique(minute, axis=0)) <= 80


def test_a_reading_holds_for_two_frames_of_five_a_second(shown: Session) -> None:
    """As the appliance reads: neighbours are the same, and the next are read anew."""
    minute = shown.chances[:300, 0].reshape(150, 2, 8)
    assert (minute[:, 0] == minute[:, 1]).all()
    assert not (minute[:-1, 0] == minute[1:, 0]).all()


def test_the_mood_changes_each_minute(shown: Session) -> None:
    """And to another one."""
    minutes = shown.truth.reshape(10, 300, 4)
    assert (minutes == minutes[:, :1]).all()
    assert (minutes[1:, 0] != minutes[:-1, 0]).all()


def test_one_false_change_is_counted_once() -> None:
    """A wrong mood that goes through unknown and comes back is one mistake."""
    truth = np.ones((600, 1), np.int8)
    truth[300:] = 2
    told_moods = truth.copy()
    told_moods[300:310] = 1
    told_moods[100:110] = 0
    told_moods[105] = NOBODY
    shown = Session(5.0, truth, np.zeros((600, 1, 8), np.float32), np.ones((600, 1), np.bool_))
    found = judged(told_moods, shown)
    assert found["false_changes"] == 30.0  # in two minutes
    assert found["false_negatives"] == 30.0
    assert found["delay"] == 2.0
    assert found["told"] == 100.0


def test_a_face_trembles_a_little() -> None:
    """The next frame shows nearly the same picture."""
    random = np.random.default_rng(1)
    ramp = np.add.outer(np.arange(48), np.arange(48)).astype(np.uint8)
    other = trembled(ramp, random)
    assert np.corrcoef(ramp.ravel(), other.ravel())[0, 1] > 0.95
