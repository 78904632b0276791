"""`python -m device.music.sound.decoder FD`: decodes one file to PCM on an open descriptor.

SDL's disk driver writes what SDL_mixer streams into a pipe, and waits when the pipe is full:
any length of music, and every format that pygame plays, in a few megabytes. One line on stdin
says what to play; stdout says `playing`, then `end`, or `failed <why>`. Until `playing` and
after `end` the driver writes zeros: whoever reads drops them. Ends when stdin ends.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import BinaryIO

from device.music.sound import CHANNELS, RATE

BUFFER_FRAMES = 1024
CHECK_SECONDS = 0.01


def main() -> None:
    """Decode the file that stdin names."""
    os.environ |= {
        "SDL_AUDIODRIVER": "disk",
        "SDL_DISKAUDIODELAY": "0",
        "SDL_DISKAUDIOFILE": f"/proc/self/fd/{int(sys.argv[1])}",
        "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    }
    from pygame import mixer  # noqa: PLC0415 - reads the environment above

    mixer.init(RATE, -16, CHANNELS, BUFFER_FRAMES, allowedchanges=0)
    music = mixer.music
    requests = sys.stdin.buffer
    request = requests.readline()
    if not request:
        _end()
    wanted = json.loads(request)
    try:
        music.load(wanted["path"])
        music.set_volume(1.0)
        music.play(start=wanted["start_seconds"])
    except (RuntimeError, OSError) as error:  # pygame.error is a RuntimeError
        _say(f"failed {error}")
        _end()
    _say("playing")
    while music.get_busy():
        _end_with_parent(requests, CHECK_SECONDS)
    _say("end")
    while True:
        _end_with_parent(requests, None)


def _say(line: str) -> None:
    sys.stdout.buffer.write(" ".join(line.split()).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


def _end_with_parent(requests: BinaryIO, seconds: float | None) -> None:
    if select.select([requests], [], [], seconds)[0]:
        _end()


def _end() -> None:
    """Leave at once: SDL's own way out waits for a pipe that nobody reads."""
    os._exit(0)


if __name__ == "__main__":
    main()
