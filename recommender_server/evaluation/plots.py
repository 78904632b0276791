"""Pictures of the figures; matplotlib is asked for only here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recommender_server.evaluation.models import ALONE, SHIPPED, TO_BEAT
from recommender_server.evaluation.sets import EvaluationError

if TYPE_CHECKING:
    from pathlib import Path

    from recommender_server.evaluation.report import Figure, Summary

INK, PALE, MODEL, OWN, LINE = "#222222", "#9aa5ad", "#3b7a9e", "#1d7a46", "#c4572e"
PANELS = {
    "playlists": ("Playlists, a fifth of each hidden", TO_BEAT[0]),
    "new listeners": ("New listeners, folded in", TO_BEAT[1]),
}
NAMES = {
    ALONE[0]: "ALS, 64 factors",
    ALONE[1]: "RP3 beta, 500 neighbours",
    ALONE[2]: "sparse regression",
    ALONE[3]: "neighbours kept of both",
    SHIPPED: "as shipped",
    TO_BEAT[0]: "ALS + 0.7 RP3 beta",
    TO_BEAT[1]: "RP3 beta + 0.5 ALS\n+ 0.1 tags",
}


def recall_by_model(found: Summary, path: Path) -> Path:
    """R@20 of each model, a dot a seed and a bar at their mean, wanted as a line; the file written.

    A panel for held-out playlists, and one for new listeners where they were measured.

    Raises:
        EvaluationError: matplotlib is not installed, or playlists were not measured.

    """
    panels = [name for name in PANELS if "R@20" in found.get(name, {}).get(SHIPPED, {})]
    if "playlists" not in panels:
        msg = "there is no recall to draw: evaluate with playlists"
        raise EvaluationError(msg)
    try:
        from matplotlib.figure import Figure as Canvas  # noqa: PLC0415 - only who draws needs it
    except ImportError as error:
        msg = "drawing needs matplotlib: .venv/bin/pip install '.[figures]'"
        raise EvaluationError(msg) from error
    canvas = Canvas(figsize=(5.4 * len(panels), 3.7), dpi=120, layout="constrained")
    first = None
    for place, name in enumerate(panels, start=1):
        lines = {model: figures["R@20"] for model, figures in found[name].items() if model in NAMES}
        lines.pop(TO_BEAT[1] if PANELS[name][1] == TO_BEAT[0] else TO_BEAT[0], None)
        axes = canvas.add_subplot(1, len(panels), place, sharex=first)
        _panel(axes, lines, PANELS[name][0])
        first = axes
    seeds = len(found["playlists"][SHIPPED]["R@20"].values)
    canvas.supxlabel(
        f"recall of the first 20 (the axis does not begin at 0); dots: {seeds} random splits,"
        " bar: their mean",
        fontsize=9,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path)
    return path


def _panel(axes: Any, lines: dict[str, Figure], title: str) -> None:  # noqa: ANN401 - matplotlib's
    """One protocol, the best on top."""
    order = sorted(lines, key=lambda name: lines[name].mean)
    for place, name in enumerate(order):
        figure, colour = lines[name], _colour(name)
        low, high = min(figure.values), max(figure.values)
        axes.plot([low, high], [place, place], color=colour, alpha=0.35, linewidth=2, zorder=1)
        axes.scatter(figure.values, [place] * len(figure.values), s=16, color=colour, alpha=0.6)
        axes.scatter([figure.mean], [place], s=190, marker="|", linewidth=3, color=colour)
        axes.text(figure.mean, place + 0.24, f"{figure.mean:.3f}", ha="center", color=colour)
    least = lines[SHIPPED].least
    if least is not None:
        axes.axvline(least, color=LINE, linestyle="--", linewidth=1, zorder=0)
        axes.text(least, -0.75, f"wanted {least:g} ", color=LINE, fontsize=8, ha="right")
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.set_yticks(range(len(order)), [NAMES[name] for name in order], fontsize=9)
    axes.set_ylim(-0.9, len(order) - 0.3)
    axes.grid(axis="x", color=PALE, alpha=0.25)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _colour(name: str) -> str:
    """Ours, the blend that others found best, and models by themselves."""
    if name == SHIPPED:
        return OWN
    return LINE if name in TO_BEAT else MODEL
