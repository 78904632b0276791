"""Tables of measured figures on a page: what a bench found replaces what stood there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MARKER = re.compile(r"(<!-- figures:(\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table whose columns but the first are numbers."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def fill(page: Path, tables: dict[str, str]) -> None:
    """Put tables between the page's `<!-- figures:NAME -->` and `<!-- /figures -->`.

    A table that is not among these stays as it was.
    """
    text = page.read_text("utf-8")
    filled = MARKER.sub(lambda m: m[1] + tables[m[2]] + m[3] if m[2] in tables else m[0], text)
    page.write_text(filled, "utf-8")


def as_json(found: object) -> str:
    """Figures as indented JSON with a line's end."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"
