"""Disks that take nothing, in a mount namespace: `unshare -rm python -m tests.disk_scenes NAME`.

Each scene ends quietly, or with the AssertionError of the fact that does not hold.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from bench.faults.card import CardError, card
from bench.power_cut.lives import mounted
from bench.power_cut.volatile_disk import VolatileDisk
from contracts.messages import Interaction, InteractionKind
from contracts.track import Track, TrackId
from device import opinions
from device.store import Entry, Store
from device.store_file import StoreError

PLACE = Path("/mnt")
FILE = PLACE / "state" / "device.sqlite"
A = TrackId("a" * 16)


def deed(number: int) -> Interaction:
    return Interaction(
        id=f"boot-{number}", track=A, kind=InteractionKind.LIKED, at_unix_seconds=float(number)
    )


def do(*command: str) -> None:
    subprocess.run(command, check=True)


def mount(options: str) -> None:
    do("mount", "-t", "tmpfs", "-o", options, "none", str(PLACE))


def remount(options: str) -> None:
    do("mount", "-o", f"remount,{options}", str(PLACE))


def filled_store() -> Store:
    store = Store(FILE, spare_memory=True)
    store.upsert([Entry(track=Track(id=A, title="A"), path=Path("/m/a"), mtime_ns=1, size=1)])
    store.remember(deed(0))
    store.put("volume", "0.4")
    return store


def on_disk() -> list[str]:
    with closing(sqlite3.connect(f"file:{FILE}?mode=ro", uri=True)) as database:
        return [i for (i,) in database.execute("SELECT id FROM interactions ORDER BY number")]


def full() -> None:
    """A disk that fills up in the middle, and has room again."""
    mount("size=1m")
    store = filled_store()
    filler = PLACE / "filler"
    with suppress(OSError):
        filler.write_bytes(bytes(2**20))
    for number in range(1, 200):
        store.remember(deed(number))
        store.put("session", str(number) * 1000)
    assert "full" in store.why_in_memory, store.why_in_memory
    assert len(store.unsent()) == 200
    assert (store.get("volume"), store.get("session")) == ("0.4", "199" * 1000)
    assert not store.go_back()
    store.forget(["boot-0", "boot-7"])
    opinions.judge(store, A, opinions.LIKED)
    filler.unlink()
    assert store.go_back()
    assert store.why_in_memory == ""
    assert len(on_disk()) == 200
    store.remember(deed(200))
    store.close()
    again = Store(FILE)
    assert again.history() == [deed(n) for n in range(200, -1, -1)]
    assert again.unsent(1000) == [deed(n) for n in range(1, 201) if n != 7]
    assert opinions.judged(again, opinions.LIKED) == (A,)
    assert again.rows("PRAGMA integrity_check") == [("ok",)]


def read_only() -> None:
    """A start on a disk that is read-only, with commits that only the log holds."""
    mount("size=8m")
    store = filled_store()
    log = Path(f"{FILE}-wal").read_bytes()
    store.close()
    Path(f"{FILE}-wal").write_bytes(log)  # as a power cut leaves it
    remount("ro")
    with pytest.raises(StoreError):
        Store(FILE)
    store = Store(FILE, spare_memory=True)
    assert store.why_in_memory
    assert store.path_of(A) == Path("/m/a")
    store.remember(deed(1))
    assert not store.go_back()
    remount("rw")
    assert store.go_back()
    store.close()
    assert on_disk() == ["boot-0", "boot-1"]


def read_only_first() -> None:
    """The very first start, on a disk that is read-only."""
    mount("ro,size=8m")
    store = Store(FILE, spare_memory=True)
    store.remember(deed(1))
    assert store.history() == [deed(1)]
    remount("rw")
    store.close()  # the last chance
    assert on_disk() == ["boot-1"]


def dying() -> None:
    """A card that fails every write from one moment on, so that ext4 gives up."""
    image = PLACE / "image"
    mount("size=64m")
    image.write_bytes(bytes(16 * 2**20))
    do("mkfs.ext4", "-q", "-F", str(image))
    disk = VolatileDisk(image.read_bytes(), Random(1))
    with mounted(disk, PLACE) as card:
        store = Store(card / "device.sqlite", spare_memory=True)
        store.remember(deed(0))
        disk.failing = True
        for number in range(1, 20):
            store.remember(deed(number))
        assert store.why_in_memory
        assert len(store.history()) == 20
        assert not store.go_back()
        store.close()


def remounted() -> None:
    """A card that the kernel makes read-only in the middle; it is mended and mounted again."""
    mount("size=200m")
    place, images = PLACE / "card", PLACE / "images"
    with card(place, images) as broken:
        store = Store(place / "device.sqlite", spare_memory=True)
        store.remember(deed(0))
        with pytest.raises(CardError, match="busy"):
            broken.remount_read_only()
        store.remember(deed(1))
        broken.fail()
        for number in range(2, 20):
            store.remember(deed(number))
        assert store.why_in_memory
        assert not store.go_back()
        broken.mend()
        assert store.go_back()
        store.remember(deed(20))
        store.close()
        again = Store(place / "device.sqlite")
        assert again.history() == [deed(n) for n in range(20, -1, -1)]
        assert again.rows("PRAGMA integrity_check") == [("ok",)]
        again.close()


SCENES = {s.__name__: s for s in (full, read_only, read_only_first, dying, remounted)}

if __name__ == "__main__":
    SCENES[sys.argv[1]]()
