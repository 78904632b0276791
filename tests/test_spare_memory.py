"""A disk that takes nothing: the store goes on in memory, says so, and comes back by itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench import power_cuts
from device.store import Store
from device.store_file import StoreError
from device.store_schema import MIGRATIONS
from tests.disk_scenes import SCENES, deed

ROOT = Path(__file__).parents[1]
OF_ROOT = ("dying", "remounted")
"""Scenes with a file system on a device, which a user's namespace does not allow."""


def may_mount() -> bool:
    """Whether a user may have a mount namespace here."""
    program = shutil.which("unshare")
    command = [program or "", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return (
        bool(program) and not subprocess.run(command, check=False, capture_output=True).returncode
    )


@pytest.mark.skipif(not may_mount(), reason="mount namespaces are not allowed here")
@pytest.mark.parametrize("scene", [name for name in SCENES if name not in OF_ROOT])
def test_a_real_disk_that_takes_nothing(scene: str) -> None:
    """Full, read-only, read-only at the first start: nothing is lost, and the way back is found."""
    command = ["unshare", "-rm", sys.executable, "-m", "tests.disk_scenes", scene]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(bool(power_cuts.lacking()), reason=power_cuts.lacking())
@pytest.mark.parametrize("scene", OF_ROOT)
def test_a_card_that_dies_costs_nothing_that_was_kept(scene: str) -> None:
    """Every write fails and ext4 gives up, for good or until it is mended; what was read of it is
    in memory.
    """
    command = ["unshare", "-m", "--propagation", "private", sys.executable]
    done = subprocess.run(
        [*command, "-m", "tests.disk_scenes", scene],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def limited(store: Store) -> None:
    """The file can grow no more: SQLite says that the disk is full."""
    (pages,) = store.rows("PRAGMA page_count")[0]
    store.rows(f"PRAGMA max_page_count = {pages}")


def test_a_transaction_that_fails_in_the_middle_is_done_again_in_memory(tmp_path: Path) -> None:
    """Its first statements too; and all of it reaches the disk later."""
    store = Store(tmp_path / "device.sqlite", spare_memory=True)
    limited(store)
    with store.writing() as database:
        database.execute("REPLACE INTO settings VALUES ('small', 'one')")
        database.executemany(
            "REPLACE INTO settings VALUES (?, ?)", ((f"large{n}", "x" * 9000) for n in range(3))
        )
    assert "full" in store.why_in_memory
    assert store.get("small") == "one"
    assert store.go_back()
    store.close()
    again = Store(tmp_path / "device.sqlite")
    assert (again.get("small"), again.get("large2")) == ("one", "x" * 9000)


def test_what_is_no_fault_of_the_disk_changes_nothing(tmp_path: Path) -> None:
    """A wrong value is an error, in memory as on the disk; nothing of its transaction stays."""
    store = Store(tmp_path / "device.sqlite", spare_memory=True)

    def half_wrong() -> None:
        with store.writing() as database:
            database.execute("REPLACE INTO settings VALUES ('a', 'b')")
            database.execute("REPLACE INTO settings VALUES ('a', NULL)")

    for _ in range(2):
        with pytest.raises(StoreError):
            half_wrong()
        assert store.get("a") is None
        limited(store)
        store.put("large", "x" * 9000)
    assert store.why_in_memory


def test_without_spare_memory_a_full_disk_is_an_error(tmp_path: Path) -> None:
    """A command of the terminal must not say that it did what it could not keep."""
    store = Store(tmp_path / "device.sqlite")
    store.remember(deed(1))
    limited(store)
    with pytest.raises(StoreError, match="free some space"):
        store.put("large", "x" * 9000)
    assert store.history() == [deed(1)]


def test_every_table_has_the_numbers_of_rows_that_the_way_back_goes_by() -> None:
    """Without them the differences could not be told."""
    assert "WITHOUT ROWID" not in "".join(MIGRATIONS).upper()
