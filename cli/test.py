"""Check everything: style, types and tests.

Runs ruff, mypy and pytest over the whole checkout. The tests come last, so that what they
say stands at the end. `--slow` then injects faults into the real programs, a table of which it
writes into docs/reliability.md; `--slow --only kill-core --times 20` injects one of them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

STEPS = {
    "ruff": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy",),
    "pytest": ("pytest",),
}
WHOLE = ("-n", "auto", "--dist", "loadfile")
"""For pytest when nothing is chosen: as many at once as there are cores, a file on one of them."""


class Outcome(NamedTuple):
    """How a step went."""

    step: str
    status: int
    seconds: float


def run(arguments: list[str]) -> int:
    """Run the checks; 0 when all pass, else 1."""
    parser = argparse.ArgumentParser(prog="mlfym test", description=__doc__)
    parser.add_argument("--slow", action="store_true", help="also the tests that take minutes")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help=f"{', '.join(STEPS)}, or a fault"
    )
    parser.add_argument("--times", type=_times, help="how often each fault is injected")
    options, for_pytest = parser.parse_known_args(arguments)
    named = [name for name in options.only or [] if name not in STEPS]
    if named and not options.slow:
        parser.error(f"{named[0]!r} is none of {', '.join(STEPS)}; faults need --slow")
    outcomes = []
    for step in [name for name in options.only or STEPS if name in STEPS]:
        extra = [*([] if options.slow else ["-m", "not slow"]), *(for_pytest or WHOLE)]
        outcomes.append(_run_step(step, extra if step == "pytest" else []))
    if options.slow and (named or not options.only):
        outcomes.append(_inject(parser, named, options.times))
    print(table(outcomes))
    return int(any(o.status for o in outcomes))


def table(outcomes: list[Outcome]) -> str:
    """Seconds and result of each step, a line each."""
    lines = [
        f"  {o.step:<7} {o.seconds:6.1f} s  {f'FAILED ({o.status})' if o.status else 'passed'}"
        for o in outcomes
    ]
    return "\n".join(["", *lines])


def _times(text: str) -> int:
    if not text.isdecimal() or not int(text):
        msg = f"{text!r} is no number of times: give 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _inject(parser: argparse.ArgumentParser, named: list[str], times: int | None) -> Outcome:
    """Inject these faults, or all; show what became of them and keep it in the document."""
    from rich.console import Console  # noqa: PLC0415 - the quick run needs none of these

    from bench.faults.registry import FAULTS  # noqa: PLC0415 - brings the programs' libraries
    from bench.faults.running import run_faults, shown, written  # noqa: PLC0415 - as above

    unknown = [name for name in named if name not in FAULTS]
    if unknown:
        parser.error(f"there is no fault {unknown[0]!r}; there are {', '.join(FAULTS)}")
    print("── faults", flush=True)
    began = time.monotonic()
    day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    # Each row at once: a run that is interrupted after an hour has not been for nothing.
    rows = run_faults(
        named or list(FAULTS), times, lambda row: written([row], day, "./mlfym test --slow")
    )
    Console().print(shown(rows, day))
    failed = sum(bool(row.failures) for row in rows)
    return Outcome("faults", failed, time.monotonic() - began)


def _run_step(step: str, extra: list[str]) -> Outcome:
    print(f"── {step}", flush=True)
    # Two numerical threads on a busy small machine are slower than one.
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | os.environ
    began = time.monotonic()
    command = [sys.executable, "-m", *STEPS[step], *extra]
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    return Outcome(step, status, time.monotonic() - began)
