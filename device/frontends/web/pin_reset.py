"""A new staff PIN for who forgot it, in the two minutes after the device's buttons were held.

At the device's own screen it is set at once: who held the buttons stands there. From a phone it
waits for one more press of the button, which nobody can give over the network. If two phones bring
one in the same window, neither is taken: one of them may be a stranger's (as Wi-Fi's push-button
configuration does, WPS 2.0, "session overlap"). Until then the old PIN holds.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from device.frontends.web.staff_pin import PinError, check_shape, set_pin
from device.frontends.web.words import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from device.pin_window import PinReset


class Step(StrEnum):
    """How far somebody is."""

    CLOSED = "closed"
    """The buttons were not held, or long ago."""
    TYPE = "type"
    """A PIN may be typed."""
    PRESS = "press"
    """Theirs waits for the button."""
    DONE = "done"
    SPOILED = "spoiled"
    """Two phones wanted one: hold the buttons again."""


class Offer(NamedTuple):
    """A PIN that waits for a press."""

    token: str
    pin: str
    presses: int
    """There were before it came."""


class PinResets:
    """The new PIN of one window; `window` tells what core knows of it. Safe from any thread."""

    def __init__(self, folder: Path, window: Callable[[], PinReset | None]) -> None:
        self._folder, self._window = folder, window
        self._lock = threading.Lock()
        self._number = 0
        self._offer: Offer | None = None
        self._done_by = ""
        self._spoiled = False

    def step(self, token: str) -> Step:
        """How far this guest is; takes their PIN if the button was pressed since."""
        with self._lock:
            window = self._current()
            mine = self._offer is not None and self._offer.token == token
            if self._done_by:
                return Step.DONE if self._done_by == token else Step.CLOSED
            if window is None:
                return Step.CLOSED
            if self._spoiled:
                return Step.SPOILED
            return Step.PRESS if mine else Step.TYPE

    def offer(self, token: str, pin: str, *, here: bool) -> None:
        """Bring a new PIN; `here`: from the device's own screen.

        Raises:
            RefusedError: no window is open, the PIN is weak, or two brought one.
            OSError: it cannot be kept.

        """
        try:
            check_shape(pin)
        except PinError as error:
            raise RefusedError(422, "pin_weak", str(error)) from error
        with self._lock:
            window = self._current()
            if window is None or self._done_by:
                text = "hold play and next at the device for ten seconds first"
                raise RefusedError(403, "pin_closed", text)
            if here:
                self._take(token, pin)
                return
            if self._spoiled or (self._offer and self._offer.token != token):
                self._offer, self._spoiled = None, True
                text = "two brought a new PIN: hold the buttons again, and use the device's screen"
                raise RefusedError(409, "pin_spoiled", text)
            self._offer = Offer(token, pin, window.presses)

    def _current(self) -> PinReset | None:
        """The open window, after what its presses made of the offer."""
        window = self._window()
        if window and window.number != self._number:
            self._number, self._offer, self._done_by, self._spoiled = window.number, None, "", False
        if window is None:
            self._offer = None
        elif self._offer and window.presses > self._offer.presses:
            self._take(self._offer.token, self._offer.pin)
        return window

    def _take(self, token: str, pin: str) -> None:
        set_pin(self._folder, pin)
        self._offer, self._done_by = None, token
