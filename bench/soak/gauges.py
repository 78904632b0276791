"""What a program holds: memory of its own, descriptors, and the disk behind it."""

from __future__ import annotations

import contextlib
import math
import statistics
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


BLOCKS, FEWEST_BLOCKS = 24, 4
TWO_SIDED_95 = 1.96


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All gauges at one moment."""

    day: float
    """Simulated days since the start."""
    messages: int
    """Through the broker since the start."""
    memory_kib: dict[str, int]
    """Anonymous resident memory of each program: what it allocated, no file's pages."""
    descriptors: dict[str, int]
    disk_kib: int
    """What the device and the server keep, logs apart."""
    log_kib: int


def memory_kib(pid: int) -> int:
    """RssAnon of a process (proc_pid_status(5)); 0 when it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    return 0


def descriptors(pid: int) -> int:
    """Open descriptors of a process; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return 0


def size_kib(folders: Sequence[Path]) -> int:
    """What the files beneath these folders take, as long as they are there."""
    total = 0
    for folder in folders:
        for file in [folder, *folder.rglob("*")]:
            with contextlib.suppress(OSError):
                total += file.stat().st_size if file.is_file() else 0
    return total // 1024


def read(
    pids: Mapping[str, int], kept: Sequence[Path], logs: Sequence[Path], day: float, messages: int
) -> Reading:
    """Every gauge, now."""
    return Reading(
        day=round(day, 4),
        messages=messages,
        memory_kib={name: memory_kib(pid) for name, pid in pids.items()},
        descriptors={name: descriptors(pid) for name, pid in pids.items()},
        disk_kib=size_kib(kept),
        log_kib=size_kib(logs),
    )


def slope(across: Sequence[float], up: Sequence[float]) -> float:
    """Median of the slopes between every two points (Theil 1950, Sen 1968): a step or a peak
    moves it little. 0 for fewer than two points.
    """
    slopes = sorted(
        (up[j] - up[i]) / (across[j] - across[i])
        for i in range(len(across))
        for j in range(i + 1, len(across))
        if across[j] != across[i]
    )
    return slopes[len(slopes) // 2] if slopes else 0.0


def slope_interval(across: Sequence[float], up: Sequence[float]) -> tuple[float, float]:
    """Between which two slopes the median one lies, with 95 % confidence (Sen 1968, by Kendall's
    variance, without ties). Readings that follow one another hang together, so they are taken in
    BLOCKS blocks, each by its median; for fewer than four it can be anything.
    """
    across, up = blocks(across), blocks(up)
    n = len(across)
    slopes = sorted(
        (up[j] - up[i]) / (across[j] - across[i]) for i in range(n) for j in range(i + 1, n)
    )
    spread = TWO_SIDED_95 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = math.floor((len(slopes) - spread) / 2)
    if n < FEWEST_BLOCKS or low < 0:
        return -math.inf, math.inf
    return slopes[low], slopes[len(slopes) - 1 - low]


def blocks(values: Sequence[float]) -> list[float]:
    """Medians of so many parts of about the same length, in order."""
    parts = min(BLOCKS, len(values))
    bounds = [len(values) * part // parts for part in range(parts + 1)] if parts else []
    return [statistics.median(values[a:b]) for a, b in pairwise(bounds)]


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """What grew, from `from_day` on."""

    from_day: float
    days: float
    messages: int
    memory_kib_per_1000: dict[str, float]
    """Of each program, KiB per 1,000 messages through the broker."""
    interval_kib_per_1000: dict[str, tuple[float, float]]
    """What that lies between, with 95 % confidence."""
    memory_mib: dict[str, tuple[float, float]]
    """At `from_day` and at the end."""
    descriptors: dict[str, tuple[int, int]]
    """Likewise."""
    disk_kib_a_day: float
    log_kib_a_day: float


def _rounded(interval: tuple[float, float]) -> tuple[float, float]:
    return round(interval[0], 2), round(interval[1], 2)


def growth(readings: Sequence[Reading], from_day: float) -> Growth:
    """Of all readings since a day: before it caches fill and libraries are read."""
    late = [one for one in readings if one.day >= from_day] or list(readings)
    thousands = [one.messages / 1000 for one in late]
    days = [one.day for one in late]
    names = list(late[0].memory_kib)
    return Growth(
        from_day=from_day,
        days=late[-1].day,
        messages=late[-1].messages,
        memory_kib_per_1000={
            name: round(slope(thousands, [one.memory_kib[name] for one in late]), 3)
            for name in names
        },
        interval_kib_per_1000={
            name: _rounded(slope_interval(thousands, [one.memory_kib[name] for one in late]))
            for name in names
        },
        memory_mib={
            name: (
                round(late[0].memory_kib[name] / 1024, 1),
                round(late[-1].memory_kib[name] / 1024, 1),
            )
            for name in names
        },
        descriptors={
            name: (late[0].descriptors[name], late[-1].descriptors[name]) for name in names
        },
        disk_kib_a_day=round(slope(days, [one.disk_kib for one in late]), 1),
        log_kib_a_day=round(slope(days, [one.log_kib for one in late]), 1),
    )
