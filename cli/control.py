"""Tell a running device what to do: play, next, volume 40, mood calm, search …"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.settings import EXIT_SETTINGS, SettingsError, load_settings
from device.browse import BrowseQuery
from device.commands import COMMANDS, CommandError
from device.control import ControlRequest, DeviceAwayError, converse
from device.settings import DeviceSettings

if TYPE_CHECKING:
    from device.browse import Page
    from device.status import Status

SHELVES = ("tracks", "artists", "albums", "genres", "moods")
STATUS, SEARCH = "status", "search"
DEMO_SOCKETS = "mlfym-demo-*/device/control.sock"
"""Of `./mlfym demo`, in the folder for temporary files; cli/demo.py names it."""
EXIT_REFUSED_BY_DEVICE = 1
AWAY = (
    "Start it (./mlfym demo, or on an appliance: systemctl start mlfym-core), or say which one is"
    " meant: --settings with its TOML, or --socket."
)


def run(arguments: list[str]) -> int:
    """Give one command; 1 when the device is away or refuses."""
    options = _parser().parse_args(arguments)
    try:
        socket = options.socket or running_socket(options.settings)
        print(_done(socket, options))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except (CommandError, DeviceAwayError) as error:
        print(f"mlfym control: {error}", file=sys.stderr)
        if isinstance(error, DeviceAwayError) and not isinstance(error.__cause__, TimeoutError):
            print(AWAY, file=sys.stderr)
        return EXIT_REFUSED_BY_DEVICE
    return 0


def socket_of(settings: Path | None) -> Path:
    """Control socket of the device with these settings.

    Raises:
        SettingsError: the settings are wrong.

    """
    folder = load_settings(settings, DeviceSettings).state_folder
    return Path(folder).expanduser() / "control.sock"


def running_socket(
    settings: Path | None, folder: Path | None = None, user: int | None = None
) -> Path:
    """Control socket of the device with these settings; without any, a demo's where one runs.

    Args:
        settings: TOML of the device; None is the usual one.
        folder: where demos keep their state; None is the system's for temporary files.
        user: whose demos count; None is who calls.

    Raises:
        SettingsError: the settings are wrong.

    """
    own = socket_of(settings)
    if settings is not None or own.exists():
        return own
    demos = (folder or Path(tempfile.gettempdir())).glob(DEMO_SOCKETS)
    whose = os.getuid() if user is None else user
    return max((demo for demo in demos if _of(demo, whose)), key=_born, default=own)


def _of(socket: Path, user: int) -> bool:
    # Everybody may make such a folder; nobody is told what to play by another one's device.
    try:
        return socket.stat().st_uid == socket.parent.stat().st_uid == user
    except OSError:
        return False


def _born(socket: Path) -> float:
    return socket.stat().st_mtime


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {_described(name)}" for name in sorted(COMMANDS)]
    looks = f"  {STATUS}, {SEARCH} WORDS, {', '.join(SHELVES)}: look, and change nothing"
    parser = argparse.ArgumentParser(
        prog="mlfym control",
        description=__doc__,
        epilog="commands:\n" + "\n".join([*lines, looks]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--settings", type=Path, help="the device's TOML, to find it")
    parser.add_argument("--socket", type=Path, help="its control socket, else that of the settings")
    parser.add_argument("--artist", default="", help="of what is looked through")
    parser.add_argument("--album", default="")
    parser.add_argument("--genre", default="")
    parser.add_argument("--mood", default="")
    parser.add_argument("--only", choices=("liked", "banned"), default="")
    parser.add_argument("--offset", type=int, default=0, help="rows to leave out")
    parser.add_argument("command", nargs="?", default=STATUS)
    parser.add_argument("argument", nargs=argparse.REMAINDER)
    return parser


def _described(name: str) -> str:
    command = COMMANDS[name]
    takes = command.takes or ", ".join(filter(None, command.choices))
    return f"{command.says}: {takes}" if takes else command.says


def _done(socket: Path, options: argparse.Namespace) -> str:
    words = " ".join(options.argument)
    if options.command in {SEARCH, *SHELVES}:
        what = "tracks" if options.command == SEARCH else options.command
        answer = converse(socket, ControlRequest(browse=_query(what, words, options)))
        return _listed(answer.page) if answer.page else ""
    if options.command == STATUS:
        answer = converse(socket, ControlRequest())
        return _told(answer.status) if answer.status else ""
    near = get_close_matches(options.command, [*COMMANDS, STATUS, SEARCH, *SHELVES], n=1)
    if near and near != [options.command]:
        msg = f"no command {options.command!r}: did you mean {near[0]}? --help lists all"
        raise CommandError(msg)
    return converse(socket, ControlRequest(command=options.command, argument=words)).said


def _query(what: str, words: str, options: argparse.Namespace) -> BrowseQuery:
    return BrowseQuery(
        what=what,  # type: ignore[arg-type] # one of SHELVES
        text=words,
        artist=options.artist,
        album=options.album,
        genre=options.genre,
        mood=options.mood,
        only=options.only,
        offset=max(0, options.offset),
    )


def _listed(page: Page) -> str:
    rows = [
        "  ".join(
            filter(
                None,
                (
                    row.id,
                    row.title,
                    row.artist,
                    row.album,
                    f"{row.tracks} tracks" if row.tracks > 1 else "",
                    "♥" if row.liked else "",
                    "banned" if row.banned else "",
                ),
            )
        )
        for row in page.rows
    ]
    last = page.offset + len(rows)
    more = f"{last} of {page.total}" + (f"; --offset {last} goes on" if last < page.total else "")
    return "\n".join([*rows, more])


def _told(status: Status) -> str:
    state, controls = status.state, status.controls
    playing = state.playing
    lines = [
        f"{state.playback}: {playing.title}, {playing.artist} ({playing.reason})"
        if playing
        else f"{state.playback}",
        f"at {status.position_seconds:.0f} of {status.duration_seconds:.0f} s",
        f"volume {state.volume * 100:.0f} of {controls.volume_ceiling * 100:.0f}",
        f"mood {controls.mood_word or state.mood.mood}, policy {state.policy}, tier {state.tier}",
        f"camera {state.camera}",
    ]
    lines += [f"held by {controls.hold}"] if controls.hold else []
    lines += [f"daypart {controls.daypart}"] if controls.daypart else []
    lines += [f"era {controls.era}"] if controls.era else []
    if controls.question:
        lines.append(controls.question.en)
        lines += [f"  {n} {a.en}" for n, a in enumerate(controls.question.answers, start=1)]
    lines += [
        f"{n:>3} {row.choice.title}, {row.choice.artist} ({row.choice.reason})"
        for n, row in enumerate(controls.queue, start=1)
    ]
    return "\n".join(lines)
