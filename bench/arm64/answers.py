"""What vision's path answers on this machine, stage by stage: `python -m bench.arm64.answers`.

A stage is given what the machine that made the material had before it, so that a difference is
that stage's own; only `path` runs from the file of the reel to the emotion without looking aside.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.arm64.material import face_row, found_face, reel_frames
from contracts.emotion import EMOTIONS
from contracts.model_manifest import read_manifest, verified_bytes
from contracts.preprocess import dequantise, quantise, standardise
from device.demo import BUNDLED_REEL
from device.vision.runtime import TfliteModel, installed_runtime
from device.vision.sight import MODELS, load_sight

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from device.vision.sight import Sight

Answers = dict[str, "NDArray[Any]"]
PATH_COLUMNS = 4 + len(EMOTIONS) + 1
"""Of a row of `path`: the box in fractions of the frame, the probabilities, whether it is known."""


class Eye:
    """All that vision's path consists of, opened once."""

    def __init__(self, models: Path = MODELS) -> None:
        manifest = read_manifest(models / "emotion.json")
        self.sight: Sight = load_sight(models)
        self.framing, self.size = manifest.crop, manifest.input_size
        self.network = TfliteModel(verified_bytes(manifest, models))

    def near(self, given: Answers) -> NDArray[Any]:
        """The near detector's largest face of each frame, float64 [n, 6]."""
        return np.stack([face_row(self.sight.find_near(f)) for f in given["frames"]])

    def far(self, given: Answers) -> NDArray[Any]:
        """The far detector's."""
        return np.stack([face_row(self.sight.with_far(f, [])) for f in given["frames"]])

    def cut(self, given: Answers) -> NDArray[Any]:
        """The found faces cut out of their frames, uint8 [n, 48, 48]."""
        pairs = zip(given["frames"], given["found"], strict=True)
        cutter = self.sight.classifier
        return np.stack([cutter.crop(f, found_face(r)) for f, r in pairs if not np.isnan(r).any()])

    def inputs(self, given: Answers) -> NDArray[Any]:
        """The network's int8 inputs of the crops, [m, size, size, 1]."""
        entry = self.network.inputs[0]
        return np.stack(
            [
                quantise(standardise(c, self.size), entry.scale, entry.zero_point, entry.dtype)
                for c in given["crops"]
            ]
        )

    def logits(self, given: Answers) -> NDArray[Any]:
        """The network's int8 outputs of given int8 inputs, [m, 8]."""
        entry, out = self.network.inputs[0], self.network.outputs[0]
        real = (dequantise(i, entry.scale, entry.zero_point)[None] for i in given["inputs"])
        told = np.stack([self.network.run(values)[0].reshape(-1) for values in real])
        return quantise(told, out.scale, out.zero_point, out.dtype)

    def path(self, given: Answers) -> NDArray[Any]:
        """Largest face of each decoded frame as it would cross the wire, float64 [n, 13]."""
        return np.stack([self._face(frame) for frame in given["decoded"]])

    def _face(self, frame: NDArray[np.uint8]) -> NDArray[np.float64]:
        faces = self.sight.faces(frame)
        if not faces:
            return np.full(PATH_COLUMNS, np.nan)
        box = faces[0].box
        place = (box.left, box.top, box.width, box.height)
        return np.array([*place, *faces[0].emotions, faces[0].known], np.float64)


def answered(
    given: Answers, reel: Path = BUNDLED_REEL, told: Callable[[str], object] = str
) -> tuple[Answers, dict[str, float]]:
    """Answers of every stage by its name, and the processor's seconds for each.

    Args:
        given: `frames`, `found` and `crops` of the material; `inputs`, where another machine
            standardised the crops.
        reel: video that is decoded.
        told: called with the name of each stage as it begins.

    """
    eye = Eye()
    given = dict(given)
    stages: dict[str, Callable[[Answers], NDArray[Any]]] = {
        "decoded": lambda _: reel_frames(reel),
        "near": eye.near,
        "far": eye.far,
        "cut": eye.cut,
        "inputs": eye.inputs,
        "logits": eye.logits,
        "path": eye.path,
    }
    found: Answers = {}
    seconds = {}
    for name, stage in stages.items():
        told(name)
        began = time.process_time()
        found[name] = stage(found | given)
        seconds[name] = round(time.process_time() - began, 2)
    return found, seconds


def about() -> dict[str, str]:
    """What answers here."""
    libraries = ("numpy", "opencv-python-headless", installed_runtime().replace("_", "-"))
    versions = {name: importlib.metadata.version(name) for name in libraries}
    return {"machine": platform.machine(), "python": platform.python_version()} | versions


def save(path: Path, arrays: Answers) -> None:
    """Write arrays by their names into an .npz."""
    named: dict[str, Any] = arrays
    np.savez(path, **named)


def main() -> int:
    """Answer to a material's file into another; `said` in it is JSON of `about` and `seconds`."""
    parser = argparse.ArgumentParser("python -m bench.arm64.answers", description=__doc__)
    parser.add_argument("material", type=Path, help=".npz of bench.arm64.material")
    parser.add_argument("answers", type=Path, help=".npz to write")
    chosen = parser.parse_args()
    with np.load(chosen.material, allow_pickle=False) as file:
        given = dict(file)
    found, seconds = answered(given, told=lambda name: sys.stderr.write(f"{name}\n"))
    said = json.dumps({"about": about(), "seconds": seconds})
    save(chosen.answers, found | {"said": np.array(said)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
