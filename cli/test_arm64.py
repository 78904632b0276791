"""Run vision on an emulated Raspberry Pi and hold every answer against this machine's.

Makes a userland of Debian for arm64 with the appliance's pinned packages (a few minutes, 450 MB
under ~/.cache/mlfym, kept) and runs vision's own path in it under qemu, stage by stage, and then
the vision program itself. Ends with 0 when everything is as it should be, 1 when not, and 77 where
it cannot be run. Seconds are the processor's; the emulator's say nothing of a Raspberry Pi's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bench.arm64.running import Result


def run(arguments: list[str]) -> int:
    """Check what is named; 0 when all is as it should be, 1 when not, 77 when it cannot be run."""
    from bench.arm64.userland import UserlandError, lacking  # noqa: PLC0415 - --help is quick
    from bench.needs import EXIT_SKIPPED  # noqa: PLC0415 - as above

    chosen = _parser().parse_args(arguments)
    if why := lacking():
        print(f"test-arm64 cannot be run here: {why}", file=sys.stderr)
        return EXIT_SKIPPED
    try:
        results = [_checked(chosen, name) for name in chosen.cpu or ["cortex-a72"]]
    except UserlandError as error:
        print(f"test-arm64: {error}", file=sys.stderr)
        return 1
    if chosen.page:
        _write(chosen.page, results, shlex.join(["./mlfym", "test-arm64", *arguments]))
    failures = [failure for result in results for failure in result.failures]
    for failure in failures:
        print(f"NOT AS IT SHOULD BE  {failure}")
    return int(bool(failures))


def _parser() -> argparse.ArgumentParser:
    from bench.arm64.processors import PROCESSORS  # noqa: PLC0415 - as above
    from bench.arm64.userland import SUITES  # noqa: PLC0415

    parser = argparse.ArgumentParser("./mlfym test-arm64", description=__doc__)
    parser.add_argument("--suite", choices=SUITES, default="bookworm", help="Debian's release")
    parser.add_argument("--cpu", action="append", choices=PROCESSORS, help="default: cortex-a72")
    parser.add_argument("--faces", type=Path, help="fer2013plus.npz: test pictures as well")
    parser.add_argument("--pictures", type=int, default=500, help="how many of them")
    parser.add_argument("--page", type=Path, help="page whose tables are filled in")
    return parser


def _checked(chosen: argparse.Namespace, name: str) -> Result:
    from rich.console import Console  # noqa: PLC0415 - a run that cannot be needs none of these

    from bench.arm64.processors import PROCESSORS  # noqa: PLC0415
    from bench.arm64.running import checked, shown  # noqa: PLC0415
    from bench.arm64.userland import SUITES, Userland  # noqa: PLC0415

    userland = Userland(SUITES[chosen.suite])
    userland.make()
    result = checked(userland, PROCESSORS[name], pictures=_pictures(chosen), told=_said)
    Console().print(shown(result))
    print(result.watched.line())
    return result


def _pictures(chosen: argparse.Namespace) -> NDArray[np.uint8] | None:
    if not chosen.faces:
        return None
    from model_export.dataset import load  # noqa: PLC0415 - only where it is named

    return load(chosen.faces, "private_test").images[: chosen.pictures]


def _said(what: str) -> None:
    print(f"── {what}", file=sys.stderr, flush=True)


def _write(page: Path, results: list[Result], command: str) -> None:
    from bench import pages  # noqa: PLC0415 - as above

    day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    pages.fill(page, {result.key: result.text(f"`{command}`, {day}") for result in results})
