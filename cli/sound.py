"""List the sound outputs, choose one by name, and hear a test tone."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path

from contracts.settings import EXIT_SETTINGS, SettingsError, load_settings
from device.commands import CommandError
from device.control import DeviceAwayError, ask_device
from device.music.player import PygamePlayer
from device.music.sound import SoundUnavailableError
from device.music.sound.outputs import outputs
from device.settings import DeviceSettings

EXIT_NO_SOUND = 1


def run(arguments: list[str]) -> int:
    """Do it. 0: done; 1: no such output, no sound card, or nobody to tell; 2: wrong settings."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = load_settings(chosen.settings, DeviceSettings)
        driver = chosen.driver or settings.sound.driver or None
        socket = Path(settings.state_folder).expanduser() / "control.sock"
        if chosen.what == "use":
            _use(chosen.name, outputs(driver), socket)
        elif chosen.what == "test":
            _test(chosen.name, driver, socket)
        else:
            _show(outputs(driver), settings.sound.device, as_json=chosen.json)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    except (SoundUnavailableError, DeviceAwayError, CommandError, LookupError) as error:
        print(f"mlfym sound: {error.args[-1]}", file=sys.stderr)
        return EXIT_NO_SOUND
    return 0


def known(name: str, names: tuple[str, ...]) -> str:
    """The output of this name, or of the one name that begins so; "" is the default.

    Raises:
        LookupError: there is none, or there are several; says which there are.

    """
    if not name or name in names:
        return name
    begins = [other for other in names if other.casefold().startswith(name.casefold())]
    if len(begins) == 1:
        return begins[0]
    near = begins or difflib.get_close_matches(name, names, n=1)
    meant = " or ".join(map(repr, near))
    hint = f"did you mean {meant}?" if near else f"there are {', '.join(map(repr, names))}"
    msg = f"no output {name!r}; {hint if names else 'none is plugged in'}"
    raise LookupError(msg)


def _show(names: tuple[str, ...], device: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"outputs": names, "settings": device}, ensure_ascii=False))
        return
    if not names:
        print("No sound output is plugged in, or none that this user may open (group audio).")
    for name in names:
        print(f"  {name}{'   (in the settings)' if name == device else ''}")
    print("\n./mlfym sound test NAME    hear one\n./mlfym sound use NAME     choose one")


def _use(name: str, names: tuple[str, ...], socket: Path) -> None:
    """Tell the running device, which keeps it."""
    name = known(name, names)
    try:
        ask_device(socket, "output", name)
    except DeviceAwayError as error:
        msg = f'no device runs here; write into its settings: [sound] device = "{name}"'
        raise DeviceAwayError(msg) from error
    print(f"Sound goes to {name or 'the default output'}, after a restart too.")


def _test(name: str, driver: str | None, socket: Path) -> None:
    """Sound the tone: by the device when it runs and no other output is named, else from here."""
    if not name:
        try:
            ask_device(socket, "test_tone")
        except DeviceAwayError:
            pass
        else:
            print("The device sounds a tone on the left, then a higher one on the right.")
            return
    name = known(name, outputs(driver))
    player = PygamePlayer(lambda _event: None, driver=driver, device=name or None)
    print(f"{name or 'The default output'}: a tone on the left, then a higher one on the right.")
    player.test_tone()
    player.close()  # plays to the tone's end


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mlfym sound", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["list", "use", "test"], default="list")
    parser.add_argument("name", nargs="?", default="", help="an output; without it, the default")
    parser.add_argument("--settings", type=Path, help="settings of the device, TOML")
    parser.add_argument("--driver", help="SDL's driver: alsa, pulseaudio, pipewire")
    parser.add_argument("--json", action="store_true", help="list as JSON")
    return parser
