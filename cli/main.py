"""The command line: finds a command by its module's name and runs it.

A command is a module of this package with a `run(arguments) -> int`; the first line of its
docstring is its description. Nothing is imported but the command that is run.
"""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run a command; returns its exit status, 2 when there is no such command."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(overview())
        return 0
    command = command_of(arguments)
    if not command:
        print(_unknown(arguments[0]), file=sys.stderr)
        return EXIT_USAGE
    import importlib  # noqa: PLC0415 - the bootstrap reads this module too, and must be quick

    try:
        status: int = importlib.import_module(f"cli.{command}").run(arguments[1:])
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return status


def command_of(arguments: list[str]) -> str:
    """Name of the command that these arguments start; empty when they start none."""
    name = arguments[0].replace("-", "_") if arguments else ""
    module = FOLDER / f"{name}.py"
    return name if name.isidentifier() and module.is_file() and _runs(module) else ""


def commands() -> dict[str, str]:
    """Description of every command by its name."""
    modules = sorted(p for p in FOLDER.glob("*.py") if _runs(p))
    return {module.stem: _description(module) for module in modules}


def overview() -> str:
    """What `./mlfym` can do, a line a command."""
    known = commands()
    width = max(map(len, known), default=0)
    lines = [f"  {name:<{width}}  {text}" for name, text in known.items()]
    return "\n".join(
        [
            "Music for the mood of the face before the camera.",
            "",
            "usage: ./mlfym COMMAND [options]     (./mlfym COMMAND --help explains one)",
            "",
            *lines,
        ]
    )


def _runs(module: Path) -> bool:
    return "\ndef run(" in module.read_text(encoding="utf-8")


def _description(module: Path) -> str:
    import ast  # noqa: PLC0415 - only the overview reads docstrings

    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].rstrip(".")


def _unknown(name: str) -> str:
    import difflib  # noqa: PLC0415 - only a mistake needs it

    near = difflib.get_close_matches(name.replace("-", "_"), commands(), n=1)
    hint = f"did you mean {near[0]}?" if near else "./mlfym --help lists them"
    return f"mlfym: there is no command {name!r}; {hint}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
