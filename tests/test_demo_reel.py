from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.emotion import EMOTIONS, three_classes
from contracts.model_manifest import read_manifest, verified_bytes
from device.demo import BUNDLED_REEL
from device.demo.expression import ANGER, GRIEF, NEUTRAL, POSITIVE, blend
from device.demo.people import PEOPLE
from device.demo.portrait import Pose, render
from device.demo.reel import (
    FRAMES_PER_SECOND,
    SCENES,
    ReelError,
    frame_count,
    make_reel,
    moment,
)
from device.vision.emotions import EmotionClassifier
from device.vision.faces import FaceDetector
from device.vision.runtime import TfliteModel

MODELS = Path(__file__).parents[1] / "models"
CLASSES = ("negative", "neutral", "positive")
EVERY = 7
"""Every so many frames are judged."""


@cache
def detector() -> FaceDetector:
    manifest = read_manifest(MODELS / "face_detector.json")
    return FaceDetector(TfliteModel(verified_bytes(manifest, MODELS)))


@cache
def classifier() -> EmotionClassifier:
    manifest = read_manifest(MODELS / "emotion.json")
    return EmotionClassifier(TfliteModel(verified_bytes(manifest, MODELS)), manifest)


def chances(frame: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[float]:
    """Chances of negative, neutral and positive of the one face that the detector finds."""
    (face,) = detector().find(frame)
    probabilities = classifier().probabilities(classifier().crop(frame, face))
    three = three_classes(dict(zip(EMOTIONS, probabilities.tolist(), strict=True)))
    return [three[name] for name in CLASSES]


@cache
def judged() -> dict[int, list[list[float]]]:
    """Chances of the steady frames of each scene, by the scene's number."""
    scenes = defaultdict(list)
    for number in range(0, frame_count(), EVERY):
        now = moment(number / FRAMES_PER_SECOND)
        if now.steady:
            frame = render(now.expression, now.scene.person, now.pose, noise_seed=number)
            scenes[SCENES.index(now.scene)].append(chances(frame))
    return scenes


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_scenes_are_read_as_they_are_meant(number: int) -> None:
    """The shipped models read at least 80 % of a scene's steady frames right, with mean ≥ .7."""
    wanted = CLASSES.index(SCENES[number].mood)
    read = np.array(judged()[number])
    assert (read.argmax(axis=1) == wanted).mean() >= 0.8
    assert read[:, wanted].mean() >= 0.7


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_everybody_can_smile(person: object) -> None:
    """Each drawn person's smile and calm are read right, turned a little either way."""
    for who in PEOPLE:
        if who is person:
            for turn in (-0.06, 0.0, 0.06):
                assert np.argmax(chances(render(POSITIVE, who, Pose(turn=turn)))) == 2
                assert np.argmax(chances(render(NEUTRAL, who, Pose(turn=turn)))) == 1


def test_anger_and_grief_are_negative() -> None:
    """Both negative expressions are read as negative on every drawn person."""
    for person in PEOPLE:
        assert np.argmax(chances(render(ANGER, person))) == 0
        assert np.argmax(chances(render(GRIEF, person))) == 0


def test_the_order_of_moods() -> None:
    """Positive, neutral, negative, neutral, and so on for ever."""
    assert [scene.mood for scene in SCENES[:4]] == ["positive", "neutral", "negative", "neutral"]
    assert len(SCENES) % 4 == 0
    whole = frame_count() / FRAMES_PER_SECOND
    assert moment(whole + 5.0).scene == moment(5.0).scene


def test_a_picture_is_a_pure_value() -> None:
    """The same arguments give the same picture; another noise seed another one."""
    first = render(POSITIVE, PEOPLE[0], Pose(turn=0.05), noise_seed=4)
    assert first.shape == (480, 640, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, render(POSITIVE, PEOPLE[0], Pose(turn=0.05), noise_seed=4))
    assert not np.array_equal(first, render(POSITIVE, PEOPLE[0], Pose(turn=0.05), noise_seed=5))


def test_faces_change_smoothly() -> None:
    """Half way between two expressions every muscle is half way."""
    half = blend(NEUTRAL, POSITIVE, 0.5)
    assert half.mouth_width == pytest.approx((NEUTRAL.mouth_width + POSITIVE.mouth_width) / 2)
    assert blend(NEUTRAL, POSITIVE, 0.0) == NEUTRAL
    assert blend(NEUTRAL, POSITIVE, 1.0) == POSITIVE


def test_eyes_blink() -> None:
    """Within every five seconds the eyes are nearly shut in some frame, and open in most."""
    lids = [moment(n / FRAMES_PER_SECOND).expression.upper_lid for n in range(50)]
    assert min(lids) < 0.3
    assert np.median(lids) > 0.7


def test_the_reel_is_a_film_that_opencv_reads(tmp_path: Path) -> None:
    """A short reel has its frames, its size and its rate."""
    scenes = tuple(replace(scene, seconds=0.5) for scene in SCENES[:2])
    path = make_reel(tmp_path / "sub" / "reel.mp4", scenes=scenes)
    film = cv2.VideoCapture(str(path))
    frames = []
    while (read := film.read())[0]:
        frames.append(read[1])
    assert len(frames) == 10
    assert frames[0].shape == (480, 640, 3)
    assert film.get(cv2.CAP_PROP_FPS) == FRAMES_PER_SECOND


def test_the_bundled_reel_is_the_one_that_the_code_draws() -> None:
    """Its frames are those of the scenes, but for what the codec loses."""
    film = cv2.VideoCapture(str(BUNDLED_REEL))
    assert int(film.get(cv2.CAP_PROP_FRAME_COUNT)) == frame_count()
    for number in (60, 260, 500):
        now = moment(number / FRAMES_PER_SECOND)
        drawn = render(now.expression, now.scene.person, now.pose, noise_seed=number)
        film.set(cv2.CAP_PROP_POS_FRAMES, number)
        shown = film.read()[1]
        assert np.abs(drawn.astype(float) - shown).mean() < 6


def test_a_reel_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    """A folder in the reel's place is an error that says what to do."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(ReelError, match="choose another folder"):
        make_reel(blocked / "reel.mp4")
