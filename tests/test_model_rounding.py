"""Fine-tuning under simulated rounding."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the export environment")

from model_export.network import MobileNetV2, Shape  # noqa: E402 - after the skip
from model_export.rounding import (  # noqa: E402 - after the skip
    RoundingSettings,
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
    twin = rounded(network, faces)
    wanted, found = network(faces), twin(faces)
    assert not torch.equal(wanted, found)
    assert (wanted - found).abs().max() < 0.5 * wanted.std()
    assert torch.allclose(wanted, unrounded(twin)(faces), atol=1e-4)


def test_weights_have_255_levels_in_each_channel() -> None:
    """int8, symmetric, one scale an output channel."""
    twin = rounded(_network(), torch.randn(4, 1, 64, 64))
    for channel in twin.features[-1][0].weight[:5]:
        steps = channel.detach() / (channel.detach().abs().max() / 127)
        assert torch.allclose(steps, steps.round(), atol=1e-3)


def test_fine_tuning_comes_nearer_to_the_float_network() -> None:
    """After some small steps the rounded network answers more like its float self."""
    network, faces = _network(), torch.randn(32, 1, 64, 64)
    settings = RoundingSettings(steps=20, rate=5e-6)
    losses = [loss for _, loss, _ in fine_tuned(network, faces, iter([faces] * 20), settings)]
    assert len(losses) == 20
    assert losses[-1] < 0.7 * losses[0]
