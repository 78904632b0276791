"""Buttons, a volume knob, the camera's switch and its light on the GPIO pins, by gpiozero.

Failure policy: a pin that the settings name and that cannot be had ends the start with what to
do. The camera opens only while its light is known to be lit: a light that cannot be lit, or a
switch that is open or whose wire is torn, keeps it closed.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from gpiozero import LED, Button, Device, RotaryEncoder
from gpiozero.exc import GPIOZeroError

from device.events import CommandGiven
from device.pin_window import OPEN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpiozero.pins import Factory

    from device.events import Event
    from device.settings import ButtonSettings

log = logging.getLogger(__name__)

COMMANDS = ("play_pause", "next", "like")
RESET_PAIR = ("play_pause", "next")
"""Held together, for who has no button of its own for it."""
RESET_HOLD_SECONDS = 10.0
SWITCHED_OFF = "the switch at the device keeps the camera off"
DARK = "the camera's light cannot be lit, so the camera stays off"


class ButtonsError(OSError):
    """A pin cannot be used; says which, and what to do."""


class Buttons:
    """Hands on the device. Every press is a command, as from anywhere else.

    Keeps device.camera_gate.CameraGate.

    Args:
        settings: which pin has what; all are wired to ground, the light to it as well.
        put: takes the commands.
        clock: monotonic seconds.
        factory: of pins; None is that of this machine.
        hold_seconds: how long a hold lets a new staff PIN be set.

    Raises:
        ButtonsError: a pin cannot be had.

    """

    def __init__(
        self,
        settings: ButtonSettings,
        put: Callable[[Event], None],
        clock: Callable[[], float],
        factory: Factory | None = None,
        *,
        hold_seconds: float = RESET_HOLD_SECONDS,
    ) -> None:
        self._put, self._clock, self._settings = put, clock, settings
        self._lock = threading.RLock()
        self._devices: list[Device] = []
        self._hold_seconds, self._confirm_until = hold_seconds, float("-inf")
        try:
            self._open(settings, {"pin_factory": factory} if factory else {})
        except (GPIOZeroError, OSError, ImportError) as error:
            self.close()
            msg = f"buttons: {error}; see that each pin is free and on this board"
            raise ButtonsError(msg) from error

    def _open(self, settings: ButtonSettings, made: dict[str, Any]) -> None:
        bounce = settings.bounce_seconds or None
        hold = {"hold_time": self._hold_seconds}
        button = partial(Button, bounce_time=bounce, **hold, **made)
        named = {
            name: self._when_pressed(button, getattr(settings, name), name) for name in COMMANDS
        }
        pair = [named[name] for name in RESET_PAIR]
        if settings.hold_resets_pin and all(pair):
            self._when_held(pair)
        if settings.pin_reset:
            own = self._kept(button(settings.pin_reset))
            own.when_pressed = self._confirm
            self._when_held([own])
        step = settings.volume_step
        self._when_pressed(button, settings.louder, "volume", f"+{step}")
        self._when_pressed(button, settings.quieter, "volume", f"-{step}")
        if settings.rotary_a and settings.rotary_b:
            knob = self._kept(RotaryEncoder(settings.rotary_a, settings.rotary_b, **made))
            knob.when_rotated_clockwise = partial(self._say, "volume", f"+{step}")
            knob.when_rotated_counter_clockwise = partial(self._say, "volume", f"-{step}")
        led = settings.privacy_led
        self._led = self._kept(LED(led, **made)) if led else None
        # Without debouncing: what closes the camera must not wait.
        self._switch = self._kept(Button(settings.camera, **made)) if settings.camera else None

    def _when_pressed(
        self, button: Callable[[str], Any], pin: str, name: str, argument: str = ""
    ) -> Any:  # noqa: ANN401 - gpiozero ships no types
        if not pin:
            return None
        made = self._kept(button(pin))
        made.when_pressed = partial(self._say, name, argument)
        return made

    # The staff's PIN

    def _when_held(self, together: list[Any]) -> None:
        for one in together:
            one.when_held = partial(self._held, together)

    def _held(self, together: list[Any]) -> None:
        """The last of them to be held for so long opens the window; on gpiozero's thread."""
        with self._lock:
            if not all(one.is_held for one in together):
                return
            self._confirm_until = self._clock() + OPEN_SECONDS
        self._say("pin_reset", "begin")

    def _confirm(self) -> None:
        """Say that a button was pressed after the hold, by who holds the device."""
        if self._clock() < self._confirm_until:
            self._say("pin_reset", "confirm")

    def _kept(self, device: Any) -> Any:  # noqa: ANN401 - gpiozero ships no types
        self._devices.append(device)
        return device

    def _say(self, name: str, argument: str = "") -> None:
        if name == RESET_PAIR[0]:
            self._confirm()
        self._put(CommandGiven(at=self._clock(), name=name, argument=argument))

    # The camera's gate

    @property
    def locked(self) -> bool:
        """Whether the switch is open, or cannot be read."""
        if self._switch is None:
            return False
        try:
            return not self._switch.is_pressed
        except (GPIOZeroError, OSError):
            return True

    def start(self, moved: Callable[[], None]) -> None:
        """Call `moved` when the switch is moved."""
        if self._switch is not None:
            self._switch.when_pressed = self._switch.when_released = moved

    def refuses(self) -> str:
        """Light the light; why the camera stays closed all the same, else empty."""
        with self._lock:
            if self.locked:
                return SWITCHED_OFF
            if self._led is None:
                return ""
            try:
                self._led.on()
                lit = bool(self._led.is_lit)
            except (GPIOZeroError, OSError) as error:
                log.warning("%s: %s", DARK, error)
                return DARK
            return "" if lit else DARK

    def closed(self) -> None:
        """Put the light out."""
        with self._lock:
            if self._led is not None:
                with suppress(GPIOZeroError, OSError):  # it may have failed, and then nothing opens
                    self._led.off()

    def close(self) -> None:
        """Let go of the pins; the light goes out with it."""
        for device in self._devices:
            with suppress(GPIOZeroError, OSError):
                device.close()
