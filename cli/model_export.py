"""Train, quantise, package and measure the emotion model, in an environment of its own."""

from __future__ import annotations


def run(arguments: list[str]) -> int:
    """Run the trainer's command line; its exit status."""
    from model_export.__main__ import main  # noqa: PLC0415 - brings torch

    return main(arguments)
