"""Pictures of the figures; matplotlib is asked for only here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender_server.evaluation.sets import EvaluationError

if TYPE_CHECKING:
    from pathlib import Path

    from recommender_server.evaluation.report import Summary

INK, BAR, LINE = "#222222", "#3b7a9e", "#c4572e"


def recall_by_model(found: Summary, path: Path) -> Path:
    """Bars of R@20 of each model on held-out playlists, the target as a line; the file written.

    Raises:
        EvaluationError: matplotlib is not installed, or playlists were not measured.

    """
    lines = {k: v["R@20"] for k, v in found.get("playlists", {}).items() if "R@20" in v}
    if not lines:
        msg = "there is no recall to draw: evaluate with playlists"
        raise EvaluationError(msg)
    try:
        import matplotlib as mpl  # noqa: PLC0415 - only who draws needs it
    except ImportError as error:
        msg = "drawing needs matplotlib: .venv/bin/pip install '.[figures]'"
        raise EvaluationError(msg) from error
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after its backend is chosen

    names = sorted(lines, key=lambda name: lines[name].mean)
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(names) + 1.4), layout="constrained")
    means = [lines[name].mean for name in names]
    axes.barh(names, means, xerr=[lines[name].spread / 2 for name in names], color=BAR, ecolor=INK)
    for place, mean in enumerate(means):
        axes.text(0.003, place, f"{mean:.3f}", va="center", color="white")
    least = next((value.least for value in lines.values() if value.least is not None), None)
    if least is not None:
        axes.axvline(least, color=LINE, linestyle="--", label=f"best known blend, {least:g}")
        axes.legend(loc="lower right")
    axes.set_xlabel("recall of the first 20 (yes_big, a fifth hidden); bars: spread over seeds")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
