from __future__ import annotations

from pathlib import Path

from device.events import Event, Tick
from device.pace import LEAP, SPEED, Pace
from device.vision.fakes import HandClock


def test_core_lives_by_the_machines_clocks() -> None:
    """Without a word about it, or with one that is no speed, nothing is faster."""
    for said in ({}, {SPEED: ""}, {SPEED: "fast"}, {SPEED: "0.1"}, {SPEED: "-3"}, {SPEED: "1"}):
        clock, unix = HandClock(7.0), HandClock(1e9)
        pace, told = Pace(said, clock.now, unix.now), list[Event]()
        clock.wait(5.0)
        unix.wait(-8e7)  # the first synchronisation of a Pi
        assert pace.monotonic() == 12.0
        assert pace.unix() == 1e9 - 8e7
        event = Tick(at=3.0, unix_seconds=1.0)
        pace.stamped(told.append)(event)
        assert told == [event]


def test_a_faster_clock_is_faster_for_everything() -> None:
    """Both clocks, and what the player says to have happened."""
    clock, unix = HandClock(7.0), HandClock(1e9)
    pace, told = Pace({SPEED: "420"}, clock.now, unix.now), list[Event]()
    clock.wait(2.0)
    unix.wait(2.0)
    assert pace.monotonic() == 7.0 + 840.0
    assert pace.unix() == 1e9 + 840.0
    pace.stamped(told.append)(Tick(at=9.0, unix_seconds=1.0))
    assert told == [Tick(at=847.0, unix_seconds=1.0)]


def test_the_wall_clock_can_be_made_to_leap(tmp_path: Path) -> None:
    """By a file, at any moment; the monotonic clock goes on as it did."""
    clock, unix, file = HandClock(7.0), HandClock(1e9), tmp_path / "leap"
    pace = Pace({LEAP: str(file)}, clock.now, unix.now)
    assert pace.unix() == 1e9
    file.write_text("-3600")
    assert (pace.unix(), pace.monotonic()) == (1e9 - 3600, 7.0)
    file.write_text("soon")
    assert pace.unix() == 1e9
