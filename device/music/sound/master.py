"""The last stage before the card: volume, the card's own fades, the test tone, the limiter."""

from __future__ import annotations

import threading

import numpy as np

from device.music.sound import CHANNELS, RATE
from device.music.sound.decks import Sound
from device.music.sound.limiter import Limiter
from device.music.sound.pcm import Pcm
from device.music.sound.ramp import Ramp

DUCKED = 0.2
"""Of the music under an announcement: 14 dB less."""
DUCK_SECONDS = 0.4
SOFT_SECONDS = 0.05
"""Fade of a cut, of volume and of a card: shorter is heard as a pop."""
FULL_SCALE = 32_768.0


class Master:
    """Makes PCM of the mix. Safe between threads; `finished` is one thread's.

    What goes out is late by the limiter's look-ahead; `last` lets it all out.
    """

    def __init__(self, volume: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._volume = Ramp(volume)
        self._card = Ramp(1.0)
        """0 while the sound card is being left."""
        self._tone: Sound = np.zeros((0, CHANNELS), np.float32)
        self._duck = Ramp(1.0)
        """Of the music alone; lower while something is announced."""
        self._limiter = Limiter()

    def set_volume(self, volume: float) -> None:
        """Volume 0 to 1; its square is the gain, so that half sounds about half as loud."""
        with self._lock:
            self._volume.go(max(0.0, min(volume, 1.0)), SOFT_SECONDS)

    def leave_card(self) -> None:
        """Fade out, since another card will follow."""
        with self._lock:
            self._card.go(0.0, SOFT_SECONDS)

    def enter_card(self) -> None:
        """Fade in on a card that has heard nothing yet."""
        with self._lock:
            self._card = Ramp(0.0)
            self._card.go(1.0, SOFT_SECONDS)

    @property
    def card_left(self) -> bool:
        """Whether it has faded out for another card."""
        with self._lock:
            return self._card.resting and not self._card.target

    def sound_tone(self, tone: Sound) -> None:
        """Add this to whatever plays, paused or not."""
        with self._lock:
            self._tone = tone

    def announce(self, sound: Pcm) -> None:
        """Add this to the music once that has been lowered; later ones follow."""
        lead = np.zeros((round(DUCK_SECONDS * RATE), CHANNELS), np.float32)
        with self._lock:
            self._tone = np.concatenate([self._tone, lead, sound.astype(np.float32)])
            self._duck.go(DUCKED, DUCK_SECONDS)

    @property
    def has_tone(self) -> bool:
        """Whether some of a tone is still to be heard."""
        with self._lock:
            return len(self._tone) > 0

    def add_tone(self, mixed: Sound) -> int:
        """Add the next of a tone; so many frames of it."""
        with self._lock:
            if not (self._duck.resting and self._duck.target == 1.0):
                mixed *= self._duck.take(len(mixed))[:, None]
            tone = self._tone[: len(mixed)]
            mixed[: len(tone)] += tone
            self._tone = self._tone[len(tone) :]
            if not len(self._tone) and self._duck.target != 1.0:
                self._duck.go(1.0, DUCK_SECONDS)
            return len(tone)

    def finished(self, mixed: Sound, *, last: bool) -> tuple[Pcm, float]:
        """PCM for the card and the sum over its frames of the channels' mean square, full scale 1.

        `last` says that silence follows.
        """
        with self._lock:
            level = self._volume.take(len(mixed)) ** 2 * self._card.take(len(mixed))
        going = self._limiter.through(mixed * level[:, None])
        if last:
            going = np.concatenate([going, self._limiter.flush()])
        pcm = np.clip(np.rint(going), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
        squares = float(np.square(going, dtype=np.float64).sum()) / FULL_SCALE**2 / CHANNELS
        return pcm, squares
