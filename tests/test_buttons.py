"""Buttons, knob, camera switch and privacy LED, on pins that a test drives from outside."""

from __future__ import annotations

import queue
import socket
from typing import TYPE_CHECKING

import msgspec
import pytest
from gpiozero.exc import PinSetInput
from gpiozero.pins.mock import MockFactory

from contracts import vision_wire
from contracts.vision_wire import CameraOff, CameraOn, CameraReport, CameraState, Configure
from device import events
from device.eye import Eye, listening_socket
from device.frontends.buttons import DARK, SWITCHED_OFF, Buttons, ButtonsError
from device.frontends.opening import open_buttons
from device.pin_window import OPEN_SECONDS
from device.settings import ButtonSettings
from device.vision.fakes import HandClock
from tests.brokers import ANSWER_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIRED = ButtonSettings(
    play_pause="GPIO5",
    next="GPIO6",
    like="GPIO13",
    louder="GPIO19",
    quieter="GPIO26",
    rotary_a="GPIO20",
    rotary_b="GPIO21",
    camera="GPIO16",
    privacy_led="GPIO12",
    bounce_seconds=0,
)


def said_of(event: events.CommandGiven) -> tuple[str, str]:
    return event.name, event.argument


class Board:
    """Buttons on pins of no board, and what they said."""

    def __init__(self, settings: ButtonSettings = WIRED, hold_seconds: float = 600.0) -> None:
        self.factory, self.told = MockFactory(), list[events.Event]()
        self.clock, self._news = HandClock(), queue.Queue[events.Event]()
        self.buttons = Buttons(
            settings, self._hear, self.clock.now, self.factory, hold_seconds=hold_seconds
        )

    def _hear(self, event: events.Event) -> None:
        self.told.append(event)
        self._news.put(event)

    def hold(self, *pins: int) -> None:
        for pin in pins:
            self.factory.pin(f"GPIO{pin}").drive_low()

    def until(self, name: str, argument: str) -> None:
        """Wait until this was said; fails when it never is."""
        while True:
            event = self._news.get(timeout=ANSWER_SECONDS)
            if isinstance(event, events.CommandGiven) and said_of(event) == (name, argument):
                return

    def press(self, pin: int) -> None:
        self.factory.pin(f"GPIO{pin}").drive_low()
        self.factory.pin(f"GPIO{pin}").drive_high()

    def switch(self, *, on: bool) -> None:
        pin = self.factory.pin("GPIO16")
        pin.drive_low() if on else pin.drive_high()

    @property
    def light(self) -> bool:
        return bool(self.factory.pin("GPIO12").state)

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(e.name, e.argument) for e in self.told if isinstance(e, events.CommandGiven)]


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.buttons.close()


@pytest.mark.parametrize(
    ("pin", "command"),
    [
        (5, ("play_pause", "")),
        (6, ("next", "")),
        (13, ("like", "")),
        (19, ("volume", "+3")),
        (26, ("volume", "-3")),
    ],
)
def test_a_press_is_a_command(board: Board, pin: int, command: tuple[str, str]) -> None:
    """Once, when it goes down."""
    board.press(pin)
    assert board.said == [command]


def test_the_knob_turns_the_volume(board: Board) -> None:
    """One click a step, to either side."""
    a, b = board.factory.pin("GPIO20"), board.factory.pin("GPIO21")
    for pin in (a, b):
        pin.drive_low()
        pin.drive_high()
    board.told.clear()
    for first, second in ((a, b), (b, a)):
        first.drive_low()
        second.drive_low()
        first.drive_high()
        second.drive_high()
    assert sorted(board.said) == [("volume", "+3"), ("volume", "-3")]


BEGIN, CONFIRM = ("pin_reset", "begin"), ("pin_reset", "confirm")


@pytest.mark.parametrize(
    ("settings", "pins"),
    [(WIRED, (5, 6)), (ButtonSettings(pin_reset="GPIO17", bounce_seconds=0), (17,))],
)
def test_buttons_that_are_held_let_a_new_pin_be_set(
    settings: ButtonSettings, pins: tuple[int, ...]
) -> None:
    """Two together or one of its own, once a hold; a later press says that it is theirs."""
    board = Board(settings, hold_seconds=0.01)
    board.hold(*pins)
    board.until(*BEGIN)
    assert board.said.count(BEGIN) == 1
    assert CONFIRM not in board.said
    board.factory.pin(f"GPIO{pins[0]}").drive_high()
    board.press(pins[0])
    assert board.said.count(CONFIRM) == 1
    board.clock.wait(OPEN_SECONDS + 1)
    board.press(pins[0])
    assert board.said.count(CONFIRM) == 1
    board.buttons.close()


def test_a_press_resets_nothing() -> None:
    """Of both buttons neither: they have to be held."""
    board = Board()
    board.hold(5, 6)
    assert {name for name, _ in board.said} == {"play_pause", "next"}
    for pin in (5, 6):
        board.factory.pin(f"GPIO{pin}").drive_high()
    board.buttons.close()


@pytest.mark.parametrize(("hold_resets_pin", "pins"), [(True, (6,)), (False, (5, 6))])
def test_what_is_not_meant_to_reset_does_not(
    hold_resets_pin: bool,  # noqa: FBT001
    pins: tuple[int, ...],
) -> None:
    """One of the two alone, or both where the settings say no; the button for it still does."""
    settings = msgspec.structs.replace(WIRED, pin_reset="GPIO17", hold_resets_pin=hold_resets_pin)
    board = Board(settings, hold_seconds=0.01)
    board.hold(*pins)
    for _ in range(2):
        board.hold(17)
        board.until(*BEGIN)
        board.factory.pin("GPIO17").drive_high()
    assert board.said.count(BEGIN) == 2
    board.buttons.close()


