"""Measure the product here: time, memory, and how well it does, as JSON."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "bench"
EXIT_USAGE = 2


def run(arguments: list[str]) -> int:
    """Run one measurement; returns its exit status, 2 when there is no such one."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(overview())
        return 0
    name = arguments[0].replace("-", "_")
    if name not in benches():
        print(f"mlfym bench: there is no {arguments[0]!r}\n\n{overview()}", file=sys.stderr)
        return EXIT_USAGE
    status: int = importlib.import_module(f"bench.{name}").run(arguments[1:])
    return status


def benches() -> dict[str, str]:
    """Description of every measurement by its name: the modules of bench/ that have a `run`."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.py"))}
    return {name: _first_line(text) for name, text in sources.items() if "\ndef run(" in text}


def overview() -> str:
    """What can be measured, a line each."""
    known = benches()
    width = max(map(len, known), default=0)
    lines = [f"  {name.replace('_', '-'):<{width}}  {text}" for name, text in known.items()]
    return "\n".join(
        [
            "usage: ./mlfym bench NAME [options]     (./mlfym bench NAME --help explains one)",
            "",
            *lines,
        ]
    )


def _first_line(source: str) -> str:
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0].rstrip(".:")
