"""Figures as Markdown tables between the markers of a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MARKER = re.compile(r"(<!-- figures:(\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)


def filled(page: str, found: dict[str, Any]) -> str:
    """The page with every `<!-- figures:NAME --> … <!-- /figures -->` filled anew.

    A table whose figures are not among these is left as it was.

    Raises:
        KeyError: a marker names a table that there is none of.

    """

    def replaced(match: re.Match[str]) -> str:
        needed, table = TABLES[match[2]]
        return f"{match[1]}{table(found)}{match[3]}" if found.get(needed) else match[0]

    return MARKER.sub(replaced, page)


def text(name: str, found: dict[str, Any]) -> str:
    """One table; nothing where its figures are not among these."""
    needed, table = TABLES[name]
    return table(found) if found.get(needed) else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def with_interval(share: dict[str, Any]) -> str:
    """A share in words: per cent and its 95 % interval."""
    low, high = share["interval"]
    return f"{share['percent']:.1f} % ({low:.1f}-{high:.1f})"


def _summary(found: dict[str, Any]) -> str:
    shares = {
        "eight emotions": "accuracy",
        "eight emotions, near copies of training pictures left out": "accuracy_clean",
        "three moods": "accuracy_three",
        "three moods, near copies left out": "accuracy_three_clean",
        "FER2013's own seven labels": "fer2013_labels",
        "eight emotions, known faces only": "accuracy_known",
        "three moods, known faces only": "accuracy_three_known",
        "faces that stay known": "known",
        "other moods taken for negative": "false_negative_mood",
    }
    rows = [[n, with_interval(found[k]), str(found[k]["rows"])] for n, k in shares.items()]
    rows += [
        ["mean recall of the eight", f"{found['macro_recall']:.1f} %", ""],
        ["calibration error, 15 bins", f"{found['ece']:.1f} %", ""],
        ["the same before the temperature", f"{found['ece_uncalibrated']:.1f} %", ""],
        ["temperature; unknown below", f"{found['temperature']}; {found['unknown_below']}", ""],
        ["size of the file", f"{found['bytes'] / 1e6:.2f} MB", ""],
        ["one crop, one thread of an x86-64 machine", f"{found['milliseconds']:.2f} ms", ""],
    ]
    return _table([f"on {found['split']}", "", "faces"], rows)


def _float(found: dict[str, Any]) -> str:
    lost = found["float"]
    rows = [
        ["float32 accuracy, eight emotions", with_interval(lost["accuracy"])],
        ["int8 accuracy", with_interval(found["accuracy"])],
        ["lost by int8", f"{lost['int8_loss_points']:+.2f} points"],
        ["faces judged alike", with_interval(lost["agreement"])],
    ]
    return _table([f"on {found['split']}", ""], rows)


def _classes(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            with_interval(row["recall"]),
            f"{row['precision']:.1f} %" if row["precision"] is not None else "never said",
            str(row["recall"]["rows"]),
        ]
        for name, row in found["by_class"].items()
    ]
    return _table(["emotion", "recall", "precision", "faces"], rows)


def _coverage(found: dict[str, Any]) -> str:
    rows = [
        [
            f"{100 * p['coverage']:.0f} %",
            f"{p['cutoff']}",
            f"{p['eight']:.1f} %",
            f"{p['three']:.1f} %",
        ]
        for p in found["coverage"]
    ]
    return _table(["surest faces kept", "lowest probability", "eight", "three"], rows)


def _robustness(found: dict[str, Any]) -> str:
    rows = [
        [name, f"{r['eight']:.1f} %", f"{r['three']:.1f} %", f"{r['confidence']:.0f} %"]
        for name, r in found["robustness"].items()
    ]
    return _table(["picture", "eight", "three", "mean probability"], rows)


def _epochs(found: dict[str, Any]) -> str:
    rows = [
        [
            f"{e['epoch']:.0f}",
            f"{e['size']:.0f}",
            f"{e['loss']:.3f}",
            f"{100 * e['accuracy']:.2f} %",
            f"{e['seconds']:.0f}",
        ]
        for e in found["epochs"]
    ]
    head = ["epoch", "pixels", "training loss", "PublicTest, averaged weights", "seconds so far"]
    return _table(head, rows)


def _crops(found: dict[str, Any]) -> str:
    crops = found["crops"]
    rows = [
        [name, with_interval(crops[key]["eight"]), with_interval(crops[key]["three"])]
        for name, key in (("the pictures themselves", "pictures"), ("the crops", "crops"))
    ]
    head = [f"{crops['crops']['eight']['rows']} faces found in {crops['faces']}", "eight", "three"]
    return _table(head, rows)


def _variants(found: dict[str, Any]) -> str:
    rows = [
        [r["variant"], with_interval(r["eight"]), with_interval(r["three"])]
        for r in found["variants"]
    ]
    return _table(["on public_test, float weights", "eight", "three"], rows)


TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "summary": ("accuracy_known", _summary),
    "float": ("float", _float),
    "classes": ("by_class", _classes),
    "coverage": ("coverage", _coverage),
    "robustness": ("robustness", _robustness),
    "epochs": ("epochs", _epochs),
    "crops": ("crops", _crops),
    "variants": ("variants", _variants),
}
"""Name in a page's marker: the key that the figures must have, and the table."""