def test_the_light_is_on_before_the_camera_may_open(board: Board) -> None:
    """And goes out when the camera is closed."""
    board.switch(on=True)
    assert not board.light
    assert board.buttons.refuses() == ""
    assert board.light
    board.buttons.closed()
    assert not board.light


def test_the_switch_is_stronger_than_any_command(board: Board) -> None:
    """Open, as it is when its wire is torn, the camera stays closed and the light dark."""
    assert board.buttons.locked
    assert board.buttons.refuses() == SWITCHED_OFF
    assert not board.light


def test_a_light_that_cannot_be_lit_keeps_the_camera_closed(board: Board) -> None:
    """A pin that was taken away, or a board that fails."""
    board.switch(on=True)
    board.factory.pin("GPIO12").function = "input"
    with pytest.raises(PinSetInput):
        board.factory.pin("GPIO12").state = 1
    assert board.buttons.refuses() == DARK


def test_a_switch_that_cannot_be_read_is_off(board: Board) -> None:
    """What fails, fails to the safe side."""
    board.switch(on=True)
    board.buttons.close()
    assert board.buttons.locked


def test_a_pin_that_is_none_ends_the_start() -> None:
    """In words that say what to look at."""
    with pytest.raises(ButtonsError, match="each pin is free and on this board"):
        Board(ButtonSettings(next="GPIO99"))
    with pytest.raises(ButtonsError, match="buttons: "):
        Board(ButtonSettings(next="GPIO5", like="GPIO5"))


def test_a_device_without_buttons_reads_no_pins() -> None:
    """Nothing is refused, and nothing is needed."""
    gate = open_buttons(ButtonSettings(), lambda _: None, HandClock().now)
    assert not gate.locked
    assert gate.refuses() == ""


class Household:
    """Core's eye behind the switch, and a vision program that the test plays."""

    def __init__(self, folder: Path) -> None:
        self.board, self.events = Board(), queue.Queue[events.Event]()
        path = folder / "vision.sock"
        clock = HandClock()
        self.eye = Eye(
            listening_socket(path),
            Configure(camera="0"),
            self.events.put,
            clock.now,
            self.board.buttons,
        )
        self.eye.start()
        self.vision = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.vision.settimeout(ANSWER_SECONDS)
        self.vision.connect(str(path))
        assert isinstance(self.told(), Configure)

    def told(self) -> vision_wire.ToVision:
        """The next that vision is told, but for heartbeats."""
        while True:
            packet = vision_wire.decode_to_vision(self.vision.recv(65_536))
            if not isinstance(packet, vision_wire.Heartbeat):
                return packet

    def report(self, state: CameraState) -> events.CameraChanged:
        self.vision.send(vision_wire.encode(CameraReport(state=state)))
        return self.heard()

    def heard(self) -> events.CameraChanged:
        event = self.events.get(timeout=ANSWER_SECONDS)
        assert isinstance(event, events.CameraChanged)
        return event


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    household = Household(tmp_path)
    yield household
    household.eye.stop()
    household.vision.close()


def test_automation_cannot_open_the_camera_against_the_switch(household: Household) -> None:
    """Vision hears nothing of it, and whoever asked sees that it is off, and why."""
    household.eye.set_camera(on=True)
    refused = household.heard()
    assert (refused.state, refused.detail) == (CameraState.OFF, SWITCHED_OFF)
    assert not household.board.light
    household.board.switch(on=True)  # now it may: it was asked for
    assert isinstance(household.told(), CameraOn)
    assert household.board.light


def test_the_switch_closes_an_open_camera_and_it_stays_closed(household: Household) -> None:
    """At once; the light is on until vision says that it is closed."""
    household.board.switch(on=True)
    household.eye.set_camera(on=True)
    assert isinstance(household.told(), CameraOn)
    household.report(CameraState.ON)
    household.board.switch(on=False)
    assert isinstance(household.told(), CameraOff)
    assert household.board.light
    household.report(CameraState.OFF)
    assert not household.board.light
    household.eye.set_camera(on=True)
    assert household.heard().detail == SWITCHED_OFF


def test_the_light_stays_on_while_a_camera_that_failed_is_tried_again(
    household: Household,
) -> None:
    """It may open at any moment."""
    household.board.switch(on=True)
    household.eye.set_camera(on=True)
    assert isinstance(household.told(), CameraOn)
    household.report(CameraState.FAILED)
    assert household.board.light


def test_the_light_stays_on_while_a_camera_opens_again_by_itself(household: Household) -> None:
    """One that closed when the machine stood still is asked for with the light on."""
    household.board.switch(on=True)
    household.eye.set_camera(on=True)
    assert isinstance(household.told(), CameraOn)
    household.report(CameraState.OFF)
    assert isinstance(household.told(), CameraOn)
    assert household.board.light


def test_a_dark_light_keeps_vision_from_opening_the_camera(household: Household) -> None:
    """Nothing is asked of vision, and whoever wanted the camera learns why; mended, it opens."""
    household.board.switch(on=True)
    light = household.board.factory.pin("GPIO12")
    light.function = "input"
    household.eye.set_camera(on=True)
    refused = household.heard()
    assert (refused.state, refused.detail) == (CameraState.OFF, DARK)
    light.function = "output"
    household.eye.set_camera(on=True)
    assert isinstance(household.told(), CameraOn)
    assert household.board.light
