"""A picture of the tag space: its 48 dimensions on a plane, the moods by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contracts.tag_space import KINDS, TagSpace
from recommender_server.errors import RecommenderError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

GENRE = KINDS.index("genre")
KOREAN_FONTS = ("NanumGothic", "NotoSansCJK-Regular", "NotoSansKR-Regular")
KOREAN = ("가", "힣")
ROOM = (0.056, 0.02)
"""Half of what a label needs, in the picture's width and height."""
NAMED = 90
MOST_GENRES = 30
WELL_KNOWN = frozenset(
    {"happy", "sad", "angry", "calm", "joyful", "relaxed", "melancholy", "romantic", "aggressive"}
    | {"peaceful", "exciting", "dark", "dreamy", "epic", "hopeful", "nostalgic", "scary", "playful"}
    | {"sleepy", "furious", "depressive", "euphoric", "tender", "mysterious"}
)
"""Named before others, so that the map shows what people look for."""
GROUND, INK = "#fbfaf7", "#2b2b33"


class MapError(RecommenderError):
    """The picture cannot be drawn; says what to install."""


def plane(space: TagSpace, rows: NDArray[np.int64]) -> Floats:
    """[n, 2]: the vectors of these rows on the two directions in which the moods vary most.

    Principal components of the mood words (Pearson 1901), turned (and mirrored, if need be) as a
    whole so that pleasant lies to the right and lively above (orthogonal Procrustes, Schoenemann
    1966): nothing is moved for the sake of the seed's own valence and arousal.
    """
    moods = space.vectors[space.moods]
    middle = moods.mean(axis=0)
    _, _, directions = np.linalg.svd(moods - middle, full_matrices=False)
    seen = (moods - middle) @ directions[:2].T
    places = space.valence_arousal[space.moods]
    left, _, right = np.linalg.svd(seen.T @ (places - places.mean(axis=0)))
    turned: Floats = (space.vectors[rows] - middle) @ directions[:2].T @ (left @ right)
    return turned


def apart(points: Floats, order: NDArray[np.int64], most: int, taken: list[Floats]) -> list[int]:
    """Of points [n, 2], those to name: in this order, none where another's name stands."""
    span = np.ptp(points, axis=0)
    room = 2 * np.array(ROOM, np.float32) * span
    chosen: list[int] = []
    for row in order.tolist():
        if len(chosen) == most:
            break
        if all((np.abs(points[row] - other) > room).any() for other in taken):
            taken.append(points[row])
            chosen.append(row)
    return chosen


def draw(space: TagSpace, path: Path) -> None:
    """Draw the map of a tag space as a PNG.

    Raises:
        MapError: matplotlib is not installed.

    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 - the server does without
        from matplotlib import patheffects  # noqa: PLC0415
        from matplotlib import pyplot as plt  # noqa: PLC0415
    except ImportError as error:
        msg = "the map is drawn with matplotlib: .venv/bin/pip install '.[figures]', then ask again"
        raise MapError(msg) from error
    mpl.use("Agg")
    fonts = _fonts()
    mpl.rcParams["font.family"] = fonts
    figure, axes = plt.subplots(figsize=(13, 9.5), dpi=110, layout="constrained")
    figure.set_facecolor(GROUND)
    axes.set_facecolor(GROUND)
    _write(axes, space, [patheffects.withStroke(linewidth=3, foreground=GROUND)], len(fonts) > 1)
    axes.set_axis_off()
    axes.set_title(
        f"The tag space: {len(space.moods)} mood words, coloured by their place on the circumplex,"
        f" and {len(_own(space, GENRE))} genres.\n{space.vectors.shape[1]} dimensions on the two in"
        " which moods vary most; right is pleasant, up is lively",
        color=INK,
        fontsize=13,
        loc="left",
    )
    figure.savefig(path, facecolor=GROUND)
    plt.close(figure)


def _write(axes: Any, space: TagSpace, halo: list[Any], korean: bool) -> None:  # noqa: ANN401, FBT001 - matplotlib's
    """Points and names; the names of moods first."""
    moods, genres = space.moods, _own(space, GENRE)
    points = plane(space, np.concatenate([moods, genres]))
    where, others = points[: len(moods)], points[len(moods) :]
    colours = _colours(space.valence_arousal[moods])
    axes.scatter(*others.T, s=9, c="#b9b6ae", linewidths=0)
    axes.scatter(*where.T, s=22, c=colours, alpha=0.75, linewidths=0)
    taken: list[Floats] = []
    first = [space.index[word] for word in WELL_KNOWN if word in space.index]
    strong = np.argsort(~np.isin(moods, first), kind="stable")
    for row in apart(where, strong, NAMED, taken):
        text = {"color": colours[row] * 0.8, "fontsize": 11, "path_effects": halo}
        axes.annotate(
            _label(space, int(moods[row]), korean=korean),
            where[row],
            (0, 5),
            **_STYLE,
            **text,
        )
    for row in apart(others, np.arange(len(others)), MOST_GENRES, taken):
        text = {"color": "#8d897f", "fontsize": 8.5, "path_effects": halo}
        axes.annotate(space.names[genres[row]], others[row], (0, 4), **_STYLE, **text)


_STYLE = {"textcoords": "offset points", "ha": "center", "va": "bottom"}


def _own(space: TagSpace, kind: int) -> NDArray[np.int64]:
    """Rows of a kind that are nobody's synonyms."""
    rows = np.arange(len(space.names))
    return np.flatnonzero((space.kinds == kind) & (space.canon == rows))


def _colours(places: Floats) -> Floats:
    """[n, 3]: amber for happy, red for angry, blue for sad, green for calm, mixed between."""
    turns = np.arctan2(places[:, 1], places[:, 0]) / (2 * np.pi)
    corners = np.array([(214, 141, 12), (198, 49, 49), (58, 92, 168), (38, 139, 103)]) / 255
    at = np.array([1, 3, 5, 7]) / 8
    mixed = [np.interp(turns % 1, at, corner, period=1) for corner in corners.T]
    return np.stack(mixed, axis=1).astype(np.float32)


def _fonts() -> list[str]:
    """What text is written in: one with Hangul, where the machine has it, before the usual."""
    from matplotlib import font_manager as known  # noqa: PLC0415

    found = {Path(font).stem: font for font in known.findSystemFonts()}
    fonts = [found[name] for name in KOREAN_FONTS if name in found][:1]
    for font in fonts:
        known.fontManager.addfont(font)
    return ["DejaVu Sans", *(known.FontProperties(fname=font).get_name() for font in fonts)]


def _label(space: TagSpace, row: int, *, korean: bool) -> str:
    """A word and its first Korean synonym."""
    if not korean:
        return space.names[row]
    low, high = KOREAN
    also = np.flatnonzero(space.canon == row)
    words = [space.names[row], *(n for r in also if low <= (n := space.names[r])[0] <= high)]
    return " ".join(words[:2])
