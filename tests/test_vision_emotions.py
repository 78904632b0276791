from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from contracts.emotion import EMOTIONS, VALENCE_AROUSAL, three_classes
from contracts.model_manifest import ModelError, read_manifest, verified_bytes
from contracts.vision_wire import Box
from device.vision.camera import FileCamera
from device.vision.emotions import EmotionClassifier, softmax
from device.vision.fakes import HandClock
from device.vision.runtime import TfliteModel, installed_runtime
from device.vision.sight import MODELS, load_sight
from tests.vision_scene import drawn_face, real_sight, video


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the models that may be damaged."""
    real_sight()
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


def test_a_smiling_man_is_positive() -> None:
    """The man of the real video smiles, and the appliance sees it."""
    camera = FileCamera(video("head-pose-face-detection-male.gif"), HandClock())
    camera.grab()
    (face,) = real_sight().faces(camera.decode())
    camera.close()
    moods = three_classes(dict(zip(EMOTIONS, face.emotions, strict=True)))
    assert max(moods, key=lambda m: moods[m]) == "positive"
    assert face.valence > 0.5


def test_probabilities_add_up_and_give_valence_and_arousal() -> None:
    """Valence and arousal are the mean of the emotions' own, weighted by probability."""
    (face,) = real_sight().faces(drawn_face())
    assert abs(sum(face.emotions) - 1) < 0.001
    valence = sum(p * VALENCE_AROUSAL[e][0] for e, p in zip(EMOTIONS, face.emotions, strict=True))
    assert abs(face.valence - valence) < 0.001


def test_a_face_in_a_mask_is_not_seen() -> None:
    """A mask hides faces whose centre it holds, and no others."""
    sight, frame = real_sight(), drawn_face(centre=(160, 240))
    left_half = Box(left=0, top=0, width=0.5, height=1)
    right_half = Box(left=0.5, top=0, width=0.5, height=1)
    assert sight.faces(frame, [left_half]) == ()
    assert len(sight.faces(frame, [right_half])) == 1
    assert sight.faces(frame, [right_half, left_half]) == ()


def test_a_face_reads_as_its_mirror_image_does() -> None:
    """The model judges both; only where the detector finds them differs by a little."""
    sight, frame = real_sight(), drawn_face()
    (face,) = sight.find(frame)
    left, top, wide, high = face.box
    other = replace(face, box=(640 - left - wide, top, wide, high), roll_degrees=-face.roll_degrees)
    (plain,) = sight.read(frame, [face])
    (mirrored,) = sight.read(np.ascontiguousarray(frame[:, ::-1]), [other])
    assert np.abs(np.subtract(mirrored.emotions, plain.emotions)).max() < 0.1


def test_an_unsure_classifier_says_so(models: Path) -> None:
    """A highest probability under the manifest's `unknown_below` makes a face unknown."""
    manifest = read_manifest(models / "emotion.json")
    for threshold, known in ((1.1, False), (0.0, True)):
        changed = msgspec.structs.replace(manifest, unknown_below=threshold)
        (models / "emotion.json").write_bytes(msgspec.json.encode(changed))
        (face,) = load_sight(models).faces(drawn_face())
        assert face.known is known


def test_temperature_softens(models: Path) -> None:
    """A higher temperature makes the same face less sure."""
    manifest = read_manifest(models / "emotion.json")
    model = TfliteModel(verified_bytes(manifest, models))
    crop = real_sight().classifier.crop(drawn_face(), real_sight().find(drawn_face())[0])
    sharp, soft = (
        EmotionClassifier(model, msgspec.structs.replace(manifest, temperature=t))
        .probabilities(crop)
        .max()
        for t in (0.5, 3.0)
    )
    assert soft < sharp


def test_softmax_survives_large_logits() -> None:
    """The softmax does not overflow, and keeps the order of its logits."""
    chances = softmax(np.array([2000.0, 1999.0, -2000.0]))
    assert abs(chances.sum() - 1) < 1e-9
    assert chances[0] > chances[1] > chances[2]


def test_an_altered_model_is_refused(models: Path) -> None:
    """One changed byte, and the model is not opened; the message names the file and the way."""
    content = bytearray((models / "emotion.tflite").read_bytes())
    content[-1] ^= 1
    (models / "emotion.tflite").write_bytes(content)
    with pytest.raises(ModelError, match=r"emotion\.tflite was altered.*git checkout"):
        load_sight(models)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    """An empty folder of models is refused by the name of what it lacks."""
    with pytest.raises(ModelError, match=r"face_detector\.json"):
        load_sight(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("kind", "tags", "kind 'tags'"),
        ("labels", ["neutral", "happy"], "happy"),
        ("crop", {}, "crop.scale"),
        ("input_size", 48, "48"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    models: Path, key: str, value: object, words: str
) -> None:
    """Kind, labels, framing and input size must be what this program works with."""
    path = models / "emotion.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(ModelError, match=words):
        load_sight(models)


def test_bytes_that_are_no_model_are_refused() -> None:
    """The runtime's own complaint is passed on."""
    with pytest.raises(ModelError, match="cannot read the model"):
        TfliteModel(b"not a model at all")


def test_the_model_says_how_it_is_quantised() -> None:
    """Shape, dtype and scale come from the model: the emotion model takes int8 squares."""
    manifest = read_manifest(MODELS / "emotion.json")
    model = TfliteModel(verified_bytes(manifest, MODELS))
    entry = model.inputs[0]
    side = manifest.input_size
    assert (entry.shape, entry.dtype) == ((1, side, side, 1), np.dtype(np.int8))
    assert entry.scale > 0
    assert installed_runtime() in {"ai_edge_litert", "tflite_runtime"}
