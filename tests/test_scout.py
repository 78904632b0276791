"""The scout: what it makes of folders that change, go away and come back; and what wakes it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.events import Event, LibraryChanged
from device.music.reach import Reach
from device.music.roots import trouble_with
from device.music.scout import Scout
from device.music.watching import FolderWatch, _is_shown, watch_mounts
from device.settings import LibrarySettings
from device.store import Store
from tests.test_library_scan import write_wav

PATIENCE_SECONDS = 120
"""Never waited for when all is well."""


class Share:
    """A disk or share that may hang: who looks at it is held, as by a dead NFS server."""

    def __init__(self, place: Path) -> None:
        self._place, self._answers = place, threading.Event()
        self._answers.set()

    def hang(self) -> None:
        """From now on nobody who looks comes back."""
        self._answers.clear()

    def answer(self) -> None:
        """Whoever was held goes on."""
        self._answers.set()

    def look(self, folder: Path) -> str:
        """What is wrong with a folder."""
        if folder == self._place:
            self._answers.wait()
        return trouble_with(folder)


class Stage:
    """A scout over a music folder and a disk, with a clock of its own."""

    def __init__(self, place: Path) -> None:
        self.music, self.disk = place / "music", place / "disk"
        write_wav(self.music / "1.wav")
        write_wav(self.disk / "2.wav")
        self.store = Store(place / "store.sqlite")
        self.told: list[Event] = []
        self.share = Share(self.disk)
        settings = LibrarySettings(folders=(str(self.disk),), disks_beneath=(), listen=False)
        self.scout = Scout(
            self.music,
            self.store,
            self.told.append,
            lambda: 5.0,
            settings=settings,
            unix_clock=lambda: 1000.0,
            trouble=self.share.look,
        )

    def titles(self) -> set[str]:
        """Of what can be played after one more look."""
        self.scout.scan()
        return {track.title for track in self.store.tracks().values()}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.share.answer()
    stage.scout.stop()
    stage.store.close()


def test_a_disk_that_vanishes_and_returns_costs_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Away, its music is not offered and that is said once; back, it is there unread."""
    caplog.set_level(logging.INFO, "device.music.scout")
    assert stage.titles() == {"1", "2"}
    assert set(stage.told) == {LibraryChanged(at=5.0, tracks=())}
    read = dict(stage.store.entries())
    stage.disk.rename(stage.disk.with_name("away"))
    assert stage.titles() == stage.titles() == {"1"}
    stage.disk.with_name("away").rename(stage.disk)
    assert stage.titles() == {"1", "2"}
    assert stage.store.entries() == read
    said = [record.message for record in caplog.records if str(stage.disk) in record.message]
    assert len(said) == 2
    assert "mount it" in said[0]
    assert "is there again" in said[1]


def test_a_share_that_is_mounted_later_is_found(stage: Stage) -> None:
    """It need not be there when the device starts."""
    away = stage.disk.rename(stage.disk.with_name("away"))
    assert stage.titles() == {"1"}
    away.rename(stage.disk)
    assert stage.titles() == {"1", "2"}


def test_a_share_that_hangs_holds_nobody_up(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Its music waits; other music is found meanwhile; when it answers, nothing was lost."""
    assert stage.titles() == {"1", "2"}
    read = stage.store.entries()
    stage.share.hang()
    write_wav(stage.music / "3.wav")
    assert stage.titles() == {"1", "3"}
    assert stage.titles() == {"1", "3"}
    assert len([r for r in caplog.records if "does not answer" in r.message]) == 1
    stage.share.answer()
    for _ in range(PATIENCE_SECONDS):  # the look that was held may not be back yet
        if stage.titles() == {"1", "2", "3"}:
            break
    assert stage.titles() == {"1", "2", "3"}
    assert stage.store.entries().items() >= read.items()


def test_one_look_at_a_time_is_held(tmp_path: Path) -> None:
    """While it is, everything is away at once; then all is as it is."""
    share = Share(tmp_path)
    share.hang()
    looks: list[Path] = []
    reach = Reach(lambda path: looks.append(path) or share.look(path), patience_seconds=0.01)
    assert [reach.ask(tmp_path) for _ in range(5)] == [None] * 5
    assert len(looks) <= 1
    share.answer()
    patient = Reach(lambda path: share.look(path) or "there", PATIENCE_SECONDS)
    assert patient.ask(tmp_path) == "there"
    assert Reach().ask(tmp_path / "nowhere") == ""


def test_nothing_new_is_not_told(stage: Stage) -> None:
    """Only what changed makes core look."""
    stage.titles()
    before = len(stage.told)
    stage.titles()
    assert len(stage.told) == before
    write_wav(stage.music / "3.wav")
    assert stage.titles() == {"1", "2", "3"}
    assert len(stage.told) > before


def test_a_folder_that_is_watched_tells(tmp_path: Path) -> None:
    """The kernel's own word for it: a new file wakes whoever waits."""
    changed = threading.Event()
    watch = FolderWatch([tmp_path, tmp_path / "nowhere"], changed.set)
    assert watch.folders == (tmp_path,)
    number = 0
    # The first files may come before the kernel listens; one of the next is seen.
    while not changed.wait(0.2) and number < PATIENCE_SECONDS * 5:
        number += 1
        (tmp_path / f"{number}.wav").touch()
    watch.close()
    assert changed.is_set()


def test_a_file_that_is_being_written_wakes_nobody() -> None:
    """Its name is hidden until it is whole."""
    assert _is_shown(None, "/music/a.wav")
    assert not _is_shown(None, "/music/.a.wav.part")


def test_without_a_table_of_mounts_it_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Disks are looked for now and then, and the log says so."""
    caplog.set_level(logging.INFO, "device.music.watching")
    watch_mounts(pytest.fail, threading.Event(), tmp_path / "nothing")
    assert "now and then" in caplog.text
