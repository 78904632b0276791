"""A store on ext4 on a disk that loses its power again and again, each time with what was left.

`python -m bench.power_cut.lives KIND CUTS SEED FOLDER`, in a mount namespace of its own, prints a
JSON line a cut. The file system is recovered as at a boot: by e2fsck, or by the kernel's mount.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import msgspec

from bench.power_cut.fuse_file import FuseFile
from bench.power_cut.volatile_disk import VolatileDisk
from bench.power_cut.writer import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DISK_BYTES = 32 * 2**20
MOST_KEPT, MOST_WRITES = 25, 60
"""The power goes after up to so many things were kept, and so many writes of blocks more."""
LOOK_SECONDS = 0.5
CORRECTED = 1
"""e2fsck has replayed the journal, or less (its man page)."""


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """One power cut, and what was there afterwards."""

    number: int
    promised: int
    """Interactions that were promised to be kept, over all lives so far."""
    lost: int = 0
    """Of them, not there; and whole files that were older than promised."""
    wrong: str = ""
    """What was damaged, of the file system or of the store."""


class Promises:
    """What the store has said is kept."""

    def __init__(self) -> None:
        self.kept: set[int] = set()
        self.whole = -1
        self.first = 0
        """What the next life begins with: above all that was ever tried."""

    def hear(self, line: str) -> None:
        """Take in a line of the writer."""
        word, _, number = line.partition(" ")
        if word == "kept":
            self.kept.add(int(number))
            self.first = int(number) + 2  # one more may have been under way
        elif word == "whole":
            self.whole = int(number)

    def broken(self, found: Found) -> int:
        """How many promises what is found breaks; what is found is what holds from now on."""
        numbers = set(found.numbers)
        lost = len(self.kept - numbers) + (found.whole < self.whole)
        self.kept, self.whole = numbers, found.whole
        self.first = max([self.first, *(n + 1 for n in numbers)])
        return lost


def lives(kind: str, cuts: int, random: Random, folder: Path) -> Iterator[Cut]:
    """Cut the power so often; one line each, told when the life after it has looked.

    Raises:
        OSError: FUSE, a loop device or ext4 cannot be had here.

    """
    image, promises, wrong = folder / "image", Promises(), ""
    make_file_system(image)
    for number in range(cuts + 1):
        disk = VolatileDisk(image.read_bytes(), random)
        with running(kind, disk, folder, promises.first) as writer:
            found = _found(writer)
            promised = len(promises.kept)
            lost = promises.broken(found)
            if number:
                wrong = "; ".join(filter(None, (wrong, found.wrong)))
                yield Cut(number=number, promised=promised, lost=lost, wrong=wrong)
            _live(writer, disk, random, promises)
        image.write_bytes(disk.left())
        wrong = recovered(image, by_kernel=number % 2 == 1)


def _live(
    writer: subprocess.Popen[str], disk: VolatileDisk, random: Random, promises: Promises
) -> None:
    """Let it write until the power goes; what it is promised before that counts."""
    assert writer.stdout  # noqa: S101 - told to the type checker
    for _ in range(random.randrange(MOST_KEPT)):
        promises.hear(writer.stdout.readline())
    disk.cut_power(after=random.choice((0, random.randrange(MOST_WRITES))))
    while not disk.cut.wait(LOOK_SECONDS):
        if writer.poll() is not None:  # nobody writes any more
            disk.cut_power()


def _found(writer: subprocess.Popen[str]) -> Found:
    assert writer.stdout  # noqa: S101 - told to the type checker
    word, _, found = writer.stdout.readline().partition(" ")
    if word != "found":
        writer.wait()
        return Found(wrong=f"the store does not open any more, status {writer.returncode}")
    return msgspec.json.decode(found, type=Found)


@contextmanager
def mounted(disk: VolatileDisk, folder: Path) -> Iterator[Path]:
    """The disk's ext4, as the system sees it."""
    with ExitStack() as stack:
        beneath, place = folder / "beneath", folder / "mounted"
        beneath.mkdir(exist_ok=True)
        place.mkdir(exist_ok=True)
        file = FuseFile(disk, beneath)
        stack.callback(file.end)
        _do("mount", "-t", "ext4", "-o", "loop,noatime", str(file.path), str(place))
        stack.callback(_do, "umount", str(place))
        yield place


@contextmanager
def running(
    kind: str, disk: VolatileDisk, folder: Path, first: int
) -> Iterator[subprocess.Popen[str]]:
    """The writer at work on the disk; killed at the end."""
    with mounted(disk, folder) as place:
        command = [sys.executable, "-m", "bench.power_cut.writer", kind, str(place), str(first)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            yield writer
            writer.kill()


def recovered(image: Path, *, by_kernel: bool) -> str:
    """What is wrong with a file system beyond what its journal mends, as e2fsck says; or nothing.

    It is recovered, unless the kernel will do that.
    """
    copy = image.with_name("copy")
    copy.write_bytes(image.read_bytes())
    for options, most in (("-fp", CORRECTED), ("-fn", 0)):
        done = _done("e2fsck", options, str(copy))
        if done.returncode > most:
            return f"e2fsck {options}: {done.stdout.strip()}"
    if not by_kernel:
        copy.replace(image)
    return ""


def make_file_system(image: Path) -> None:
    """A file with an empty ext4 in it.

    Raises:
        OSError: mkfs.ext4 fails.

    """
    image.write_bytes(bytes(DISK_BYTES))
    # As on a card: blocks of 4 KiB, journal, and no work left for later.
    _do("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0", str(image))


def _do(*command: str) -> None:
    done = _done(*command)
    if done.returncode:
        msg = f"{' '.join(command)}: {done.stderr.strip() or done.returncode}"
        raise OSError(msg)


def _done(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    for one in lives(sys.argv[1], int(sys.argv[2]), Random(int(sys.argv[3])), Path(sys.argv[4])):
        sys.stdout.write(f"{msgspec.json.encode(one).decode()}\n")
        sys.stdout.flush()
