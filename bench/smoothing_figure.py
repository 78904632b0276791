"""Draws what bench.smoothing measured: `python bench/smoothing_figure.py FIGURES.json PICTURE.png`.

Runs in the environment of the trainer, which alone has matplotlib, and imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = ("#8a8f98", "#d08a2e", "#2f6f9f")


def draw(figures: Path, picture: Path) -> None:
    """False changes an hour against the delay, one point for each teller and frame rate."""
    rows = json.loads(figures.read_text("utf-8"))["smoothing"]
    tellers = list(dict.fromkeys(row["teller"] for row in rows))
    figure, axes = plt.subplots(figsize=(6.4, 3.8), dpi=110, layout="constrained")
    for row in rows:
        axes.scatter(
            row["delay"],
            row["false_changes"],
            s=70,
            color=COLOURS[tellers.index(row["teller"])],
            marker="o" if row["per_second"] == rows[0]["per_second"] else "^",
            label=f"{row['teller']}, {row['per_second']:.0f} frames/s",
        )
    axes.set(
        yscale="log",
        xlim=(-0.5, None),
        xlabel="seconds until a true change is told (median)",
        ylabel="false changes an hour",
    )
    axes.axhline(1, color="#bbbbbb", linewidth=1, zorder=0)
    axes.axvline(12, color="#bbbbbb", linewidth=1, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(picture)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
