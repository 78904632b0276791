"""Mixes decks to PCM, sample by sample: crossfades, pauses and volume without clicks.

No thread, clock or device in here: `render` is asked for frames and returns them, with what
happened on the way. Levels move in straight lines; a deck's level becomes a gain by a quarter
sine, so that two tracks that cross over keep their power (sin² + cos² = 1).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contracts.track import TrackId
from device.music.sound import CHANNELS, RATE
from device.music.sound.pcm import Pcm
from device.music.sound.ramp import Ramp

SOFT_SECONDS = 0.05
"""Fade of pause, resume, stop and volume: shorter is heard as a pop."""
START_SECONDS = 0.005
"""Fade into a track that nothing plays before: long enough not to click, short for a drum."""
FULL_SCALE = 32_768.0


class Source(Protocol):
    """Sound that decks play: device.music.sound.stream.PcmStream."""

    @property
    def ready(self) -> bool:
        """Whether playing can begin."""

    @property
    def error(self) -> str:
        """Why nothing more comes."""

    @property
    def left_frames(self) -> int | None:
        """Frames to the end, once the end is known."""

    def take(self, frames: int) -> Pcm:
        """The next frames, fewer when there are not so many."""

    def wait(self, frames: int, seconds: float) -> bool:
        """Wait until so many frames, or the end, are there."""

    def fail(self, why: str) -> None:
        """Give up on it."""

    def close(self) -> None:
        """Let go of it."""


class What(Enum):
    """What can happen while sound is rendered."""

    STARTED = "started"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True)
class Happening:
    """Something that a render brought with it."""

    what: What
    track: TrackId
    seconds_left: float = 0.0
    why: str = ""


class Deck:
    """One track on its way through the mix."""

    def __init__(
        self, track: TrackId, source: Source, start_seconds: float, fade_seconds: float, gain: float
    ) -> None:
        self.track, self.source, self.gain = track, source, gain
        self.fade_seconds = fade_seconds
        self.frames = round(start_seconds * RATE)
        self.level = Ramp(0.0)
        self.started = self.ending = False

    @property
    def over(self) -> bool:
        """Whether nothing more comes from it."""
        return self.source.left_frames == 0

    def render(self, frames: int) -> NDArray[np.float32]:
        """Shape (≤ frames, CHANNELS): its next sound with its fade and gain."""
        pcm = self.source.take(frames)
        self.frames += len(pcm)
        gains = np.sin(self.level.take(len(pcm)) * np.float32(np.pi / 2)) * np.float32(self.gain)
        sound: NDArray[np.float32] = pcm * gains[:, None]
        return sound


@dataclass(frozen=True)
class Rendered:
    """Sound for the card; fewer frames than asked for when silence follows."""

    pcm: Pcm
    squares: float
    """Sum over frames of the mean square of the channels, full scale 1."""
    happenings: tuple[Happening, ...]


class Mixer:
    """One deck plays, others fade out, one may wait until it is decoded; safe between threads."""

    def __init__(self, *, ending_seconds: float, volume: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._ending_frames = round(ending_seconds * RATE)
        self._playing: Deck | None = None
        self._incoming: Deck | None = None
        self._leaving: list[Deck] = []
        self._volume = Ramp(volume)
        self._held = Ramp(1.0)
        """1 while playing, 0 while paused."""

    def play(self, deck: Deck) -> None:
        """Cross over to this deck as soon as it is ready."""
        with self._lock:
            if self._incoming:
                self._incoming.source.close()
            self._incoming = deck
            if self._held.target == 0.0:
                self._drop_paused()

    def pause(self) -> None:
        """Fade out and hold."""
        with self._lock:
            self._held.go(0.0, SOFT_SECONDS)

    def resume(self) -> None:
        """Fade in and go on."""
        with self._lock:
            self._held.go(1.0, SOFT_SECONDS)

    def stop(self) -> None:
        """Fade out and forget everything."""
        with self._lock:
            if self._incoming:
                self._incoming.source.close()
            self._incoming = None
            if self._held.target == 0.0:
                self._drop_paused()
            self._leave(SOFT_SECONDS)

    def set_volume(self, volume: float) -> None:
        """Volume 0 to 1; its square is the gain, so that half sounds about half as loud."""
        with self._lock:
            self._volume.go(max(0.0, min(volume, 1.0)), SOFT_SECONDS)

    def position_seconds(self) -> float:
        """Position in the playing track; 0 when nothing plays."""
        with self._lock:
            return self._playing.frames / RATE if self._playing else 0.0

    @property
    def silent(self) -> bool:
        """Whether a render would bring nothing."""
        with self._lock:
            paused = self._held.resting and self._held.target == 0.0
            ready = self._incoming is not None and self._incoming.source.ready
            return paused or not (self._playing or self._leaving or ready)

    def waiting_for(self) -> Source | None:
        """What is to be played and is not decoded yet."""
        with self._lock:
            return self._incoming.source if self._incoming else None

    def sounding(self) -> list[Source]:
        """What the next render needs sound of."""
        with self._lock:
            return [deck.source for deck in self._decks()]

    def render(self, frames: int) -> Rendered:
        """The next frames; none at all while it is `silent`."""
        with self._lock:
            happenings: list[Happening] = []
            self._begin_incoming(happenings)
            if self._held.target == 0.0:
                frames = min(frames, self._held.frames_left)
            mixed = np.zeros((frames, CHANNELS), np.float32)
            sounding = 0
            for deck in self._decks():
                sound = deck.render(frames)
                mixed[: len(sound)] += sound
                sounding = max(sounding, len(sound))
            self._look_at_playing(happenings)
            self._leaving = [deck for deck in self._leaving if self._still_heard(deck)]
            levels = self._volume.take(frames) ** 2 * self._held.take(frames)
            mixed = (mixed * levels[:, None])[:sounding]
            pcm = np.clip(np.rint(mixed), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
            squares = float(np.square(pcm / FULL_SCALE).sum()) / CHANNELS
            return Rendered(pcm, squares, tuple(happenings))

    def _decks(self) -> list[Deck]:
        return [*self._leaving, *([self._playing] if self._playing else [])]

    def _begin_incoming(self, happenings: list[Happening]) -> None:
        """Put the waiting deck on when it is ready; a broken one leaves what plays alone."""
        deck = self._incoming
        if deck is None or not deck.source.ready:
            return
        self._incoming = None
        if deck.source.error:
            deck.source.close()
            happenings.append(Happening(What.FAILED, deck.track, why=deck.source.error))
            return
        if self._playing or self._leaving:
            fade = max(deck.fade_seconds, SOFT_SECONDS)
            self._leave(fade)
        else:
            fade = SOFT_SECONDS if deck.frames else START_SECONDS
        deck.level.go(1.0, fade)
        self._playing = deck

    def _leave(self, fade_seconds: float) -> None:
        """Fade out what plays within what is left of it; what was fading hurries."""
        for deck in self._leaving:
            deck.level.go(0.0, min(SOFT_SECONDS, fade_seconds))
        if self._playing:
            left = self._playing.source.left_frames
            seconds = fade_seconds if left is None else min(fade_seconds, left / RATE)
            self._playing.level.go(0.0, seconds)
            self._leaving.append(self._playing)
        self._playing = None

    def _drop_paused(self) -> None:
        """Nobody hears what is paused: it needs no fade."""
        for deck in self._decks():
            deck.source.close()
        self._leaving, self._playing = [], None
        self._held = Ramp(1.0)

    def _look_at_playing(self, happenings: list[Happening]) -> None:
        deck = self._playing
        if deck is None:
            return
        if not deck.started:
            deck.started = True
            happenings.append(Happening(What.STARTED, deck.track))
        left = deck.source.left_frames
        if left is not None and left <= self._ending_frames and not deck.ending:
            deck.ending = True
            happenings.append(Happening(What.ENDING, deck.track, seconds_left=left / RATE))
        if deck.over:
            self._playing = None
            deck.source.close()
            error = deck.source.error
            what = What.FAILED if error else What.ENDED
            happenings.append(Happening(what, deck.track, why=error))

    def _still_heard(self, deck: Deck) -> bool:
        if not deck.over and not deck.level.resting:
            return True
        deck.source.close()
        return False
