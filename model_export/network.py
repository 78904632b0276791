"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) for one grey channel, in PyTorch.

Parameter names follow torchvision's, so that its ImageNet weights load as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

INVERTED_RESIDUALS = (
    # expansion t, channels c, repeats n, stride s of the first: table 2 of the paper
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
STEM_CHANNELS = 32
LAST_STRIDED = 160
LAST_CHANNELS = 1280


def scaled(channels: int, width: float, divisor: int = 8) -> int:
    """Channels times `width`, rounded to a multiple of `divisor` but never 10 % below."""
    rounded = max(divisor, int(channels * width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels * width else rounded


def conv_bn_relu6(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution without bias, batch norm and ReLU6, as one block."""
    padding = (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):  # type: ignore[misc, unused-ignore]
    """Expand, depthwise, project; a shortcut where the shapes allow it."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.has_shortcut = stride == 1 and inputs == outputs
        layers: list[nn.Module] = [] if expansion == 1 else [conv_bn_relu6(inputs, hidden, 1)]
        layers += [
            conv_bn_relu6(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102 - the class says what goes in and out
        y: Tensor = self.conv(x)
        return x + y if self.has_shortcut else y


def weighted_mean(channels: int, side: int) -> nn.Conv2d:
    """Mean over a `side` by `side` map with a weight for each place, to begin with all equal.

    A face lies the same way up in every crop: where a feature is says something. After
    MobileFaceNets (Chen et al. 2018, arXiv:1804.07573).
    """
    pool = nn.Conv2d(channels, channels, side, groups=channels, bias=False)
    nn.init.constant_(pool.weight, 1 / side**2)
    return pool


@dataclass(frozen=True)
class Shape:
    """How a network differs from the paper's."""

    width: float = 1.0
    """Factor of all channel counts."""
    last_stride: int = 2
    """Stride before the 160 channels; 1 keeps a map twice as fine to the end."""
    pool: int = 0
    """Side of the last map if its places are weighted; 0 takes the plain mean."""


class MobileNetV2(nn.Module):  # type: ignore[misc, unused-ignore]
    """Grey faces [batch, 1, size, size] (standardised) to logits [batch, classes].

    Args:
        shape: what may differ from the paper's network.
        classes: how many logits.
        dropout: chance that a pooled feature is left out in training.

    """

    def __init__(self, shape: Shape | None = None, classes: int = 8, dropout: float = 0.2) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        width = shape.width
        channels = scaled(STEM_CHANNELS, width)
        layers: list[nn.Module] = [conv_bn_relu6(1, channels, 3, stride=2)]
        for expansion, outputs, repeats, stride_in_paper in INVERTED_RESIDUALS:
            first_stride = shape.last_stride if outputs == LAST_STRIDED else stride_in_paper
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                block_outputs = scaled(outputs, width)
                layers.append(InvertedResidual(channels, block_outputs, stride, expansion))
                channels = block_outputs
        last = scaled(LAST_CHANNELS, max(1.0, width))
        layers.append(conv_bn_relu6(channels, last, 1))
        self.features = nn.Sequential(*layers)
        self.pool = weighted_mean(last, shape.pool) if shape.pool else None
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, classes))

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102 - the class says what goes in and out
        features = self.features(x)
        pooled = features.mean((2, 3)) if self.pool is None else self.pool(features).flatten(1)
        logits: Tensor = self.classifier(pooled)
        return logits


def load_fitting(network: MobileNetV2, weights: Mapping[str, Tensor]) -> int:
    """Copy the tensors whose name and shape fit; how many were copied.

    Weights of the last map's places are stretched to a map of another side.
    """
    own = network.state_dict()
    places = "pool.weight"
    if places in own and places in weights:
        weights = {**weights, places: _stretched(weights[places], own[places].shape[-1])}
    fitting = {k: v for k, v in weights.items() if k in own and own[k].shape == v.shape}
    network.load_state_dict({**own, **fitting})
    return len(fitting)


def _stretched(places: Tensor, side: int) -> Tensor:
    """Place weights [channels, 1, old, old] for a map of another side; sums are kept."""
    resized = nn.functional.interpolate(places, (side, side), mode="bilinear")
    return resized * (places.shape[-1] / side) ** 2


def imagenet_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a torchvision checkpoint for one grey channel, read without unpickling code.

    The first convolution's three colour channels are summed: a grey picture is a colour
    picture whose channels are equal.
    """
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    first = "features.0.0.weight"
    return {**weights, first: weights[first].sum(1, keepdim=True)}
