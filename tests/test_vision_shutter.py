from __future__ import annotations

import pytest

from contracts.vision_wire import CameraReport, CameraState
from device.vision.capture import Frame
from device.vision.fakes import FakeCapture
from device.vision.shutter import RETRY_SECONDS, STALL_SECONDS, CameraStuckError, Shutter
from tests.vision_scene import wall


class Shelf:
    """Every capture that a shutter started, in order."""

    def __init__(self) -> None:
        self.captures: list[FakeCapture] = []
        self.shutter = Shutter(self._start)

    @property
    def last(self) -> FakeCapture:
        return self.captures[-1]

    def _start(self, name: str) -> FakeCapture:
        self.captures.append(FakeCapture(name))
        return self.last


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def state(shelf: Shelf) -> CameraState:
    return shelf.shutter.report().state


def test_it_starts_closed(shelf: Shelf) -> None:
    """No camera is opened by itself."""
    shelf.shutter.tick(0)
    shelf.shutter.want(0)
    assert shelf.captures == []
    assert shelf.shutter.report() == CameraReport(state=CameraState.OFF)


def test_it_is_on_with_its_first_frame(shelf: Shelf) -> None:
    """Opening lasts until a frame came."""
    shelf.shutter.open("0", 0)
    assert state(shelf) is CameraState.OPENING
    shelf.last.arrive(Frame(1.0, wall()))
    assert shelf.shutter.take() is not None
    assert state(shelf) is CameraState.ON


def test_opening_the_same_camera_again_changes_nothing(shelf: Shelf) -> None:
    """Core may repeat itself."""
    shelf.shutter.open("0", 0)
    shelf.shutter.open("0", 1)
    assert len(shelf.captures) == 1


def test_another_camera_closes_the_first(shelf: Shelf) -> None:
    """There is one camera at a time."""
    shelf.shutter.open("0", 0)
    shelf.shutter.open("1", 1)
    assert [(c.name, c.alive) for c in shelf.captures] == [("0", False), ("1", True)]


def test_a_camera_that_fails_is_retried_ever_more_slowly(shelf: Shelf) -> None:
    """After 1, 2, 4, 8, 16, 30 and again 30 seconds."""
    shelf.shutter.open("0", 0)
    now = 0.0
    for tries, delay in enumerate((*RETRY_SECONDS, RETRY_SECONDS[-1]), 1):
        shelf.last.die("unplugged")
        shelf.shutter.tick(now)
        shelf.shutter.tick(now + delay - 0.01)
        assert len(shelf.captures) == tries
        now += delay
        shelf.shutter.tick(now)
        assert len(shelf.captures) == tries + 1


def test_a_failure_is_told_once(shelf: Shelf) -> None:
    """A camera that fails at each retry stays failed, and is not told again and again."""
    shelf.shutter.open("0", 0)
    shelf.shutter.report()
    shelf.last.die("unplugged")
    shelf.shutter.tick(0)
    assert shelf.shutter.news() == CameraReport(state=CameraState.FAILED, detail="unplugged")
    shelf.shutter.tick(1)
    shelf.last.die("unplugged")
    shelf.shutter.tick(1)
    assert shelf.shutter.news() is None


def test_a_camera_that_recovers_is_on_and_its_delays_begin_anew(shelf: Shelf) -> None:
    """After a good frame the next failure waits one second again."""
    shelf.shutter.open("0", 0)
    for failed_at, retried_at in ((0, 1), (1, 3)):
        shelf.last.die("unplugged")
        shelf.shutter.tick(failed_at)
        shelf.shutter.tick(retried_at)
    shelf.last.arrive(Frame(3.0, wall()))
    shelf.shutter.take()
    assert state(shelf) is CameraState.ON
    shelf.last.die("unplugged")
    shelf.shutter.tick(4)
    shelf.shutter.tick(5)
    assert len(shelf.captures) == 4


def test_a_silent_camera_has_failed(shelf: Shelf) -> None:
    """A camera that was asked and gives nothing for five seconds is let go."""
    shelf.shutter.open("0", 0)
    shelf.shutter.tick(STALL_SECONDS - 0.01)
    assert state(shelf) is CameraState.OPENING
    shelf.shutter.tick(STALL_SECONDS)
    assert "no picture" in shelf.shutter.report().detail
    assert not shelf.last.alive


def test_a_camera_that_nobody_asked_may_be_silent(shelf: Shelf) -> None:
    """Between two frames of a slow rate nothing is missed."""
    shelf.shutter.open("0", 0)
    shelf.last.arrive(Frame(0.0, wall()))
    shelf.shutter.take()
    shelf.shutter.tick(100)
    assert state(shelf) is CameraState.ON


def test_a_hanging_camera_is_not_opened_twice(shelf: Shelf) -> None:
    """While the old read hangs no second one is started; through all retries it ends."""
    shelf.shutter.open("0", 0)
    shelf.last.hanging = True
    now = STALL_SECONDS
    shelf.shutter.tick(now)
    for delay in RETRY_SECONDS[:-1]:
        now += delay
        shelf.shutter.tick(now)
    assert len(shelf.captures) == 1
    with pytest.raises(CameraStuckError):
        shelf.shutter.tick(now + RETRY_SECONDS[-1])


def test_a_camera_that_hung_for_a_while_comes_back(shelf: Shelf) -> None:
    """When the read returns at last, the next retry opens the camera anew."""
    shelf.shutter.open("0", 0)
    shelf.last.hanging = True
    shelf.shutter.tick(STALL_SECONDS)
    shelf.shutter.tick(STALL_SECONDS + 1)
    shelf.last.hanging = False
    shelf.shutter.tick(STALL_SECONDS + 3)
    assert len(shelf.captures) == 2


def test_a_hanging_camera_cannot_be_closed(shelf: Shelf) -> None:
    """Then only the end of the process closes it."""
    shelf.shutter.open("0", 0)
    shelf.last.hanging = True
    with pytest.raises(CameraStuckError, match="hangs"):
        shelf.shutter.close()


def test_a_closed_camera_gives_no_frame(shelf: Shelf) -> None:
    """A frame that arrived just before is not taken after."""
    shelf.shutter.open("0", 0)
    shelf.last.arrive(Frame(0.0, wall()))
    shelf.shutter.close()
    assert shelf.shutter.take() is None
