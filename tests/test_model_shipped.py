from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.emotion import EMOTIONS
from contracts.model_manifest import read_manifest, verified_bytes
from model_export import dataset, figures, measure
from model_export.litert import QuantisedNetwork

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"
FACES = ROOT.parent / "shared/data/faces/fer2013plus.npz"


@pytest.fixture(scope="module")
def network() -> QuantisedNetwork:
    return QuantisedNetwork(verified_bytes(read_manifest(MODELS / "emotion.json"), MODELS))


def test_the_shipped_model_is_what_its_manifest_says(network: QuantisedNetwork) -> None:
    """Sha256, size, labels and framing agree, and terms are given."""
    manifest = read_manifest(MODELS / "emotion.json")
    assert manifest.kind == "emotion"
    assert manifest.labels == EMOTIONS
    assert manifest.input_size == network.size
    assert manifest.crop.keys() == {"scale", "lower_by"}
    assert manifest.figures["bytes"] == (MODELS / manifest.file).stat().st_size
    assert 0 < manifest.unknown_below < 1
    assert "research" in manifest.terms


def test_the_shipped_model_takes_and_gives_int8(network: QuantisedNetwork) -> None:
    """Neither end of the file is float: the conversion was whole."""
    assert network.border_types == ("int8", "int8")


def test_the_shipped_model_answers_eight_finite_logits(network: QuantisedNetwork) -> None:
    """Any crop gives eight finite numbers, and the same ones twice."""
    crop = np.random.default_rng(4).integers(0, 256, (48, 48)).astype(np.uint8)
    first = network.logits(crop)
    assert first.shape == (8,)
    assert np.isfinite(first).all()
    assert np.array_equal(first, network.logits(crop))


def test_the_documented_figures_are_the_shipped_models() -> None:
    """The figures beside the model were measured on this very file."""
    manifest = read_manifest(MODELS / "emotion.json")
    recorded = (MODELS / "emotion.figures.json").read_text("utf-8")
    assert manifest.sha256 in recorded


@pytest.mark.skipif(not FACES.is_file(), reason="FER2013 is not here; it cannot be shipped")
def test_the_shipped_model_is_as_good_as_recorded(network: QuantisedNetwork) -> None:
    """On PrivateTest the file reaches its manifest's figures within 0.1 points."""
    manifest = read_manifest(MODELS / "emotion.json")
    faces = dataset.load(FACES, "private_test")
    found = measure.summary(network.all_logits(faces.images), faces, manifest.temperature)
    for name in ("accuracy", "accuracy_clean", "accuracy_three"):
        assert found[name]["percent"] == pytest.approx(manifest.figures[name], abs=0.1), name
    assert found["ece"] < 5
    assert figures.macro_recall(found["by_class"]) == found["macro_recall"]
