"""A card whose file system the kernel makes read-only, as it does when one begins to die.

Nobody can remount a file system read-only while a program has a file of it open for writing: the
kernel says it is busy. What happens to an appliance is another thing: ext4 meets an error, ends its
journal and refuses every write from then on, under the feet of whoever writes. The kernel itself is
asked to meet one (trigger_fs_error, Documentation/ABI/testing/sysfs-fs-ext4). There is no way back
but to unmount, let e2fsck replay the journal, and mount again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CARD_BYTES = 48 * 2**20
PROGRAMS = ("mount", "umount", "mkfs.ext4", "e2fsck")
CORRECTED = 1
"""e2fsck has replayed the journal, or mended what the error left (its man page)."""


class CardError(OSError):
    """The card cannot be made, broken or mended here; says what failed."""


def lacking() -> str:
    """Why there can be no such card here; empty when there can."""
    if os.geteuid():
        return "only root may make loop devices and mount them"
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    missing += [] if Path("/dev/loop-control").exists() else ["/dev/loop-control"]
    return f"{', '.join(missing)} is not there" if missing else ""


class Card:
    """An ext4 in a file, mounted at a place.

    Args:
        place: an empty folder.
        images: a folder for the file, and for each that comes after it was mended.

    """

    def __init__(self, place: Path, images: Path) -> None:
        self.place, self._images, self._number = place, images, 0
        images.mkdir(parents=True, exist_ok=True)
        self._image.write_bytes(bytes(CARD_BYTES))
        _do("mkfs.ext4", "-q", "-F", str(self._image))
        self._mount()

    @property
    def _image(self) -> Path:
        return self._images / f"card-{self._number}"

    def fail(self) -> None:
        """The kernel meets an error: from now on every write is refused."""
        device = self.place.stat().st_dev
        block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
        Path(f"/sys/fs/ext4/{block}/trigger_fs_error").write_text("1", encoding="ascii")
        with contextlib.suppress(OSError):
            (self.place / "probe").touch()
            msg = f"{self.place} can be written all the same"
            raise CardError(msg)

    def remount_read_only(self) -> None:
        """As a person would.

        Raises:
            CardError: somebody has a file of it open for writing.

        """
        _do("mount", "-o", "remount,ro", str(self.place))

    def mend(self) -> None:
        """Unmount it, replay its journal, and mount it again where it was."""
        copy = self._images / f"card-{self._number + 1}"
        # What the kernel still holds of the first must not come between.
        shutil.copyfile(self._image, copy)
        self.unmount()
        self._number += 1
        done = _done("e2fsck", "-fp", str(copy))
        if done.returncode > CORRECTED:
            msg = f"e2fsck: {done.stdout.strip()}"
            raise CardError(msg)
        self._mount()

    def unmount(self) -> None:
        """Take it out; who has a file of it open keeps that."""
        _do("umount", "--lazy", str(self.place))

    def _mount(self) -> None:
        options = "loop,noatime,errors=remount-ro"
        _do("mount", "-t", "ext4", "-o", options, str(self._image), str(self.place))


@contextlib.contextmanager
def card(place: Path, images: Path) -> Iterator[Card]:
    """A card at this place; taken out in the end."""
    place.mkdir(parents=True, exist_ok=True)
    made = Card(place, images)
    try:
        yield made
    finally:
        made.unmount()


def _done(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _do(*command: str) -> None:
    done = _done(*command)
    if done.returncode:
        msg = f"{' '.join(command)}: {done.stderr.strip() or done.returncode}"
        raise CardError(msg)
