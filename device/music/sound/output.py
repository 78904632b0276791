"""The sound output that was chosen: its card while it is there, and the way back to it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from device.music.sound import SoundUnavailableError
from device.music.sound.card import Card, Heard

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 1.0, 10.0
"""Each try starts a program, a quarter of a second of a Pi: seldom after a while."""
DEVICES = Path("/dev/snd")
"""What changes here is worth a try at once: a card was plugged in."""


class Output:
    """One card at a time, opened again when it was lost or when another was chosen.

    `choose` may be called from any thread, the rest belongs to the player's.

    Args:
        open_card: opens the card of this name, or the default for None; SoundUnavailableError.
        name: the first.
        clock: monotonic seconds.
        devices: folder whose files are the kernel's sound devices.

    Raises:
        SoundUnavailableError: the first cannot be opened.

    """

    def __init__(
        self,
        open_card: Callable[[str | None], Card],
        name: str | None,
        clock: Callable[[], float],
        devices: Path = DEVICES,
    ) -> None:
        self._open, self._name, self._clock = open_card, name, clock
        self._wanted = name
        self._before = Heard()
        self._retry_at, self._retry_seconds = 0.0, FIRST_RETRY_SECONDS
        self._devices = devices
        self._plugged = plugged(devices)
        self.card: Card | None = open_card(name)

    def choose(self, name: str | None) -> None:
        """Have another card, or the same once more."""
        self._wanted = name

    @property
    def switching(self) -> bool:
        """Whether another card was chosen than the one that is open or tried."""
        return self._wanted != self._name

    def switch(self) -> None:
        """Let go of the card, after what it was given; the chosen one is due at once."""
        self._let_go(play_out=True)
        self._name = self._wanted
        self._retry_at, self._retry_seconds = self._clock(), FIRST_RETRY_SECONDS

    def lose(self) -> None:
        """Let go of a card that is gone."""
        self._let_go(play_out=False)
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._retry_at = self._clock() + self._retry_seconds
        self._plugged = plugged(self._devices)

    def reopened(self) -> Card | None:
        """The card, if it is time to try, or something was plugged in, and it is there."""
        present = plugged(self._devices)
        if self._clock() < self._retry_at and present <= self._plugged:
            self._plugged = present
            return None
        self._plugged = present
        try:
            self.card = self._open(self._name)
        except SoundUnavailableError:
            self._retry_at = self._clock() + self._retry_seconds
            self._retry_seconds = min(2 * self._retry_seconds, LAST_RETRY_SECONDS)
        return self.card

    @property
    def heard(self) -> Heard:
        """What all cards so far were given."""
        card = self.card
        return self._before + card.heard if card else self._before

    def close(self) -> None:
        """Let go of the card, after what it was given."""
        self._let_go(play_out=True)

    def _let_go(self, *, play_out: bool) -> None:
        card, self.card = self.card, None
        if card:
            card.close(play_out=play_out)
            self._before = self._before + card.heard


def plugged(devices: Path = DEVICES) -> frozenset[str]:
    """Names of the kernel's sound devices; none where it has no such folder."""
    with contextlib.suppress(OSError):
        return frozenset(device.name for device in devices.iterdir())
    return frozenset()
