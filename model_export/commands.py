"""One function a command. Each imports its framework only when run: TensorFlow takes seconds."""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import sys
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from model_export.train import TrainSettings


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _settings(path: Path | None) -> TrainSettings:
    """Train settings: the defaults, but for what a TOML file says.

    Raises:
        ValueError: the file has an unknown key or a wrong value.

    """
    from dataclasses import fields

    import msgspec

    from model_export.train import TrainSettings

    table = tomllib.loads(path.read_text("utf-8")) if path else {}
    known = [f.name for f in fields(TrainSettings)]
    if unknown := sorted(table.keys() - known):
        msg = f"{path}: unknown {', '.join(unknown)}; known are {', '.join(known)}"
        raise ValueError(msg)
    return msgspec.convert(table, TrainSettings)


def train(chosen: argparse.Namespace) -> None:
    """Train until the last epoch; a killed run goes on from its checkpoint."""
    import torch

    from model_export import dataset, weights
    from model_export.targets import Teacher
    from model_export.train import Training, targets

    torch.set_num_threads(chosen.threads)
    settings = _settings(chosen.settings)
    teachers = [Teacher(weights.trained(p), weights.input_size(p)) for p in chosen.teacher]
    training = dataset.load(chosen.faces, "training")
    training = targets(training, settings, teachers)
    choosing = dataset.load(chosen.faces, "public_test")
    start = weights.start(chosen.start, chosen.imagenet)
    earlier = weights.history(chosen.start) if chosen.start else []
    run = Training(settings, start, chosen.checkpoint, earlier)
    for row in run.epochs(training, choosing):
        _say(
            f"epoch {row['epoch']:2.0f} at {row['size']:.0f} px: loss {row['loss']:.3f}, "
            f"PublicTest {row['accuracy']:.2%}, {row['seconds']:.0f} s"
        )


def mix(chosen: argparse.Namespace) -> None:
    """Write a checkpoint between two."""
    from model_export import weights

    weights.mix(chosen.checkpoint, chosen.second, chosen.share, chosen.out)
    _say(f"{chosen.out}: {1 - chosen.share:.0%} of {chosen.checkpoint}, the rest {chosen.second}")


def quantise(chosen: argparse.Namespace) -> None:
    """Write the int8 .tflite."""
    from model_export.quantise import quantise as run

    sources = chosen.checkpoint, chosen.faces
    done = run(
        *sources,
        chosen.out,
        mirrored=chosen.mirrored,
        rounding_steps=chosen.rounding_steps,
    )
    _say(
        f"{chosen.out}: {done.model_bytes / 1e6:.2f} MB at {done.size} px; Keras and PyTorch "
        f"differ by {done.twin_difference:.1e} at most; float copy {done.copy_bytes / 1e6:.2f} MB"
    )


def package(chosen: argparse.Namespace) -> None:
    """Write the manifest."""
    from model_export import package as packaging

    manifest_file = chosen.model.with_suffix(".json")
    crop = packaging.crop_of(manifest_file, chosen.crop_scale, chosen.crop_lower_by)
    manifest = packaging.package(chosen.model, chosen.faces, crop)
    _say(
        f"{manifest_file}: temperature {manifest.temperature}, unknown below "
        f"{manifest.unknown_below}, crop {manifest.crop}, PrivateTest "
        f"{manifest.figures['accuracy']} %"
    )


def evaluate(chosen: argparse.Namespace) -> None:
    """Measure; figures of PrivateTest also go into docs/ and beside the model."""
    import msgspec

    from model_export import evaluate as measuring

    found = measuring.evaluate(chosen.model, chosen.faces, chosen.split, chosen.checkpoint)
    if chosen.json:
        _say(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        _say_summary(found)
    if chosen.split == "private_test":
        for path in measuring.written(found, chosen.model, chosen.docs):
            sys.stderr.write(f"wrote {path}\n")


def _say_summary(found: dict[str, Any]) -> None:
    from model_export import tables

    for name in ("summary", "classes", "float", "robustness"):
        _say(tables.text(name, found))


def release(chosen: argparse.Namespace) -> None:
    """From a checkpoint to everything that is shipped and written about it."""
    chosen.out = chosen.model
    quantise(chosen)
    package(chosen)
    evaluate(chosen)


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "train": train,
    "mix": mix,
    "quantise": quantise,
    "package": package,
    "evaluate": evaluate,
    "release": release,
}
