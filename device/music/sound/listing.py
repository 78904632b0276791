"""`python -m device.music.sound.listing`: the names of the sound outputs, as a JSON list.

A program of its own: SDL looks at every card, and a driver that hangs must not hang its asker.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Print the names that SDL's driver knows, or `failed <why>`."""
    os.environ |= {"PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    from pygame._sdl2 import audio, sdl2  # noqa: PLC0415 - reads the environment above

    try:
        sdl2.init_subsystem(sdl2.INIT_AUDIO)
        names = list(audio.get_audio_device_names(iscapture=False))
    except RuntimeError as error:  # pygame's errors are RuntimeErrors
        sys.stdout.write(f"failed {error}\n")
    else:
        sys.stdout.write(json.dumps(names) + "\n")
    sys.stdout.flush()
    os._exit(0)  # some drivers hang on SDL's own way out


if __name__ == "__main__":
    main()
