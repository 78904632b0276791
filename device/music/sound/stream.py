"""Core's end of a decoder: PCM of one file, a few seconds ahead."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.music.sound import CHANNELS, FRAME_BYTES, RATE
from device.music.sound.pcm import Pcm, no_frames

PIPE_BYTES = 16_384
READY_FRAMES = RATE // 10


class Decoder:
    """A decoder program, started before it is known what it will decode."""

    def __init__(self) -> None:
        self.pcm, theirs = os.pipe()
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "device.music.sound.decoder", str(theirs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs],
            bufsize=0,
        )
        os.close(theirs)

    def close(self) -> None:
        """End the program."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        os.close(self.pcm)
        self.process.wait()


class PcmStream:
    """Sound of one file from `start_seconds` on, decoded `ahead_seconds` ahead in a thread.

    `changed` is called, on that thread, when it becomes ready, ends or fails.
    """

    def __init__(
        self,
        decoder: Decoder,
        path: Path,
        *,
        start_seconds: float,
        ahead_seconds: float,
        changed: Callable[[], None],
    ) -> None:
        self._decoder, self._path, self._start = decoder, path, start_seconds
        self._ahead = round(ahead_seconds * RATE)
        self._changed = changed
        self._lock = threading.Condition()
        self._parts: deque[Pcm | int] = deque()
        """Sound, and digital silence as its frames' number, which takes no memory."""
        self._frames = 0
        self._zeros = 0
        """Silent frames after `_parts`."""
        self._odd = b""
        self._ended = self._closed = False
        self._error = ""
        threading.Thread(target=self._read, name="decoder", daemon=True).start()

    @property
    def process_id(self) -> int:
        """The program that decodes it."""
        return self._decoder.process.pid

    @property
    def error(self) -> str:
        """Why nothing more comes; empty while all is well."""
        return self._error

    @property
    def ready(self) -> bool:
        """Whether playing can begin."""
        with self._lock:
            return self._ended or self._frames >= READY_FRAMES

    @property
    def left_frames(self) -> int | None:
        """Frames to the end of its sound, once the end is known."""
        with self._lock:
            return self._frames if self._ended else None

    @property
    def tail_frames(self) -> int:
        """Frames of digital silence after its sound."""
        with self._lock:
            return self._zeros

    def skip_silence(self) -> int:
        """Drop the digital silence it begins with; how many frames that was."""
        with self._lock:
            skipped = self._parts[0] if self._parts else 0
            if not isinstance(skipped, int) or not skipped:
                return 0
            self._parts.popleft()
            self._frames -= skipped
            self._lock.notify_all()
            return skipped

    def wait(self, frames: int, seconds: float) -> bool:
        """Wait until so many frames, or the end, are there; False when they are not."""
        with self._lock:
            return self._lock.wait_for(lambda: self._has(frames), seconds)

    def take(self, frames: int) -> Pcm:
        """The next frames, fewer when there are not so many yet."""
        with self._lock:
            taken: list[Pcm] = []
            wanted = frames
            while wanted and self._parts:
                taken.append(self._next_part(wanted))
                wanted -= len(taken[-1])
            self._frames -= frames - wanted
            silent = min(wanted, self._zeros)
            if silent:
                self._zeros -= silent
                taken.append(_silence(silent))
            self._lock.notify_all()
        return taken[0] if len(taken) == 1 else np.concatenate([no_frames(), *taken])

    def _next_part(self, wanted: int) -> Pcm:
        part = self._parts.popleft()
        if isinstance(part, int):
            if part > wanted:
                self._parts.appendleft(part - wanted)
            return _silence(min(part, wanted))
        if len(part) > wanted:
            self._parts.appendleft(part[wanted:])
        return part[:wanted]

    def fail(self, why: str) -> None:
        """Give up on the decoder."""
        self._finish(why)
        self.close()

    def close(self) -> None:
        """Stop decoding and end the program, in the background."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        self._decoder.process.kill()

    def _has(self, frames: int) -> bool:
        return self._ended or self._closed or self._frames + self._zeros >= frames

    def _read(self) -> None:
        try:
            self._finish(self._decode())
        except OSError as error:
            self._finish(f"the decoder ended: {error}")
        finally:
            self._decoder.close()

    def _decode(self) -> str:
        """Read to the end; why that was impossible, or nothing."""
        requests, answers = self._decoder.process.stdin, self._decoder.process.stdout
        assert requests is not None  # noqa: S101 - told to the type checker
        assert answers is not None  # noqa: S101 - told to the type checker
        request = {"path": str(self._path), "start_seconds": self._start}
        requests.write(json.dumps(request).encode() + b"\n")
        word, _, why = answers.readline().decode("utf-8", "replace").strip().partition(" ")
        if word != "playing":
            return why or "the decoder crashed on it"
        while len(pcm := self._next_pcm()):
            self._add(pcm)
            self._wait_for_room()
        last = "end" if self._closed else answers.readline().decode("utf-8", "replace").strip()
        word, _, why = last.partition(" ")
        if word != "end":
            return why or "the decoder crashed in the middle of it"
        return "" if self._started or self._start else "holds no sound"

    _started = False

    def _next_pcm(self) -> Pcm:
        """The next frames out of the pipe; none at its end."""
        while len(read := os.read(self._decoder.pcm, 65_536)) + len(self._odd) < FRAME_BYTES:
            if not read:
                return no_frames()
            self._odd += read
        raw = self._odd + read
        whole = len(raw) - len(raw) % FRAME_BYTES
        self._odd = raw[whole:]
        return np.frombuffer(raw[:whole], np.int16).reshape(-1, CHANNELS)

    def _wait_for_room(self) -> None:
        with self._lock:
            self._lock.wait_for(lambda: self._closed or self._frames < self._ahead)

    def _add(self, pcm: Pcm) -> None:
        """Keep sound; silence at its end waits until it is known whether sound follows."""
        frames = pcm.view(np.int32)[:, 0]
        heard = None if frames[0] and frames[-1] else np.flatnonzero(frames)
        first, end = (0, len(pcm)) if heard is None else _ends(heard)
        with self._lock:
            was_ready = self._frames >= READY_FRAMES
            if not end:
                self._zeros += len(pcm)
            else:
                lead = self._zeros + (0 if self._started else first)
                begin = 0 if self._started else first
                if lead:
                    self._parts.append(lead)
                self._parts.append(pcm[begin:end])
                self._frames += self._zeros + end
                self._zeros = len(pcm) - end
                self._started = True
            now_ready = self._frames >= READY_FRAMES
            self._lock.notify_all()
        if now_ready and not was_ready:
            self._changed()

    def _finish(self, error: str) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended, self._error = True, error
            self._lock.notify_all()
        self._changed()


def _ends(heard: NDArray[np.intp]) -> tuple[int, int]:
    """First of the frames that sound, and the frame after the last; 0 and 0 when none does."""
    return (int(heard[0]), int(heard[-1]) + 1) if len(heard) else (0, 0)


def _silence(frames: int) -> Pcm:
    return np.zeros((frames, CHANNELS), np.int16)
