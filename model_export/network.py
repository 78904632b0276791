"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) for one grey channel, in PyTorch.

Parameter names follow torchvision's, so that its ImageNet weights load as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

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


class MobileNetV2(nn.Module):  # type: ignore[misc, unused-ignore]
    """Grey faces [batch, 1, size, size] (standardised) to logits [batch, classes]."""

    def __init__(self, classes: int = 8, width: float = 1.0, dropout: float = 0.2) -> None:
        super().__init__()
        self.width = width
        channels = scaled(STEM_CHANNELS, width)
        layers: list[nn.Module] = [conv_bn_relu6(1, channels, 3, stride=2)]
        for expansion, outputs, repeats, first_stride in INVERTED_RESIDUALS:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                block_outputs = scaled(outputs, width)
                layers.append(InvertedResidual(channels, block_outputs, stride, expansion))
                channels = block_outputs
        last = scaled(LAST_CHANNELS, max(1.0, width))
        layers.append(conv_bn_relu6(channels, last, 1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, classes))

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102 - the class says what goes in and out
        pooled = self.features(x).mean((2, 3))
        logits: Tensor = self.classifier(pooled)
        return logits


def load_imagenet(network: MobileNetV2, weights: Mapping[str, Tensor]) -> int:
    """Copy what fits of torchvision's ImageNet weights; how many tensors were copied.

    The first convolution's three colour channels are summed: a grey picture is a colour
    picture whose channels are equal.
    """
    own = network.state_dict()
    summed = {**weights, "features.0.0.weight": weights["features.0.0.weight"].sum(1, keepdim=True)}
    fitting = {k: v for k, v in summed.items() if k in own and own[k].shape == v.shape}
    network.load_state_dict({**own, **fitting})
    return len(fitting)


def imagenet_weights(path: str) -> dict[str, Tensor]:
    """Tensors of a torchvision checkpoint, read without unpickling code."""
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights
