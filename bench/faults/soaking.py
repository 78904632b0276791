"""The soak as a fault: nothing is injected but time."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench.faults.fault import Fault, Trial
from bench.faults.house import MOSQUITTO, Mosquitto
from bench.faults.report import between
from bench.soak.gauges import Growth, Reading, growth
from bench.soak.picture import save
from bench.soak.running import Plan, Soak
from cli.broker import EmbeddedBroker
from device.demo.library import make_library
from device.demo.pieces import PIECES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.faults.fault import Ground

DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- soak: begin -->", "<!-- soak: end -->"
PIECE_SECONDS = 12.0
DAYS = 7
SETTLED_DAY = 2.0
"""Before it, caches fill, the library is read and the first packs are made."""
MOST_KIB_PER_1000 = 0.5
MOST_DESCRIPTORS = 8
"""More at the end than at first: connections that are just open."""
MOST_DISK_KIB_A_DAY = 2048.0
"""The device's history grows to its 100,000 rows, and the server keeps what it was told."""


def soak(ground: Ground) -> Iterator[Trial]:
    """Seven simulated days; a figure and a picture of them go into docs/."""
    music = ground.folder.parent / "pieces"
    make_library(music, pieces=PIECES[::3], length_seconds=PIECE_SECONDS)
    ground.folder.mkdir()
    plan = Plan(days=ground.times)
    broker = Mosquitto(ground.folder) if MOSQUITTO else EmbeddedBroker()
    broker.start()
    try:
        lived = Soak(ground.folder, music, plan, broker)
        lived.run(_told)
    finally:
        broker.stop()
    grown = growth(lived.readings, min(SETTLED_DAY, plan.days / 3))
    if plan.days >= DAYS:
        _written(lived, grown, plan)
    why = "; ".join(wrong(grown))
    yield Trial(survived=not why, count=ground.times, why=why)


def wrong(grown: Growth) -> list[str]:
    """What is not flat."""
    found = [
        f"{name} grows by {grown.memory_kib_per_1000[name]} KiB per 1,000 messages,"
        f" between {low} and {high}"
        for name, (low, high) in grown.interval_kib_per_1000.items()
        if high >= MOST_KIB_PER_1000
    ]
    found += [
        f"{name} has {last} descriptors open, {first} before"
        for name, (first, last) in grown.descriptors.items()
        if last > first + MOST_DESCRIPTORS
    ]
    if grown.disk_kib_a_day > MOST_DISK_KIB_A_DAY:
        found.append(f"the disk fills by {grown.disk_kib_a_day} KiB a day")
    return found


def _told(reading: Reading) -> None:
    sys.stderr.write(f"{msgspec.json.encode(reading).decode()}\n")


def _written(lived: Soak, grown: Growth, plan: Plan) -> None:
    save(DOCS / "pictures" / "soak.png", lived.readings)
    tracks = int(lived.last.heard.seconds / PIECE_SECONDS)
    day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    lines = [
        (
            f"`./mlfym test --slow --only soak`, {day}: {plan.days:g} simulated days at"
            f" {plan.speed:g} times the speed of the clock, {grown.messages:,} messages through"
            f" {'mosquitto' if MOSQUITTO else 'the embedded broker'}, some {tracks:,} tracks of"
            f" {PIECE_SECONDS:g} s, {lived.last.requests_sent:,} questions of core,"
            f" {lived.last.requests_answered:,} of them answered in time."
        ),
        "",
        (
            f"| program | memory at day {grown.from_day:g}; at the end |"
            " per 1,000 messages (95 % interval) | descriptors |"
        ),
        "|---|---|---|---|",
        *_rows(grown),
        "",
        (
            f"The disk kept {grown.disk_kib_a_day:g} KiB more each day (history, interactions), the"
            f" logs {grown.log_kib_a_day:g} KiB."
        ),
        "",
        "![Memory, descriptors and disk over seven simulated days](pictures/soak.png)",
    ]
    file = DOCS / "reliability.md"
    text = between(file.read_text(encoding="utf-8"), BEGIN, END, "\n".join(lines))
    file.write_text(text, encoding="utf-8")


def _rows(grown: Growth) -> list[str]:
    """A line of the table for each program."""
    found = []
    for name, kib in grown.memory_kib_per_1000.items():
        (early, late), (first, last) = grown.memory_mib[name], grown.descriptors[name]
        low, high = grown.interval_kib_per_1000[name]
        growth = f"{kib:.2f} KiB ({low:.2f} to {high:.2f})"
        found.append(f"| {name} | {early}; {late} MiB | {growth} | {first}; {last} |")
    return found


FAULTS = (
    Fault(
        "soak",
        "simulated days of ordinary life (times: days)",
        soak,
        times=DAYS,
        limit_seconds=3600.0,
    ),
)
