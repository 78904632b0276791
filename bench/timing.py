"""How the benches measure time and memory."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP_RUNS = 10


def timed(step: Callable[[], object], runs: int) -> dict[str, float]:
    """Median milliseconds of a step: of processor time over all threads, and by the wall."""
    for _ in range(WARM_UP_RUNS):
        step()
    cpu, wall = [], []
    for _ in range(runs):
        cpu_began, wall_began = time.process_time_ns(), time.perf_counter_ns()
        step()
        cpu.append(time.process_time_ns() - cpu_began)
        wall.append(time.perf_counter_ns() - wall_began)
    return {"cpu_ms": round(median(cpu) / 1e6, 3), "wall_ms": round(median(wall) / 1e6, 3)}


def memory_mb(process: int | str = "self") -> dict[str, float]:
    """Megabytes (2^20 bytes) of a process, from the kernel's smaps_rollup.

    Returns:
        `rss`: all that is in memory; `pss`: the same with shared pages divided among those
        who share them; `private`: what ending it would free; `written`: the part of that which
        is no file's content.

    """
    text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    kilobytes = {
        words[0].rstrip(":"): int(words[1])
        for line in text.splitlines()[1:]
        if (words := line.split())
    }
    found = {
        "rss": kilobytes["Rss"],
        "pss": kilobytes["Pss"],
        "private": kilobytes["Private_Clean"] + kilobytes["Private_Dirty"],
        "written": kilobytes["Private_Dirty"],
    }
    return {name: round(size / 1024, 1) for name, size in found.items()}


def cpu_seconds(process: int) -> float:
    """Processor seconds that all threads of a running process took so far."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def machine() -> dict[str, Any]:
    """What was measured on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "architecture": platform.machine(),
        "cores": len([line for line in lines if line.startswith("processor")]),
        "python": platform.python_version(),
    }
