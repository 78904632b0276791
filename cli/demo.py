"""See MLFYM at work: a face, its mood, and music that follows it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.broker import BrokerError
from cli.cache import cache_folder
from cli.demonstration.display import SILENT, live_view, save_picture
from cli.demonstration.page import told, with_page
from cli.demonstration.programs import Appliance
from cli.demonstration.report import make_report
from contracts.messages import Policy
from contracts.settings import EXIT_SETTINGS, BrokerSettings, SettingsError, load_settings
from device.control import DeviceAwayError, ask_device
from device.demo import BUNDLED_REEL
from device.demo.edition import is_made
from device.settings import (
    CameraSettings,
    DeviceSettings,
    LibrarySettings,
    MoodSettings,
    MusicSettings,
    SoundSettings,
)
from device.status import Status

if TYPE_CHECKING:
    from cli.demonstration.programs import Program

REEL, DEMO_LIBRARY = "reel", "demo-library"
"""Names for the camera and the music folder that the demo brings."""

DEMO = DeviceSettings(
    device_id="demo",
    music_folder=DEMO_LIBRARY,
    camera=CameraSettings(source=REEL, on_at_start=True, frames_per_second=8.0),
    # A visitor is to see the music follow the face within about 5 s.
    mood=MoodSettings(time_constant_seconds=0.7, dwell_seconds=1.2, forget_seconds=6.0),
    music=MusicSettings(policy=Policy.MATCH, act_at_once=True, crossfade_seconds=1.5),
    sound=SoundSettings(fallback_driver=SILENT),
    # The visitor's own stick is none of the demo's business.
    library=LibrarySettings(disks_beneath=(), listen=False),
)
LOOK_EVERY_SECONDS = 0.2
LAST_WORDS_LINES = 8


class DemoError(RuntimeError):
    """The demo cannot go on; the message says why."""


def run(arguments: list[str]) -> int:
    """Run the demo until Ctrl-C, or for `--seconds`."""
    began = _process_started()
    options = _parser().parse_args(arguments)
    console = Console(stderr=options.headless)
    try:
        _check_outputs(options)
        settings = _settings(options, console)
        with tempfile.TemporaryDirectory(prefix="mlfym-demo-") as folder:
            own_broker = settings.broker == BrokerSettings()
            appliance = Appliance(Path(folder), with_page(settings), own_broker=own_broker)
            options.page = told(appliance.settings, appliance.control_socket.parent)
            return _show(appliance, options, console, began)
    except SettingsError as error:
        console.print(str(error), style="red", markup=False)
        return EXIT_SETTINGS
    except (DemoError, BrokerError, OSError) as error:
        console.print(str(error), style="red", markup=False)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlfym demo", description=__doc__)
    parser.add_argument(
        "--camera", help="OpenCV index, picamera2, or a video, GIF or picture; default: the reel"
    )
    parser.add_argument("--music", type=Path, help="folder of music; default: the demo library")
    parser.add_argument("--settings", type=Path, help="TOML with settings of the device")
    parser.add_argument("--headless", action="store_true", help="no live display")
    parser.add_argument("--seconds", type=_seconds, help="stop so long after the start")
    parser.add_argument("--report", type=Path, help="write what was shown as JSON")
    parser.add_argument("--picture", type=Path, help="write the last view as SVG")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        msg = f"{text} is no time to run: give seconds above 0"
        raise argparse.ArgumentTypeError(msg)
    return seconds


def demo_library(console: Console) -> Path:
    """Folder of the demo library, which is composed when it is missing."""
    music = cache_folder() / "demo-music"
    if is_made(music):
        return music
    from device.demo.library import make_library  # noqa: PLC0415 - slow to load, rarely needed

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        composing = progress.add_task("composing the demo library", total=None)
        make_library(music, lambda n, of: progress.update(composing, completed=n, total=of))
    return music


def _check_outputs(options: argparse.Namespace) -> None:
    """What was shown must not be lost for want of a folder."""
    for path in (options.report, options.picture):
        if path and not path.resolve().parent.is_dir():
            msg = f"{path} cannot be written: there is no folder {path.parent}"
            raise DemoError(msg)


def _settings(options: argparse.Namespace, console: Console) -> DeviceSettings:
    settings = load_settings(options.settings, DeviceSettings, DEMO)
    camera, music = settings.camera, settings.music_folder
    if options.camera:
        file = Path(options.camera)
        source = str(file.resolve()) if file.exists() else options.camera
        camera = msgspec.structs.replace(camera, source=source, on_at_start=True)
    if camera.source == REEL:
        camera = msgspec.structs.replace(camera, source=str(BUNDLED_REEL))
    if options.music:
        music = str(options.music.resolve())
    elif music == DEMO_LIBRARY:
        music = str(demo_library(console))
    if not Path(music).expanduser().is_dir():
        msg = f"there is no folder {music}: name one that has music with --music"
        raise DemoError(msg)
    return msgspec.structs.replace(settings, camera=camera, music_folder=music)


def _show(appliance: Appliance, options: argparse.Namespace, console: Console, began: float) -> int:
    # Not since `began`: on a first start the environment alone may have taken that long.
    until = time.monotonic() + options.seconds if options.seconds else float("inf")
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    status = Status()
    with appliance:
        try:
            if options.headless:
                print(f"page: {options.page}", file=sys.stderr, flush=True)
                status = _watch(appliance, until, status)
            else:
                status = _watch_live(appliance, options, console, began, until)
        except KeyboardInterrupt:
            console.print("stopping")
        status = _last_look(appliance, status)
        programs, last_words = appliance.usage(), appliance.core.last_words(LAST_WORDS_LINES)
    complaints = appliance.complaints
    report = make_report(
        status, began=began, ended=time.monotonic(), programs=programs, complaints=complaints
    )
    if options.report:
        encoded = msgspec.json.format(msgspec.json.encode(report), indent=2)
        options.report.write_bytes(encoded + b"\n")
    if options.picture:
        view = live_view(status, complaints, camera=_camera_name(options), began=began)
        save_picture(view, options.picture)
    cold = report.cold_start_seconds
    words = f"first PCM after {cold:.1f} s" if cold is not None else "no PCM was heard"
    print(f"{words}; {report.pcm_seconds:.0f} s of music, {len(report.tracks)} tracks")
    for name, complaint in complaints.items():
        print(f"{name} ended: {complaint}", file=sys.stderr)
    if not status.library_tracks:
        print("no music was found that can be played (mp3, ogg, flac, opus, wav)", file=sys.stderr)
    if cold is None:
        print(f"the core's last words:\n{last_words or 'none'}", file=sys.stderr)
        return 1
    return 0


def _camera_name(options: argparse.Namespace) -> str:
    return Path(options.camera).name if options.camera else "bundled reel"


def _watch_live(
    appliance: Appliance, options: argparse.Namespace, console: Console, began: float, until: float
) -> Status:
    status = Status()
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while time.monotonic() < until:
            status = _look(appliance, status)
            camera, complaints = _camera_name(options), appliance.complaints
            view = live_view(status, complaints, camera=camera, began=began, page=options.page)
            live.update(view, refresh=True)
            time.sleep(LOOK_EVERY_SECONDS)
    return status


def _watch(appliance: Appliance, until: float, status: Status) -> Status:
    said = False
    while time.monotonic() < until:
        status = _look(appliance, status)
        if status.sound_driver and not said:
            said = True
            silent = " (no sound card was found)" if status.sound_driver == SILENT else ""
            print(f"sound goes to {status.sound_driver}{silent}", file=sys.stderr)
        time.sleep(LOOK_EVERY_SECONDS)
    return status


def _look(appliance: Appliance, last: Status) -> Status:
    """The device's status; the last one while it does not answer."""
    _check(appliance.core)
    appliance.mend()
    try:
        return ask_device(appliance.control_socket)
    except DeviceAwayError:
        return last


def _check(program: Program) -> None:
    """Vision may refuse its model and music still plays; without core there is nothing to show."""
    if program.exit_code() is not None:
        msg = f"{program.name} ended with {program.exit_code()}:\n{program.last_words()}"
        raise DemoError(msg)


def _last_look(appliance: Appliance, status: Status) -> Status:
    try:
        return ask_device(appliance.control_socket)
    except DeviceAwayError:
        return status


def _process_started() -> float:
    """CLOCK_MONOTONIC seconds when this process was started, exec included (proc_pid_stat(5))."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    boot_ahead = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    return since_boot - boot_ahead
