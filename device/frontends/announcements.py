"""Announcements: a sound of the local network or the music folder, over the lowered music.

What is fetched is little, decoded in the decoder's own process, and deleted at once. Failure
policy: an announcement that cannot be had is said in the log, and the music goes on as it was.
"""

from __future__ import annotations

import logging
import queue
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from device.frontends.local_fetch import FetchError, fetch, on_local_network
from device.music.sound import RATE
from device.music.sound.stream import Decoder, PcmStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.frontends.local_fetch import Address
    from device.music.ports import Player
    from device.music.sound.pcm import Pcm

log = logging.getLogger(__name__)

LONGEST_SECONDS = 60
DECODED_WITHIN_SECONDS = 20.0
MOST_WAITING = 3
EDGE_SECONDS = 0.01
"""Shorter is heard as a click where a sound begins or is cut loud."""


class AnnouncementError(ValueError):
    """It cannot be played; says why."""


class Announcements:
    """Fetches, decodes and plays one after the other, on a thread that lives while needed.

    `allowed` says which addresses may be asked.
    """

    def __init__(
        self,
        music_folder: Path,
        player: Player,
        *,
        allowed: Callable[[Address], bool] = on_local_network,
    ) -> None:
        self._music, self._player, self._allowed = music_folder, player, allowed
        self._waiting: queue.Queue[str] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._working = False

    def announce(self, source: str) -> None:
        """Play this soon; one too many is left out, and said."""
        with self._lock:
            try:
                self._waiting.put_nowait(source)
            except queue.Full:
                log.warning("an announcement was left out: %d wait already", MOST_WAITING)
                return
            if not self._working:
                self._working = True
                threading.Thread(target=self._work, name="announcements", daemon=True).start()

    def join(self) -> None:
        """Wait until nothing waits and nothing is fetched or decoded."""
        self._waiting.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                try:
                    source = self._waiting.get_nowait()
                except queue.Empty:
                    self._working = False
                    return
            try:
                self._player.announce(self._sound(source))
            except (AnnouncementError, FetchError, OSError) as error:
                log.warning("no announcement: %s", error)
            finally:
                self._waiting.task_done()

    def _sound(self, source: str) -> Pcm:
        if "://" not in source:
            return softened(decoded(in_folder(self._music, source)))
        with tempfile.NamedTemporaryFile(prefix="mlfym-announcement-") as file:
            file.write(fetch(source, allowed=self._allowed))
            file.flush()
            return softened(decoded(Path(file.name)))


def in_folder(folder: Path, name: str) -> Path:
    """A file of the folder, by its path in it or its whole path.

    Raises:
        AnnouncementError: it is not there, or lies outside, be it by a link.

    """
    home = folder.expanduser().resolve()
    path = (home / name).resolve()
    if not path.is_relative_to(home) or not path.is_file():
        msg = f"{name!r} is no file of the music folder: put it there, or give an http address"
        raise AnnouncementError(msg)
    return path


def decoded(path: Path) -> Pcm:
    """The first LONGEST_SECONDS of a sound file, shape (frames, 2).

    Raises:
        AnnouncementError: it cannot be decoded, or not in time.

    """
    frames = LONGEST_SECONDS * RATE
    stream = PcmStream(
        Decoder(), path, start_seconds=0.0, ahead_seconds=LONGEST_SECONDS, changed=lambda: None
    )
    try:
        came = stream.wait(frames, DECODED_WITHIN_SECONDS)
        if stream.error or not came:
            msg = f"it cannot be decoded: {stream.error or 'that takes too long'}"
            raise AnnouncementError(msg)
        return np.array(stream.take(frames))
    finally:
        stream.close()


def softened(sound: Pcm) -> Pcm:
    """The same with its first and last EDGE_SECONDS faded, shape (frames, 2)."""
    frames = min(round(EDGE_SECONDS * RATE), len(sound))
    rising = np.linspace(0.0, 1.0, frames)[:, None]
    soft = sound.astype(np.float32)
    soft[:frames] *= rising
    soft[len(soft) - frames :] *= rising[::-1]
    return np.rint(soft).astype(np.int16)
