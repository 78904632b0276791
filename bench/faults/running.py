"""Injects faults one after another, each in a process of its own with a time limit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.faults.fault import Trial
from bench.faults.registry import FAULTS
from bench.faults.report import Row, table
from device.demo.library import make_library
from device.demo.pieces import PIECES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from bench.faults.fault import Fault

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "reliability.md"
PIECE_SECONDS = 24.0
MERCY_SECONDS = 20.0
"""For a fault that is over its limit to end its programs in order."""


def run_faults(names: Sequence[str], times: int | None, done: Callable[[Row], None]) -> list[Row]:
    """Inject these faults, showing how far it got, and tell each as soon as it is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="mlfym-faults-") as folder,
        Progress(*columns, TimeElapsedColumn(), console=console) as progress,
    ):
        music = Path(folder) / "music"
        make_library(music, pieces=PIECES[::3], length_seconds=PIECE_SECONDS)
        for name in names:
            fault = FAULTS[name]
            bar = progress.add_task(name, total=times or fault.times)
            advance = partial(progress.advance, bar)
            rows.append(_row(fault, music, times or fault.times, advance))
            done(rows[-1])
            for why in rows[-1].failures:
                progress.console.print(f"{name}: {why}", markup=False)
    return rows


def _row(fault: Fault, music: Path, times: int, advance: Callable[[], None]) -> Row:
    lacking = fault.lacking()
    if lacking:
        return Row(fault, (), lacking)
    command = [sys.executable, "-m", "bench.faults", fault.name, "--music", str(music)]
    trials: list[Trial] = []
    with subprocess.Popen(
        [*command, "--times", str(times)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        late = threading.Timer(fault.limit_seconds, _end, (child,))
        late.start()
        began = time.monotonic()
        for line in child.stdout or ():
            trials.append(msgspec.json.decode(line, type=Trial))
            advance()
        late.cancel()
    if child.returncode or not trials:
        over = time.monotonic() - began >= fault.limit_seconds
        why = f"not done within {fault.limit_seconds:g} s" if over else "the harness failed"
        trials.append(Trial(survived=False, why=f"{why} (status {child.returncode})"))
    return Row(fault, trials)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Let it clean up; then end whatever it started."""
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(MERCY_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)


def shown(rows: Sequence[Row], day: str) -> Table:
    """The table for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - only when something is shown

    made = Table("fault", "", "times", "survived", "lost", "music after, s", "")
    for row in rows:
        made.add_row(*row.cells(day))
    return made


def written(rows: Sequence[Row], day: str, command: str, document: Path = DOCUMENT) -> None:
    """Put the rows into the document, whole or not at all."""
    text = table(document.read_text(encoding="utf-8"), rows, day, command)
    fresh = document.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    shutil.move(fresh, document)
