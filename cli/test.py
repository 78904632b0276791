"""Check everything: style, types and tests.

Runs ruff, mypy and pytest over the whole checkout. The tests come last, so that what they
say stands at the end.
"""

from __future__ import annotations

import argparse
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


class Outcome(NamedTuple):
    """How a step went."""

    step: str
    status: int
    seconds: float


def run(arguments: list[str]) -> int:
    """Run the checks; 0 when all pass, else 1."""
    parser = argparse.ArgumentParser(prog="mlfym test", description=__doc__)
    parser.add_argument("--slow", action="store_true", help="also the tests that take minutes")
    parser.add_argument("--only", choices=STEPS, action="append", help="this step alone")
    options, for_pytest = parser.parse_known_args(arguments)
    chosen = options.only or list(STEPS)
    outcomes = []
    for step in chosen:
        extra = [*([] if options.slow else ["-m", "not slow"]), *for_pytest]
        outcomes.append(_run_step(step, extra if step == "pytest" else []))
    print(table(outcomes))
    return int(any(o.status for o in outcomes))


def table(outcomes: list[Outcome]) -> str:
    """Seconds and result of each step, a line each."""
    lines = [
        f"  {o.step:<7} {o.seconds:6.1f} s  {f'FAILED ({o.status})' if o.status else 'passed'}"
        for o in outcomes
    ]
    return "\n".join(["", *lines])


def _run_step(step: str, extra: list[str]) -> Outcome:
    print(f"── {step}", flush=True)
    # Two numerical threads on a busy small machine are slower than one.
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | os.environ
    began = time.monotonic()
    command = [sys.executable, "-m", *STEPS[step], *extra]
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    return Outcome(step, status, time.monotonic() - began)
