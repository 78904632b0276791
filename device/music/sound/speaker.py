"""`python -m device.music.sound.speaker FD FRAMES [DEVICE]`: PCM from a pipe to the sound card.

Blocks on the pipe: `HEADER` (bytes, sum of squares), then so many bytes of PCM; a block of 0
bytes says that silence follows. stdout says `ready`, `lost` or `failed <why>`, and
`heard <frames> <sum of squares> <monotonic seconds of the first>` as music goes out. Ends when
the pipe ends. pygame's AudioDevice waits for its callback with the interpreter's lock held, so
pausing or closing it can hang for ever: this program does neither, it exits.
"""

from __future__ import annotations

import os
import select
import struct
import sys
import time
from typing import TYPE_CHECKING

from device.music.sound import CHANNELS, FRAME_BYTES, RATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

HEADER = struct.Struct("<Id")
PUMP_SECONDS = 0.1
STARVED_SECONDS = 1.0
"""So long a block is waited for before the card gets silence."""
LAST_BUFFERS = 3
"""Buffers of silence behind the music before the program ends, so that none is cut off."""


class Feed:
    """The reading end of the pipe, as the sound card's callback sees it."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._left = 0
        self._silent = True
        self._buffers_after_end = 0
        self._ended = False
        self.frames, self.squares, self.first_at = 0, 0.0, 0.0

    @property
    def over(self) -> bool:
        """Whether the pipe ended and the last buffers went out."""
        return self._buffers_after_end > LAST_BUFFERS

    def fill(self, _device: object, buffer: memoryview) -> None:
        """Fill the card's buffer, any writable bytes, with music and then with silence."""
        whole = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(whole) and (self._left or self._next_block()):
            got = os.readv(self._pipe, [whole[filled : filled + self._left]])
            if not got:
                self._ended, self._left = True, 0
            self._left -= got
            filled += got
        if filled and not self.frames:
            self.first_at = time.monotonic()
        self.frames += filled // FRAME_BYTES
        whole[filled:] = bytes(len(whole) - filled)
        self._buffers_after_end += self._ended

    def _next_block(self) -> bool:
        """Whether a block of music begins."""
        while not self._ended:
            if not select.select([self._pipe], [], [], 0 if self._silent else STARVED_SECONDS)[0]:
                return False
            header = b""
            while len(header) < HEADER.size and not self._ended:
                part = os.read(self._pipe, HEADER.size - len(header))
                self._ended = not part
                header += part
            if self._ended:
                return False
            self._left, squares = HEADER.unpack(header)
            self._silent = not self._left
            self.squares += squares
            if self._left:
                return True
        return False


def main() -> None:
    """Play until the pipe ends or the card is gone."""
    pipe, frames, *device = sys.argv[1:]
    os.environ |= {
        "SDL_VIDEODRIVER": "dummy",  # pygame has events, the removed card's too, only with video
        "SDL_NO_SIGNAL_HANDLERS": "1",
        "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    }
    import pygame  # noqa: PLC0415 - reads the environment above
    from pygame._sdl2 import audio, sdl2  # noqa: PLC0415

    feed = Feed(int(pipe))
    try:
        pygame.display.init()
        sdl2.init_subsystem(sdl2.INIT_AUDIO)
        card = audio.AudioDevice(
            devicename=device[0] if device else None,
            iscapture=False,
            frequency=RATE,
            audioformat=audio.AUDIO_S16,
            numchannels=CHANNELS,
            chunksize=int(frames),
            allowed_changes=0,
            callback=feed.fill,
        )
    except RuntimeError as error:  # pygame's errors are RuntimeErrors
        _say(f"failed {error}")
        return
    _say("ready")
    card.pause(0)
    _pump(feed, lost=lambda: _removed(pygame))
    os._exit(0)


def _pump(feed: Feed, lost: Callable[[], bool]) -> None:
    """Tell what was heard until the pipe has ended or the card is lost."""
    said = 0
    over = False
    while not over:
        over = feed.over
        if lost():
            _say("lost")
            return
        if feed.frames != said:
            said = feed.frames
            _say(f"heard {said} {feed.squares:.9g} {feed.first_at:.6f}")
        if not over:
            time.sleep(PUMP_SECONDS)


def _removed(pygame: ModuleType) -> bool:
    """Whether an output went, by SDL's events."""
    return any(
        event.type == pygame.AUDIODEVICEREMOVED and not event.iscapture
        for event in pygame.event.get()
    )


def _say(line: str) -> None:
    sys.stdout.buffer.write(" ".join(line.split()).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
