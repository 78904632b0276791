"""Run, train and evaluate the recommender server."""

from __future__ import annotations


def run(arguments: list[str]) -> int:
    """Run a command of the recommender server; its exit status."""
    from recommender_server.command import main  # noqa: PLC0415 - only when asked for

    return main(arguments, "./mlfym recommender")
