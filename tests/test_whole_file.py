"""Files that are replaced whole: what a fault in the middle leaves."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from contracts.whole_file import replacing, sync, write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside(tmp_path: Path) -> None:
    """The new content alone is there; a first file is made."""
    file = tmp_path / "kept"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_mode_and_owner_stay(tmp_path: Path) -> None:
    """A secret is its owner's from its first byte; another file keeps the mode it had."""
    secret, shared = tmp_path / "secret", tmp_path / "shared"
    write_whole(secret, b"1", mode=0o600)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    shared.write_bytes(b"1")
    shared.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(shared, 1234, 1234)
    before = shared.stat()
    write_whole(shared, b"2")
    after = shared.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


def test_what_fails_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    """The old file stays, and no part of the new one."""
    file = tmp_path / "kept.npz"
    write_whole(file, b"old")

    def fill_the_disk() -> None:
        with replacing(file) as part:
            part.write_bytes(b"ne")
            assert part.suffix == ".npz"
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fill_the_disk()
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """OSError, not silence: `sync` too."""
    with pytest.raises(OSError, match="No such file"):
        write_whole(tmp_path / "away" / "kept", b"new")
    with pytest.raises(OSError, match="No such file"):
        sync(tmp_path / "away")
