"""Draws a library on the circumplex; needs matplotlib, which is not part of the appliance."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from contracts.track import Track

COLOURS = {"happy": "#e8a33d", "angry": "#c8553d", "calm": "#4f9d8f", "sad": "#4a6fa5"}
CORNERS = {"happy": (1, 1), "angry": (-1, 1), "calm": (1, -1), "sad": (-1, -1)}
SIDE_INCHES, DOTS_PER_INCH = 8, 130


class MapError(RuntimeError):
    """The map cannot be drawn; says what to do."""


def draw_map(tracks: Sequence[Track], file: Path) -> None:
    """Write a PNG: a dot a track, filled where its tags say its mood, a ring where its sound does.

    Raises:
        MapError: matplotlib is not there, no track has a place, or the file cannot be written.

    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        msg = "the map needs matplotlib: .venv/bin/pip install '.[figures]'"
        raise MapError(msg) from error
    placed = [t for t in tracks if t.valence is not None and t.arousal is not None]
    if not placed:
        msg = "no track has a mood yet: let the device listen, or add --listen"
        raise MapError(msg)
    figure = Figure(figsize=(SIDE_INCHES, SIDE_INCHES), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    for mood, (right, up) in CORNERS.items():
        axes.fill_between([0, right], 0, up, color=COLOURS[mood], alpha=0.07, linewidth=0)
        axes.text(
            right * 0.97, up * 0.95, mood, ha="right" if right > 0 else "left", va="center",
            fontsize=15, color=COLOURS[mood], weight="bold",
        )  # fmt: skip
    _scatter(axes, placed)
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=0)
    axes.axvline(0, color="#999999", linewidth=0.8, zorder=0)
    axes.set(
        xlim=(-1, 1), ylim=(-1, 1), xlabel="unpleasant  ·  valence  ·  pleasant",
        ylabel="quiet  ·  arousal  ·  excited",
        title=f"{len(placed)} tracks: dots by their tags, rings by their sound",
    )  # fmt: skip
    axes.spines[:].set_visible(False)
    try:
        figure.savefig(file)
    except (OSError, ValueError) as error:
        msg = f"{file} cannot be written: {error}"
        raise MapError(msg) from error


def _scatter(axes: Axes, placed: Sequence[Track]) -> None:
    """Each track's dot or ring, smaller the more there are."""
    size = max(12, min(110, 9000 / len(placed)))
    for track in placed:
        valence, arousal = track.valence or 0.0, track.arousal or 0.0
        mood = next(
            m for m, (r, u) in CORNERS.items() if (r > 0, u > 0) == (valence >= 0, arousal >= 0)
        )
        ring = track.arousal_certainty is not None
        axes.scatter(
            valence, arousal, s=size, alpha=0.75, linewidth=1.3, edgecolors=COLOURS[mood],
            facecolors="none" if ring else COLOURS[mood],
        )  # fmt: skip
