"""Fine-tuning under simulated int8 rounding (Jacob et al. 2018, arXiv:1712.05877).

What the converter will round is rounded here in the forward pass, with straight-through
gradients, and the network learns to answer as its float self does all the same.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from model_export.network import InvertedResidual, MobileNetV2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEVELS = 127
TINY = 1e-8


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
    """A hook that rounds what a module puts out to 256 steps between the extremes it saw."""

    def __init__(self) -> None:
        self.low, self.high, self.watching = 0.0, 0.0, True

    def __call__(self, _module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        """Watch, or round."""
        if self.watching:
            self.low = min(self.low, float(output.min()))
            self.high = max(self.high, float(output.max()))
            return output
        scale = max(self.high - self.low, TINY) / 255
        zero = round(-128 - self.low / scale)
        return torch.fake_quantize_per_tensor_affine(output, scale, zero, -128, 127)


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


def _rounded_modules(network: MobileNetV2) -> Iterator[nn.Module]:
    """The modules whose output is a tensor of its own in the int8 graph."""
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            yield module
        elif isinstance(module, InvertedResidual):
            yield module.conv[-1]
            if module.has_shortcut:
                yield module
    if network.pool is not None:
        yield network.pool
    yield network.classifier[1]


def rounded(network: MobileNetV2, ranges: Tensor) -> MobileNetV2:
    """A copy that computes as int8 would, norms folded; it can be trained.

    Args:
        network: trained, in evaluation mode.
        ranges: faces [n, 1, size, size] whose activations set the ranges, as the converter's do.

    """
    twin = copy.deepcopy(network)
    twin.eval()
    fold_norms(twin)
    for module in twin.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            parametrize.register_parametrization(module, "weight", RoundedWeight())
    hooks = [RoundedActivation() for _ in _rounded_modules(twin)]
    for module, hook in zip(list(_rounded_modules(twin)), hooks, strict=True):
        module.register_forward_hook(hook)
    with torch.no_grad():
        for part in ranges.split(100):
            twin(part)
    for hook in hooks:
        hook.watching = False
    return twin


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
    network: MobileNetV2, ranges: Tensor, batches: Iterable[Tensor], settings: RoundingSettings
) -> Iterator[tuple[int, float, MobileNetV2]]:
    """Teach the rounded network to answer as the float one; each step, its loss and the network.

    The loss is the divergence of its probabilities from the float network's (Kullback and
    Leibler, in nats), of batches [n, 1, size, size].
    """
    twin = rounded(network, ranges)
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
        yield step + 1, loss.item(), twin
