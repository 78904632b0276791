"""Show what music there is: by mood, genre and era, what is broken, and a map of its moods.

Reads the device's own store, or scans FOLDER into one of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.mood_map import MapError, draw_map
from contracts.settings import EXIT_SETTINGS, SettingsError, load_settings
from device.music.catalogue import Catalogue
from device.music.files import shown
from device.music.library import LibraryError, scan
from device.music.listening import listen
from device.music.tag_reader import TagReader
from device.settings import DeviceSettings
from device.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contracts.track import Track

MOST = 12
EXIT_FAILED = 1
CENTRE = 0.15
"""A track this near to the middle of the circumplex is of no plain mood."""


def run(arguments: list[str]) -> int:
    """Show the library. 0: shown; 1: it cannot be read; 2: wrong settings."""
    chosen = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as spare:
            store = _store(chosen, Path(spare))
            try:
                _show(store, chosen)
            finally:
                store.close()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except (LibraryError, StoreError, MapError) as error:
        print(f"mlfym library: {error}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def told(tracks: Sequence[Track], catalogue: Catalogue) -> dict[str, Any]:
    """The library in figures: names of moods, genres and decades with how many tracks each has."""
    decades = (f"{track.year // 10 * 10}s" for track in tracks if track.year)
    return {
        "tracks": len(tracks),
        "hours": round(sum(track.duration_seconds for track in tracks) / 3600, 1),
        "with_artwork": sum(bool(track.artwork) for track in tracks),
        "with_loudness": sum(track.gain_db is not None for track in tracks),
        "mood_by_sound": sum(track.arousal_certainty is not None for track in tracks),
        "moods": _counted(map(mood_of, tracks)),
        "genres": _counted(genre for track in tracks for genre in track.genres),
        "eras": _counted(decades),
        "not_listened_to": catalogue.count_unheard() - catalogue.count_to_hear_again(),
        "to_listen_to_again": catalogue.count_to_hear_again(),
        "missing": len(catalogue.missing()),
        "broken": [
            {"file": shown(str(path)), "why": shown(why)} for path, why in catalogue.broken()
        ],
    }


def mood_of(track: Track) -> str:
    """`happy`, `angry`, `calm`, `sad`, `in between` near the middle, `unknown` without a place."""
    if track.valence is None or track.arousal is None:
        return "unknown"
    if track.valence**2 + track.arousal**2 < CENTRE**2:
        return "in between"
    if track.arousal >= 0:
        return "happy" if track.valence >= 0 else "angry"
    return "calm" if track.valence >= 0 else "sad"


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./mlfym library", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--settings", type=Path, help="TOML of the device whose library it is")
    parser.add_argument("--listen", action="store_true", help="FOLDER: listen to every file first")
    parser.add_argument("--broken", action="store_true", help="only what cannot be played, and why")
    parser.add_argument("--map", type=Path, metavar="PNG", help="draw a map of the moods")
    parser.add_argument("--json", action="store_true", help="tell it as JSON, for machines")
    return parser


def _store(chosen: argparse.Namespace, spare: Path) -> Store:
    if chosen.folder is None:
        settings = load_settings(chosen.settings, DeviceSettings)
        file = Path(settings.state_folder).expanduser() / "device.sqlite"
        if not file.exists():
            raise StoreError(file, "no device has run here: name a folder of music instead")
        return Store(file)
    store, reader = Store(spare / "library.sqlite"), TagReader()
    try:
        scan(chosen.folder.absolute(), store, reader, _progress, unix_seconds=time.time())
        if chosen.listen:
            listen(Catalogue(store), reader, lambda: False, lambda: None)
    finally:
        reader.close()
    return store


def _progress(done: int, total: int) -> None:
    print(f"\rread {done} of {total}", end="\n" if done == total else "", file=sys.stderr)


def _show(store: Store, chosen: argparse.Namespace) -> None:
    tracks = list(store.tracks().values())
    figures = told(tracks, Catalogue(store))
    if chosen.map:
        draw_map(tracks, chosen.map)
    if chosen.json:
        json.dump(figures, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    console = Console()
    if not chosen.broken:
        _print(console, figures)
    if chosen.map:
        console.print(Text(f"map of the moods: {chosen.map}"), soft_wrap=True)
    for file in figures["broken"]:
        console.print(Text(f"{file['file']}: {file['why']}"), soft_wrap=True)
    if chosen.broken and not figures["broken"]:
        console.print("every file can be played")


def _print(console: Console, figures: dict[str, Any]) -> None:
    console.print(
        f"{figures['tracks']} tracks, {figures['hours']} hours; {figures['with_artwork']} with a "
        f"picture; {figures['missing']} missing (a disk is away), {len(figures['broken'])} broken"
    )
    console.print(
        f"mood estimated from the sound: {figures['mood_by_sound']}; "
        f"not listened to yet: {figures['not_listened_to']}"
    )
    if figures["to_listen_to_again"]:
        console.print(f"to be heard again by a newer estimate: {figures['to_listen_to_again']}")
    for heading in ("moods", "genres", "eras"):
        table = Table(box=None, title=heading, title_justify="left", show_header=False)
        most = max(figures[heading].values(), default=1)
        for name, count in list(figures[heading].items())[:MOST]:
            table.add_row(Text(name), str(count), "█" * max(1, round(30 * count / most)))
        console.print(table)
