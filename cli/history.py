"""What was heard: a table, a licence report (--csv), a plot of the week (--plot)."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from contracts.settings import EXIT_SETTINGS, SettingsError, load_settings
from device.history import by_hour, read_history
from device.licence_report import write_csv
from device.settings import DeviceSettings
from device.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.history import Heard

DAY_SECONDS = 86_400.0
WEEK_HOURS = 7 * 24


def run(arguments: list[str]) -> int:
    """Show or write the history; 1 when there is none to read."""
    options = _parser().parse_args(arguments)
    try:
        file = store_of(options.settings)
        now = time.time()
        since = now - options.days * DAY_SECONDS if options.days else 0.0
        heard = read_history(file, since_unix_seconds=since)
        _written(options, heard, now)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except (StoreError, OSError) as error:
        print(f"mlfym history: {error}", file=sys.stderr)
        return 1
    return 0


def store_of(settings: Path | None) -> Path:
    """Store of the device with these settings.

    Raises:
        SettingsError: the settings are wrong.

    """
    folder = load_settings(settings, DeviceSettings).state_folder
    return Path(folder).expanduser() / "device.sqlite"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlfym history", description=__doc__)
    parser.add_argument("--settings", type=Path, help="the device's TOML, to find its store")
    parser.add_argument("--days", type=float, default=0.0, help="only the last so many days")
    parser.add_argument("--limit", type=int, default=50, help="rows of the table")
    parser.add_argument("--csv", type=Path, help="write all of it, oldest first; - is the terminal")
    parser.add_argument("--plot", type=Path, help="write mood and skips of the last week as PNG")
    return parser


def _written(options: argparse.Namespace, heard: list[Heard], now: float) -> None:
    if options.csv and str(options.csv) == "-":
        write_csv(sys.stdout, heard)
        return
    if options.csv:
        with options.csv.open("w", encoding="utf-8-sig", newline="") as file:
            write_csv(file, heard)
        print(f"{len(heard)} tracks to {options.csv}")
    if options.plot:
        from cli.week_plot import week_plot, write_png  # noqa: PLC0415 - slow to load

        first = now - WEEK_HOURS * 3600.0
        write_png(options.plot, week_plot(by_hour(heard, first, WEEK_HOURS), first))
        print(f"the last week to {options.plot}")
    if not options.csv and not options.plot:
        Console().print(_table(heard[: max(0, options.limit)], len(heard)))


def _table(heard: Sequence[Heard], of: int) -> Table:
    table = Table(title=f"{len(heard)} of {of} tracks heard, the newest first")
    for column in ("when", "title", "artist", "heard", "ended"):
        table.add_column(column, justify="right" if column == "heard" else "left")
    for one in heard:
        table.add_row(
            _local(one.began_unix_seconds).strftime("%Y-%m-%d %H:%M"),
            _markup_free(one.track.title),
            _markup_free(one.track.artist),
            f"{one.seconds:.0f} s",
            one.how,
        )
    return table


def _markup_free(text: str) -> str:
    return text.replace("[", r"\[")


def _local(unix_seconds: float) -> datetime:
    return datetime.fromtimestamp(unix_seconds).astimezone()
