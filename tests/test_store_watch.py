"""Who tells that nothing can be kept, and when the disk is tried again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from device import effects, events
from device.control import Control
from device.frontends.home_assistant.sharing import home_state
from device.frontends.web.view import view_of
from device.status import Status
from device.store import Store
from device.store_watch import StoreWatch
from tests.stage import Stage
from tests.test_spare_memory import limited

WHY = "database or disk is full: free some space"


def test_it_is_said_once_when_lost_and_once_when_back(tmp_path: Path) -> None:
    """The disk is tried after 5 s; a folder that takes nothing is tried ever more seldom."""
    folder = tmp_path / "state"
    store = Store(folder / "device.sqlite", spare_memory=True)
    told: list[events.StoreChanged] = []
    watch = StoreWatch(store, told.append)
    watch.tick(0.0)
    limited(store)
    store.put("large", "x" * 9000)
    for at in (1.0, 2.0):
        watch.tick(at)
    assert told == [events.StoreChanged(at=1.0, why=store.why_in_memory)]
    (folder / "write_probe").mkdir()  # a real write fails
    for at in (6.0, 15.9):  # tried at 6, next at 16
        watch.tick(at)
    (folder / "write_probe").rmdir()
    watch.tick(15.95)
    assert len(told) == 1
    watch.tick(16.0)
    assert told[1:] == [events.StoreChanged(at=16.0, why="")]
    with closing(Store(folder / "device.sqlite")) as again:
        assert again.get("large") == "x" * 9000


def test_the_music_goes_on_and_everybody_is_told() -> None:
    """State, page and home automation; and again when all is well."""
    stage = Stage()
    stage.begin()
    playing = stage.core.deck.playing
    stage.happen(events.StoreChanged(at=stage.at, why=WHY))
    assert stage.core.deck.playing is playing
    (*_, announced) = stage.of(effects.Announce)
    assert announced.state.unkept == WHY
    status = Status(state=stage.core.state(stage.at))
    assert view_of(status, staff=False).unkept
    assert home_state(status, cafe=True).unkept == WHY
    stage.happen(events.StoreChanged(at=stage.at, why=""))
    (*_, announced) = stage.of(effects.Announce)
    assert announced.state.unkept == ""


def test_a_folder_that_takes_no_socket_ends_no_program(tmp_path: Path) -> None:
    """Commands of this machine cannot come in; it starts and stops all the same."""
    (tmp_path / "state").write_bytes(b"in the way")
    control = Control(tmp_path / "state" / "control.sock", Status, None, None)  # type: ignore[arg-type]
    control.start()
    control.stop()
    assert not control.open
