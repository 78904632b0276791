"""Pictures of the figures, for docs/pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")  # before pyplot, which would look for a display
from matplotlib import pyplot as plt

from contracts.emotion import EMOTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

INK, LIGHT, WARM = "#22577a", "#57a5c9", "#c7522a"


def draw(found: dict[str, Any], folder: Path) -> list[Path]:
    """Draw the figures that `evaluate` found; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    drawings = {
        "confusion": (_confusion, (6.4, 5.6)),
        "reliability": (_reliability, (5.2, 4.8)),
        "coverage": (_coverage, (5.6, 4.2)),
        "robustness": (_robustness, (7.2, 4.6)),
    }
    files = []
    for name, (drawing, inches) in drawings.items():
        figure, axes = plt.subplots(figsize=inches)
        drawing(axes, found)
        figure.tight_layout()
        files.append(folder / f"emotion_{name}.png")
        # A picture must not change where its figures did not: no dates, no versions.
        figure.savefig(files[-1], dpi=110, metadata={"Software": None})
        plt.close(figure)
    return files


def _confusion(axes: Axes, found: dict[str, Any]) -> None:
    counts = np.array(found["confusion"])
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(EMOTIONS))
    axes.set_xticks(places, EMOTIONS, rotation=40, ha="right")
    axes.set_yticks(places, [f"{e} ({n})" for e, n in zip(EMOTIONS, counts.sum(1), strict=True)])
    for row in places:
        for column in places:
            colour = "white" if shares[row, column] > 0.5 else "black"
            text = f"{100 * shares[row, column]:.0f}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    axes.set_xlabel("said")
    axes.set_ylabel("raters' majority (faces)")
    axes.set_title(f"Per cent of each emotion, {_where(found)}")


def _reliability(axes: Axes, found: dict[str, Any]) -> None:
    bins = found["reliability"]
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
    sizes = [12 + b["rows"] / 4 for b in bins]
    x, y = [b["confidence"] for b in bins], [b["accuracy"] for b in bins]
    axes.plot(x, y, color=INK)
    axes.scatter(x, y, s=sizes, color=LIGHT, edgecolor=INK, zorder=3)
    axes.set_xlabel("highest probability")
    axes.set_ylabel("share that is right")
    title = f"Calibration error {found['ece']:.1f} % (before: {found['ece_uncalibrated']:.1f} %)"
    axes.set_title(title)
    axes.grid(alpha=0.3)


def _coverage(axes: Axes, found: dict[str, Any]) -> None:
    curve = found["coverage"]
    x = [100 * point["coverage"] for point in curve]
    axes.plot(x, [p["eight"] for p in curve], marker="o", color=INK, label="eight emotions")
    axes.plot(x, [p["three"] for p in curve], marker="s", color=WARM, label="three moods")
    known = found["known"]["percent"]
    axes.axvline(known, color="grey", linestyle=":", label=f"known above {found['unknown_below']}")
    axes.invert_xaxis()
    axes.set_xlabel("surest faces kept, per cent")
    axes.set_ylabel("accuracy, per cent")
    axes.set_title(f"The surer, the better, {_where(found)}")
    axes.legend()
    axes.grid(alpha=0.3)


def _robustness(axes: Axes, found: dict[str, Any]) -> None:
    rows = found["robustness"]
    places = np.arange(len(rows))[::-1]
    axes.barh(places + 0.2, [r["eight"] for r in rows.values()], 0.4, color=INK, label="eight")
    axes.barh(places - 0.2, [r["three"] for r in rows.values()], 0.4, color=LIGHT, label="three")
    for place, row in zip(places, rows.values(), strict=True):
        axes.text(row["eight"] + 0.5, place + 0.2, f"{row['eight']:.1f}", va="center", fontsize=8)
        axes.text(row["three"] + 0.5, place - 0.2, f"{row['three']:.1f}", va="center", fontsize=8)
    axes.set_yticks(places, list(rows))
    axes.set_xlim(0, 100)
    axes.set_xlabel("accuracy, per cent")
    axes.set_title(f"Worse pictures, {_where(found)}")
    axes.legend(loc="lower right")


def _where(found: dict[str, Any]) -> str:
    split = "PrivateTest" if found["split"] == "private_test" else "PublicTest"
    return f"{split}, {found['accuracy']['rows']} faces"
