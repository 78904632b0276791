from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.mood import UNKNOWN_MOOD, MoodClass
from device.mood import MoodFilter, group_emotions
from device.settings import MoodSettings
from tests.stage import make_face


def run(mood_filter: MoodFilter, emotion: str, start: float, seconds: float) -> list[MoodClass]:
    """Moods at 5 frames a second of one steady emotion."""
    frames = range(round(seconds * 5))
    return [mood_filter.see([make_face(emotion)], start + n / 5).mood for n in frames]


def test_a_new_mood_needs_its_dwell() -> None:
    """A steady smile is believed later by the dwell, and not before its evidence is there."""
    seconds = []
    for dwell in (0.0, 3.0):
        moods = run(MoodFilter(MoodSettings(dwell_seconds=dwell)), "happiness", 0.0, 20.0)
        seconds.append(moods.index(MoodClass.POSITIVE) / 5)
    assert 2 < seconds[0] < 10
    assert seconds[1] == pytest.approx(seconds[0] + 3)


def test_frames_count_by_their_time_not_their_number() -> None:
    """Ten frames a second believe a smile about when five do."""
    seconds = []
    for rate in (5, 10):
        mood_filter, n = MoodFilter(MoodSettings()), 0
        while mood_filter.see([make_face("happiness")], n / rate).mood is MoodClass.UNKNOWN:
            n += 1
        seconds.append(n / rate)
    assert seconds[1] == pytest.approx(seconds[0], rel=0.1)


def test_confidence_is_the_probability_of_the_mood() -> None:
    """A believed mood is as sure as it had to be, and surer the longer it lasts."""
    mood_filter = MoodFilter(MoodSettings())
    run(mood_filter, "happiness", 0.0, 10.0)
    early = mood_filter.mood().confidence
    run(mood_filter, "happiness", 10.0, 10.0)
    assert MoodSettings().enter <= early < mood_filter.mood().confidence <= 1


def test_a_misread_picture_cannot_argue_for_ever() -> None:
    """However sure a frame is of another mood, `misread` bounds what it says."""
    for misread, believed in ((0.02, MoodClass.NEGATIVE), (0.9, MoodClass.POSITIVE)):
        mood_filter = MoodFilter(MoodSettings(misread=misread, enter=0.5, enter_negative=0.5))
        run(mood_filter, "happiness", 0.0, 60.0)
        assert run(mood_filter, "anger", 60.0, 15.0)[-1] is believed


def test_a_flash_of_anger_is_no_mood() -> None:
    """Two angry seconds do not change a believed smile."""
    mood_filter = MoodFilter(MoodSettings())
    run(mood_filter, "happiness", 0.0, 20.0)
    moods = run(mood_filter, "anger", 20.0, 2.0) + run(mood_filter, "happiness", 22.0, 20.0)
    assert set(moods) == {MoodClass.POSITIVE}


def test_a_true_change_is_believed() -> None:
    """From smile to sadness, the mood follows within half a minute."""
    mood_filter = MoodFilter(MoodSettings())
    run(mood_filter, "happiness", 0.0, 20.0)
    moods = run(mood_filter, "sadness", 20.0, 40.0)
    assert moods[-1] is MoodClass.NEGATIVE
    assert moods.index(MoodClass.NEGATIVE) / 5 < 30


def test_the_mood_is_forgotten_when_nobody_is_there() -> None:
    """After the configured seconds without a face it is unknown again."""
    mood_filter = MoodFilter(MoodSettings(forget_seconds=5.0))
    run(mood_filter, "happiness", 0.0, 20.0)
    assert mood_filter.wait(23.0).mood is MoodClass.POSITIVE
    assert mood_filter.wait(26.0) == UNKNOWN_MOOD
    assert mood_filter.emotions == {}


def test_a_large_face_counts_for_more() -> None:
    """The group's emotions are weighted by face area."""
    near, far = make_face("happiness", size=0.4), make_face("sadness", size=0.1)
    emotions = group_emotions([near, far])
    assert emotions is not None
    assert emotions[1] > 10 * emotions[3]


@given(st.integers(0, 2**32))
def test_whatever_is_seen_the_mood_is_in_range(seed: int) -> None:
    """Confidence is a probability and valence and arousal stay in [-1, 1]."""
    chance = random.Random(seed)
    mood_filter, at = MoodFilter(MoodSettings(dwell_seconds=0.5, time_constant_seconds=0.5)), 0.0
    for _ in range(50):
        at += chance.uniform(0.0, 3.0)
        emotion = chance.choice(["happiness", "anger", "neutral", "sadness"])
        faces = [make_face(emotion, chance.random(), chance.random())] * chance.randint(0, 3)
        mood = mood_filter.see(faces, at)
        assert 0 <= mood.confidence <= 1
        assert -1 <= mood.valence <= 1
        assert -1 <= mood.arousal <= 1
