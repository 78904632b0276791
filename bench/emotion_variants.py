"""What else could be read from the same trained weights: other sizes, mirroring, raw weights.

`python -m bench.emotion_variants --faces fer2013plus.npz --checkpoint emotion.pt`, in the
export environment, on PublicTest and float weights: what is chosen by must not be reported by.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from model_export import dataset, figures, tables, weights
from model_export.targets import predict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model_export.dataset import Faces
    from model_export.network import MobileNetV2

SIZES = (48, 56, 64, 80)


def raw(network: MobileNetV2, checkpoint: Path) -> MobileNetV2:
    """The network with its last weights in place of their average."""
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network.load_state_dict(saved["network"])
    network.eval()
    return network


def rows(faces: Faces, checkpoint: Path) -> list[dict[str, Any]]:
    """Accuracy of each variant; the first row is what is shipped."""
    network, size = weights.trained(checkpoint), weights.input_size(checkpoint)
    sides = (
        (size,) if network.pool else {size, *SIZES}
    )  # weighted places fix the size of the last map
    logits = {side: predict(network, faces, side) for side in sides}
    found = [_row(f"averaged weights at {size} px", logits[size], faces)]
    found += [_row(f"at {s} px", logits[s], faces) for s in sorted(sides) if s != size]
    both = (logits[size] + predict(network, dataset.mirrored(faces), size)) / 2
    found.append(_row("mean with the mirrored face, twice the work", both, faces))
    if checkpoint.suffix != ".npz":
        last = predict(raw(network, checkpoint), faces, size)
        found.append(_row("last weights instead of their average", last, faces))
    return found


def _row(name: str, logits: NDArray[Any], faces: Faces) -> dict[str, Any]:
    chances = figures.softmax(logits, 1.0)
    return {
        "variant": name,
        "eight": figures.accuracy(chances, faces.labels),
        "three": figures.accuracy_three(chances, faces.labels),
    }


def main() -> None:
    """Print the figures as JSON, and fill in a page's table."""
    parser = argparse.ArgumentParser("python -m bench.emotion_variants", description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="fer2013plus.npz")
    parser.add_argument("--checkpoint", type=Path, required=True, help="float weights")
    parser.add_argument("--page", type=Path, help="page whose table of variants is filled in")
    chosen = parser.parse_args()
    faces = dataset.load(chosen.faces, "public_test")
    found = {"variants": rows(faces, chosen.checkpoint)}
    if chosen.page:
        chosen.page.write_text(tables.filled(chosen.page.read_text("utf-8"), found), "utf-8")
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")


if __name__ == "__main__":
    main()
