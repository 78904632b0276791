"""The disk behind core's state takes nothing: a tmpfs that is filled, an ext4 made read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.faults import card
from bench.faults.fault import Fault
from bench.faults.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.faults.card import Card
    from bench.faults.fault import Ground, Trial

SIZE = "24m"
PAGE = bytes(4096)
MOUNT, UMOUNT = (
    shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin") or name
    for name in ("mount", "umount")
)
NOTICED = 3
"""Likes while nothing can be written: the first may still fit into a page that is there."""


@contextmanager
def disk(ground: Ground) -> Iterator[Path]:
    """A small disk where core keeps its state."""
    place = ground.folder / "device"
    place.mkdir(parents=True)
    _mount(place, f"size={SIZE}")
    try:
        yield place
    finally:
        subprocess.run([UMOUNT, "--lazy", str(place)], check=True)


def _mount(place: Path, options: str) -> None:
    subprocess.run([MOUNT, "-t", "tmpfs", "-o", options, "none", str(place)], check=True)


def full_disk(ground: Ground) -> Iterator[Trial]:
    """Not a byte is left; what is liked meanwhile is on the disk when there is room again."""
    with disk(ground) as place:
        filler = place / "filler"

        def inject(house: House) -> None:
            _fill(filler)
            _live(house)
            filler.unlink()

        with House(ground) as house:
            yield from house.play_out(ground, inject)


def read_only(ground: Ground) -> Iterator[Trial]:
    """The kernel makes core's file system read-only under its feet, until somebody mends it.

    Nothing is written meanwhile; the device says so, and what is liked is on the disk in the end.
    """
    place = ground.folder / "device"
    with card.card(place, ground.folder / "images") as broken, House(ground) as house:

        def inject(house: House) -> None:
            broken.fail()
            _live(house)
            house.until(lambda s: bool(s.state.unkept), "the flag that nothing is kept")
            _mended(broken)
            house.until(lambda s: not s.state.unkept, "all to be kept again")

        yield from house.play_out(ground, inject)


def _mended(broken: Card) -> None:
    """Mend it; core's control socket lies on the old one, and is reached from the new."""
    old = os.open(broken.place, os.O_PATH)  # for as long as the fault goes on
    broken.mend()
    there = broken.place / "control.sock"
    there.unlink(missing_ok=True)
    there.symlink_to(f"/proc/{os.getpid()}/fd/{old}/{there.name}")


def _fill(file: Path) -> None:
    try:
        with file.open("wb", buffering=0) as out:
            while out.write(PAGE):
                pass
    except OSError:
        return  # full


def _live(house: House) -> None:
    """A few likes and five seconds of music."""
    for _ in range(NOTICED):
        house.like()
    before = house.status().heard.seconds
    house.until(lambda s: s.heard.seconds > before + 5, "music all the same")


def lacking() -> str:
    """Why no disk can be mounted here."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            _mount(Path(folder), "size=1m")
            subprocess.run([UMOUNT, folder], check=True)
    except (OSError, subprocess.CalledProcessError):
        return "this user may not mount"
    return ""


FAULTS = (
    Fault("full-disk", "core's disk without a byte left", full_disk, times=3, lacking=lacking),
    Fault(
        "read-only",
        "the kernel makes core's ext4 read-only; mended and mounted again",
        read_only,
        times=3,
        lacking=card.lacking,
    ),
)
