"""Core's end of the sound card: the speaker program, and what it says it played."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import threading
from dataclasses import dataclass

import numpy as np

from device.music.sound import RATE, SoundUnavailableError
from device.music.sound.pcm import Pcm
from device.music.sound.speaker import HEADER

PIPE_BYTES = 16_384
"""93 ms between the mix and the card: what a pause waits at most, what a busy core may miss."""
OPEN_SECONDS = 20.0
STUCK_SECONDS = 0.9
"""A card that takes no sound for so long is gone, whatever its driver says."""
CLOSE_SECONDS = 3.0
FULL_SCALE = 32_768.0


class CardLostError(OSError):
    """The card takes no more sound."""


@dataclass(frozen=True)
class Heard:
    """What a card was given."""

    frames: int = 0
    squares: float = 0.0
    """Sum over frames of the mean square of their channels, full scale 1."""
    first_at: float | None = None

    def __add__(self, later: Heard) -> Heard:
        """Both, one after the other."""
        first = self.first_at if self.first_at is not None else later.first_at
        return Heard(self.frames + later.frames, self.squares + later.squares, first)


class Card:
    """An open sound card.

    Args:
        driver: SDL's name of the driver; None is the system's choice.
        device: the driver's name of the card; None is its default.
        buffer_ms: the card's buffer.
        stuck_seconds: a card that takes no sound for so long is gone.

    Raises:
        SoundUnavailableError: it cannot be opened.

    """

    def __init__(
        self,
        driver: str | None,
        device: str | None,
        buffer_ms: int,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self.heard = Heard()
        self._stuck_seconds = stuck_seconds
        self._silent = True
        self._listener: threading.Thread | None = None
        frames = 1 << round(np.log2(buffer_ms * RATE / 1000))
        theirs, self._pipe = os.pipe()
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(self._pipe, False)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "device.music.sound.speaker", str(theirs), str(frames)),
                *([device] if device else []),
            ],
            env=os.environ | ({"SDL_AUDIODRIVER": driver} if driver else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs],
            bufsize=0,
        )
        os.close(theirs)
        self._wait_until_open(driver, device)
        self._listener = threading.Thread(target=self._listen, name="sound card", daemon=True)
        self._listener.start()

    @property
    def process_id(self) -> int:
        """The speaker program's."""
        return self._process.pid

    def write(self, pcm: Pcm, squares: float) -> None:
        """Give the card music; returns when there is room for more.

        Raises:
            CardLostError: it takes none.

        """
        raw = pcm.tobytes()
        self._write(HEADER.pack(len(raw), squares) + raw)
        self._silent = not raw

    def silence(self) -> None:
        """Say that no music follows for now.

        Raises:
            CardLostError: the card is gone.

        """
        if self._process.poll() is not None:
            msg = "the sound card is gone"
            raise CardLostError(msg)
        if not self._silent:
            self.write(np.zeros((0, 2), np.int16), 0.0)

    def close(self, *, play_out: bool = True) -> None:
        """Let go of the card, after what it was given when `play_out`."""
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        if not play_out:
            self._process.kill()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._listener:
            self._listener.join()

    def _write(self, raw: bytes) -> None:
        room = select.poll()
        room.register(self._pipe, select.POLLOUT)
        left = memoryview(raw)
        while left:
            if not room.poll(self._stuck_seconds * 1000):
                msg = f"the sound card took nothing for {self._stuck_seconds:g} s"
                raise CardLostError(msg)
            try:
                left = left[os.write(self._pipe, left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                msg = "the sound card is gone"
                raise CardLostError(msg) from error

    def _wait_until_open(self, driver: str | None, device: str | None) -> None:
        answers = self._process.stdout
        assert answers is not None  # noqa: S101 - told to the type checker
        ready = select.poll()
        ready.register(answers, select.POLLIN)
        line = (
            answers.readline().decode("utf-8", "replace") if ready.poll(OPEN_SECONDS * 1e3) else ""
        )
        if line.strip() == "ready":
            return
        self.close(play_out=False)
        why = line.partition(" ")[2].strip() or "it did not answer"
        name = " ".join(filter(None, [driver, device])) or "the system's default"
        msg = (
            f"no sound card ({name}): {why}. Plug one in, or name another driver or device "
            "in the settings under [sound]"
        )
        raise SoundUnavailableError(msg)

    def _listen(self) -> None:
        answers = self._process.stdout
        assert answers is not None  # noqa: S101 - told to the type checker
        with answers:
            for line in answers:
                match line.decode("ascii", "replace").split():
                    case ["heard", frames, squares, first_at]:
                        self.heard = Heard(int(frames), float(squares), float(first_at))
                    case _:
                        continue
