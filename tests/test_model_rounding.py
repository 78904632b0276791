"""Fine-tuning under simulated rounding."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the export environment")

from model_export.dataset import inputs  # noqa: E402 - after the skip
from model_export.network import MobileNetV2, Shape  # noqa: E402 - after the skip
from model_export.rounding import (  # noqa: E402 - after the skip
    Range,
    RoundingSettings,
    best_range,
    fine_tuned,
    fold_norms,
    rounded,
    unrounded,
)

SHAPE = Shape(0.35, last_stride=1, pool=4)


def _network(seed: int = 5) -> MobileNetV2:
    """Untrained, but with norms that have seen something and logits that differ."""
    torch.manual_seed(seed)
    network = MobileNetV2(SHAPE)
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(16, 1, 64, 64))
        network.classifier[1].weight *= 200
    return network.eval()


def test_folded_norms_change_nothing() -> None:
    """The scale of a norm may as well lie in the convolution before it."""
    network, faces = _network(), torch.randn(3, 1, 64, 64)
    before = network(faces)
    fold_norms(network)
    assert torch.allclose(before, network(faces), atol=1e-4)


def test_rounding_is_felt_and_can_be_taken_off() -> None:
    """Rounded logits differ a little; the float weights beneath are the network's own."""
    network, faces = _network(), torch.randn(8, 1, 64, 64)
    twin, _ = rounded(network, faces)
    wanted, found = network(faces), twin(faces)
    assert not torch.equal(wanted, found)
    assert (wanted - found).abs().max() < 0.5 * wanted.std()
    assert torch.allclose(wanted, unrounded(twin)(faces), atol=1e-4)


def test_weights_have_255_levels_in_each_channel() -> None:
    """int8, symmetric, one scale an output channel."""
    twin, _ = rounded(_network(), torch.randn(4, 1, 64, 64))
    for channel in twin.features[-1][0].weight[:5]:
        steps = channel.detach() / (channel.detach().abs().max() / 127)
        assert torch.allclose(steps, steps.round(), atol=1e-3)


def test_fine_tuning_comes_nearer_to_the_float_network() -> None:
    """After some small steps the rounded network answers more like its float self."""
    network, faces = _network(), torch.randn(32, 1, 64, 64)
    twin, _ = rounded(network, faces)
    settings = RoundingSettings(steps=20, rate=5e-6)
    losses = [loss for _, loss in fine_tuned(twin, network, iter([faces] * 20), settings)]
    assert len(losses) == 20
    assert losses[-1] < 0.7 * losses[0]


def test_a_rare_extreme_is_cut_off() -> None:
    """One value in a million far outside costs less than coarser steps for all others."""
    counts = np.zeros(4096, np.float32)
    counts[:400], counts[-1] = 2500, 1
    assert best_range(Range(0.0, 10.0), counts).high < 5
    counts[:] = 250
    assert best_range(Range(0.0, 10.0), counts) == Range(0.0, 10.0)


def test_the_int8_file_rounds_as_the_simulation_does() -> None:
    """Every range chosen is a tensor's of the file, and the logits differ by steps, no more."""
    pytest.importorskip("tensorflow", reason="conversion needs the export environment")
    from model_export.keras_graph import int8_bytes, keras_twin  # noqa: PLC0415 - after the skip
    from model_export.litert import QuantisedNetwork  # noqa: PLC0415 - as above

    crops = np.random.default_rng(3).integers(0, 256, (8, 48, 48), np.uint8)
    faces = torch.from_numpy(inputs(crops, 64).transpose(0, 3, 1, 2))
    network = _network()
    twin, ranges = rounded(network, faces)
    file = QuantisedNetwork(int8_bytes(keras_twin(network, 64, ranges=ranges)))
    for name, chosen in ranges.items():
        assert min(abs(scale / chosen.scale - 1) for scale in file.scales()) < 1e-4, name
    steps = (twin(faces).detach().numpy() - file.all_logits(crops)) / ranges["logits"].scale
    assert np.abs(steps).mean() < 2
