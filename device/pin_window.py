"""Two minutes in which a new staff PIN may be set: whoever holds the device's buttons opens them.

A PIN that was forgotten is set anew at the device alone. Holding its buttons proves who stands
there; a press of one of them later says that the new PIN, which came over the network, is theirs.
"""

from __future__ import annotations

import msgspec

OPEN_SECONDS = 120.0


class PinReset(msgspec.Struct, frozen=True, kw_only=True):
    """The window as the page sees it while it is open."""

    number: int
    """Which one since the start."""
    presses: int
    """How often the device's button was pressed in it."""
    seconds_left: float


class PinWindow:
    """Whether it is open, and what was pressed in it; knows no PIN."""

    def __init__(self) -> None:
        self._number = self._presses = 0
        self._until = float("-inf")

    def begin(self, at: float) -> None:
        """Somebody held the buttons."""
        self._number, self._presses = self._number + 1, 0
        self._until = at + OPEN_SECONDS

    def press(self, at: float) -> bool:
        """Somebody pressed the button; False while no window is open."""
        if at >= self._until:
            return False
        self._presses += 1
        return True

    def seen(self, at: float) -> PinReset | None:
        """The window at monotonic second `at`; None while it is closed."""
        if at >= self._until:
            return None
        left = round(self._until - at, 1)
        return PinReset(number=self._number, presses=self._presses, seconds_left=left)
