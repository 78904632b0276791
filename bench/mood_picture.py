"""Draws estimates of mood against labels; needs matplotlib, which is not part of the appliance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

LOOKS = {
    "chosen_by": ("#b9bec7", "had a part in choosing"),
    "held_out": ("#2f6f9f", "had none"),
}
"""Colour and name of each part."""
JITTER, SEED = 0.018, 4
"""Many tracks share a label: they are drawn a little apart."""


class PictureError(RuntimeError):
    """It cannot be drawn; says what to do."""


def draw_scatter(rows: Sequence[dict[str, Any]], figures: dict[str, Any], file: Path) -> None:
    """Write a PNG: estimate against label, valence and arousal side by side.

    Args:
        rows: `part`, `label` and `estimate` (both valence, arousal) of each track.
        figures: part → axis → (rank correlation, low, high).
        file: where to.

    Raises:
        PictureError: matplotlib is not there, or the file cannot be written.

    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        msg = "the picture needs matplotlib: .venv/bin/pip install '.[figures]'"
        raise PictureError(msg) from error
    figure = Figure(figsize=(10, 5.2), dpi=110, layout="constrained")
    for k, (axis, axes) in enumerate(
        zip(("valence", "arousal"), figure.subplots(1, 2), strict=True)
    ):
        _scatter(axes, rows, figures, axis, k)
    try:
        figure.savefig(file)
    except (OSError, ValueError) as error:
        msg = f"{file} cannot be written: {error}"
        raise PictureError(msg) from error


def _scatter(
    axes: Axes, rows: Sequence[dict[str, Any]], figures: dict[str, Any], axis: str, k: int
) -> None:
    chance = np.random.default_rng(SEED)
    for part, (colour, name) in LOOKS.items():
        those = [row for row in rows if row["part"] == part]
        if not those:
            continue
        labels = np.array([row["label"][k] for row in those])
        places = np.array([row["estimate"][k] for row in those])
        rho, low, high = figures[part][axis]
        axes.scatter(
            labels + chance.normal(0, JITTER, len(labels)), places, s=26, color=colour,
            alpha=0.75, linewidth=0,
            label=f"{name}: {len(those)} tracks, rho {rho:.2f} ({low:.2f} to {high:.2f})",
        )  # fmt: skip
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=0)
    axes.axvline(0, color="#999999", linewidth=0.8, zorder=0)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), xlabel=f"{axis} by what the track is for")
    axes.set_ylabel(f"{axis} estimated from the sound")
    axes.set_title(axis, fontsize=13)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8.5, loc="upper left", bbox_to_anchor=(0, -0.11))
