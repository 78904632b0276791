"""`python -m model_export train | mix | quantise | package | evaluate | release`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from model_export import commands

MODEL = Path("models/emotion.tflite")


def _add_training(train: argparse.ArgumentParser) -> None:
    train.add_argument("--imagenet", default="auto", help="torchvision's .pth, auto or none")
    train.add_argument("--start", type=Path, help="float weights to go on from, not ImageNet's")
    train.add_argument(
        "--teacher",
        action="append",
        default=[],
        type=Path,
        help="float weights whose answers are learnt too; may be given several times",
    )
    train.add_argument("--threads", type=int, default=1)
    train.add_argument("--settings", type=Path, help="TOML of what differs from TrainSettings")


def _add_quantising(each: argparse.ArgumentParser) -> None:
    each.add_argument("--mirrored", action="store_true", help="judge the mirror image too")
    each.add_argument(
        "--rounding-steps",
        type=int,
        default=0,
        metavar="N",
        help="fine-tune under simulated int8 rounding before that",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m model_export", description=__doc__)
    parsers = parser.add_subparsers(dest="command", required=True)
    train = parsers.add_parser("train", help="train, or go on training")
    _add_training(train)
    mix = parsers.add_parser("mix", help="weights between those of two checkpoints")
    mix.add_argument("--second", type=Path, required=True, help="checkpoint that went on from it")
    mix.add_argument("--share", type=float, required=True, help="of the second, 0 to 1")
    mix.add_argument("--out", type=Path, required=True)
    quantise = parsers.add_parser("quantise", help="float weights to an int8 .tflite")
    quantise.add_argument("--out", type=Path, default=MODEL)
    package = parsers.add_parser("package", help="choose on PublicTest, write the manifest")
    evaluate = parsers.add_parser("evaluate", help="measure, draw, fill the tables in docs/")
    release = parsers.add_parser("release", help="quantise, package and evaluate")
    for each in (quantise, release):
        _add_quantising(each)
    for each in (package, release):
        each.add_argument("--crop-scale", type=float, help="as before when left out")
        each.add_argument("--crop-lower-by", type=float, help="as before when left out")
    for each in (package, evaluate, release):
        each.add_argument("--model", type=Path, default=MODEL)
    splits = ("public_test", "private_test")
    for each in (evaluate, release):
        each.add_argument("--split", choices=splits, default="private_test")
        each.add_argument("--json", action="store_true", help="print the figures as JSON")
        each.add_argument("--docs", type=Path, default=Path("docs"))
    for each in (train, mix, quantise, evaluate, release):
        needed = each is not evaluate
        each.add_argument("--checkpoint", type=Path, required=needed, help="float weights")
    for each in (train, quantise, package, evaluate, release):
        each.add_argument("--faces", type=Path, required=True, help="fer2013plus.npz")
    return parser


def main(words: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    chosen = _parser().parse_args(words)
    try:
        commands.COMMANDS[chosen.command](chosen)
    except (OSError, ValueError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
