"""Fine-tuning under simulated int8 rounding (Jacob et al. 2018, arXiv:1712.05877).

What int8 will round is rounded here in the forward pass, with straight-through gradients, and
the network learns to answer as its float self does all the same. The ranges of the activations
are chosen here too: a rare extreme may be cut where that makes all others finer.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from model_export.network import MobileNetV2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

LEVELS = 127
TINY = 1e-8
BINS = 4096
"""Of the histogram by which a range is chosen."""
CUTS = np.arange(1, 0.3, -0.05)
"""Shares of an extreme that are tried as the end of a range."""


class Range(NamedTuple):
    """What an int8 tensor can hold, in float; 0 lies within."""

    low: float
    high: float

    @property
    def scale(self) -> float:
        """Size of one of the 255 steps."""
        return max(self.high - self.low, TINY) / 255


@dataclass(frozen=True)
class RoundingSettings:
    """How the fine-tuning goes."""

    steps: int = 300
    rate: float = 1e-5
    seed: int = 7


class RoundedWeight(nn.Module):  # type: ignore[misc, unused-ignore]
    """A weight as int8 holds it: symmetric, one scale for each output channel."""

    def forward(self, weight: Tensor) -> Tensor:  # noqa: D102 - the class says what goes in and out
        scale = weight.detach().abs().flatten(1).amax(1).clamp(min=TINY) / LEVELS
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -LEVELS, LEVELS)


class RoundedActivation:
    """A hook on a module: sees its extremes, counts its values, then rounds what it puts out."""

    def __init__(self) -> None:
        self.range = Range(0.0, 0.0)
        self.counts = torch.zeros(BINS)
        self.phase = self._extremes

    def __call__(self, _module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        """What the phase makes of the output."""
        return self.phase(output)

    def count(self) -> None:
        """From now on count values between the extremes."""
        self.phase = self._counted

    def round(self) -> None:
        """Choose the range by what was counted; from now on round to it."""
        self.range = best_range(self.range, self.counts.numpy())
        self.phase = self._rounded

    def _extremes(self, output: Tensor) -> Tensor:
        low, high = self.range
        self.range = Range(min(low, float(output.min())), max(high, float(output.max())))
        return output

    def _counted(self, output: Tensor) -> Tensor:
        self.counts += torch.histc(output, BINS, *self.range)
        return output

    def _rounded(self, output: Tensor) -> Tensor:
        scale = self.range.scale
        zero = round(-128 - self.range.low / scale)
        return torch.fake_quantize_per_tensor_affine(output, scale, zero, -128, 127)


def best_range(extremes: Range, counts: NDArray[np.float32]) -> Range:
    """The range of the least mean squared error, what is cut off included.

    Args:
        extremes: of all values.
        counts: how many values lie in each of n equal parts between the extremes.

    """
    low, high = extremes
    values = low + (np.arange(len(counts)) + 0.5) * (high - low) / len(counts)
    lows = low * CUTS if low < 0 else [low]
    tried = [Range(float(a), float(b)) for a in lows for b in high * CUTS]
    return min(tried, key=lambda chosen: _squared_error(chosen, values, counts))


def _squared_error(chosen: Range, values: NDArray[Any], counts: NDArray[Any]) -> float:
    step = chosen.scale
    kept = np.clip(np.round((values - chosen.low) / step), 0, 255) * step + chosen.low
    return float(counts @ (kept - values) ** 2)


def fold_norms(network: MobileNetV2) -> None:
    """Move each norm's scale into the convolution before it; it keeps only its offset."""
    convolution: nn.Conv2d | None = None
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            convolution = module
        elif isinstance(module, nn.BatchNorm2d) and convolution is not None:
            _fold(convolution, module)


def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        msg = "a norm without statistics cannot be folded"
        raise ValueError(msg)
    with torch.no_grad():
        factor = norm.weight / (variance + norm.eps).sqrt()
        convolution.weight *= factor[:, None, None, None]
        norm.bias -= mean * factor
        norm.weight.fill_(1)
        mean.zero_()
        variance.fill_(1 - norm.eps)
    norm.weight.requires_grad_(requires_grad=False)


def rounded_modules(network: MobileNetV2) -> Iterator[tuple[str, nn.Module]]:
    """The modules whose output is a tensor of its own in the int8 graph, by its Keras name."""
    stem, *blocks, head = network.features
    yield "stem_relu", stem[2]
    for index, block in enumerate(blocks):
        *activated, _, norm = block.conv
        for part, layer in enumerate(activated):
            yield f"block{index}_{part}_relu", layer[2]
        yield f"block{index}_project_norm", norm
        if block.has_shortcut:
            yield f"block{index}_add", block
    yield "head_relu", head[2]
    if network.pool is not None:
        yield "pool", network.pool
    yield "logits", network.classifier[1]


class RoundedNetwork(NamedTuple):
    """A network that computes as int8 would, and the ranges of its activations by Keras name."""

    network: MobileNetV2
    ranges: dict[str, Range]


def rounded(network: MobileNetV2, faces: Tensor) -> RoundedNetwork:
    """A copy that computes as int8 would, norms folded; it can be trained.

    Args:
        network: trained, in evaluation mode.
        faces: [n, 1, size, size], whose activations set the ranges.

    """
    twin = copy.deepcopy(network)
    twin.eval()
    fold_norms(twin)
    for module in twin.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            parametrize.register_parametrization(module, "weight", RoundedWeight())
    hooks = {name: RoundedActivation() for name, _ in rounded_modules(twin)}
    for name, module in rounded_modules(twin):
        module.register_forward_hook(hooks[name])
    _run(twin, faces)
    for hook in hooks.values():
        hook.count()
    _run(twin, faces)
    for hook in hooks.values():
        hook.round()
    return RoundedNetwork(twin, {name: hook.range for name, hook in hooks.items()})


def _run(network: MobileNetV2, faces: Tensor) -> None:
    with torch.no_grad():
        for part in faces.split(100):
            network(part)


def unrounded(twin: MobileNetV2) -> MobileNetV2:
    """The float weights of a `rounded` network, in a plain one."""
    weights = {
        name.replace("parametrizations.", "").replace(".original", ""): tensor
        for name, tensor in twin.state_dict().items()
    }
    network = MobileNetV2(twin.shape)
    network.load_state_dict(weights)
    network.eval()
    return network


def fine_tuned(
    twin: MobileNetV2, network: MobileNetV2, batches: Iterable[Tensor], settings: RoundingSettings
) -> Iterator[tuple[int, float]]:
    """Teach a rounded network to answer as the float one; yields each step and its loss.

    The loss is the divergence of its probabilities from the float network's (Kullback and
    Leibler, in nats), of batches [n, 1, size, size].
    """
    learning = [parameter for parameter in twin.parameters() if parameter.requires_grad]
    optimiser = torch.optim.Adam(learning, lr=settings.rate)
    for step, faces in zip(range(settings.steps), batches, strict=False):
        for group in optimiser.param_groups:
            rise = min(1, (step + 1) / 10)  # Adam's first steps are as large as its later ones
            group["lr"] = settings.rate * rise * (1 - step / settings.steps)
        with torch.no_grad():
            wanted = network(faces).log_softmax(1)
        loss = nn.functional.kl_div(
            twin(faces).log_softmax(1), wanted, reduction="batchmean", log_target=True
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        optimiser.step()
        yield step + 1, loss.item()
