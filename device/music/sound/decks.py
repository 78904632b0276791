"""What the mixer mixes: tracks on decks, and what happens to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contracts.track import TrackId
from device.music.sound import RATE
from device.music.sound.pcm import Pcm
from device.music.sound.ramp import Ramp

MOST_GAIN_DB = 12.0
"""More would lift noise, and a wrong tag, into the room."""
Sound = NDArray[np.float32]
"""Shape (frames, CHANNELS), in steps of 16-bit PCM: full scale is 32,768."""


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
        """Frames to the end of its sound, once the end is known."""

    @property
    def tail_frames(self) -> int:
        """Frames of digital silence after `left_frames`."""

    def take(self, frames: int) -> Pcm:
        """The next frames, fewer when there are not so many."""

    def skip_silence(self) -> int:
        """Drop the digital silence it begins with; how many frames that was."""

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


@dataclass(frozen=True)
class Rendered:
    """Sound for the card; fewer frames than asked for when silence follows."""

    pcm: Pcm
    squares: float
    """Sum over frames of the mean square of the channels, full scale 1."""
    happenings: tuple[Happening, ...]


class Deck:
    """One track on its way through the mix.

    Args:
        track: whose sound it is.
        source: the sound, from `start_seconds` on.
        path: its file, for a seek.
        start_seconds: position that the source begins at.
        fade_seconds: crossfade into it.
        gain_db: what levels its loudness.
        gapless: as prepared, it begins by itself where what plays ends.

    """

    def __init__(
        self,
        track: TrackId,
        source: Source,
        path: Path,
        *,
        start_seconds: float = 0.0,
        fade_seconds: float = 0.0,
        gain_db: float = 0.0,
        gapless: bool = False,
    ) -> None:
        self.track, self.source, self.path = track, source, path
        self.fade_seconds, self.gain_db, self.gapless = fade_seconds, gain_db, gapless
        self.gain = float(10 ** (min(gain_db, MOST_GAIN_DB) / 20))
        self.frames = round(start_seconds * RATE)
        self.level = Ramp(0.0)
        self.started = self.ending = False
        self.by_itself = False
        """It began without a `play`, and none has confirmed it yet."""

    @property
    def position_seconds(self) -> float:
        """How far it is."""
        return self.frames / RATE

    def render(self, frames: int) -> Sound:
        """Shape (≤ frames, CHANNELS): its next sound with its fade and gain."""
        pcm = self.source.take(frames)
        self.frames += len(pcm)
        if self.level.resting:
            level = float(np.sin(self.level.target * np.pi / 2))
            sound: Sound = pcm * np.float32(level * self.gain)
        else:
            gains = np.sin(self.level.take(len(pcm)) * np.float32(np.pi / 2))
            sound = pcm * (gains * np.float32(self.gain))[:, None]
        return sound
