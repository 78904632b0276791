"""A program that keeps things for ever, until its power goes; tells what it was promised.

`python -m bench.power_cut.writer STORE FOLDER FIRST` prints what it finds (`found`, JSON), and then
a line whenever the store has said that a thing is kept: `kept NUMBER`, `whole NUMBER`.
"""

from __future__ import annotations

import random
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from contracts.messages import LISTENER_DEVICE, Interaction, InteractionKind
from contracts.track import Track, TrackId
from contracts.whole_file import write_whole
from device import opinions
from device.store import Entry, Store
from recommender_server.storage import LibraryRow
from recommender_server.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WHOLE = "whole"
REPEATED = 2000
"""A whole file is its number so many times: half of one shows."""
SESSION_CHARACTERS = 20_000


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What there is when the power is back."""

    numbers: tuple[int, ...] = ()
    """Of the interactions."""
    whole: int = -1
    """Of the file that is replaced whole; -1: there is none yet."""
    wrong: str = ""
    """What is damaged; empty when nothing is."""


class Keeps(Protocol):
    """A store that is tried."""

    def found(self) -> Found:
        """What is there."""

    def keep(self, number: int) -> None:
        """Keep an interaction; it is on the disk when this returns."""

    def work(self, number: int) -> None:
        """Whatever else such a store is written with."""


def interaction(number: int) -> Interaction:
    """The interaction with this number."""
    return Interaction(
        id=f"life-{number}",
        track=track(number % 50).id,
        kind=InteractionKind.COMPLETED,
        at_unix_seconds=1e9 + number,
    )


def track(number: int) -> Track:
    """The track with this number."""
    return Track(id=TrackId(f"{number:016x}"), title=f"Song {number}", artist="Somebody")


class DeviceKeeps:
    """The store of a device, with the rest that core writes into it."""

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder / "device.sqlite")
        self._random = random.Random(1)

    def found(self) -> Found:
        """As `Keeps` says; an interaction that cannot be read is damage."""
        told = [str(row[0]) for row in self._store.rows("PRAGMA integrity_check")]
        numbers = tuple(int(one.id.partition("-")[2]) for one in self._store.history())
        self._store.entries()
        return Found(numbers=numbers, wrong="" if told == ["ok"] else "; ".join(told))

    def keep(self, number: int) -> None:
        """As `Keeps` says."""
        self._store.remember(interaction(number))

    def work(self, number: int) -> None:
        """Sessions, acknowledgements, packs, a scan, likes: as often as in a busy minute."""
        if number % 3 == 0:
            self._store.put("session", "x" * self._random.randrange(SESSION_CHARACTERS))
        if number % 7 == 0:
            self._store.forget(f"life-{n}" for n in range(number - 9, number))
        if number % 11 == 0:
            self._store.save_pack("library", self._random.randbytes(200_000))
        if number % 13 == 0:
            self._store.upsert(
                Entry(track=track(n), path=Path(f"/music/{n}.ogg"), mtime_ns=number, size=n)
                for n in range(50)
            )
        if number % 17 == 0:
            opinions.judge(self._store, track(number % 50).id, opinions.LIKED)


class ServerKeeps:
    """The store of the recommender server."""

    def __init__(self, folder: Path) -> None:
        self._store = open_store(folder)

    def found(self) -> Found:
        """As `Keeps` says."""
        told = [str(row[0]) for row in self._store.connection.execute("PRAGMA integrity_check")]
        deeds = self._store.deeds("kitchen", LISTENER_DEVICE)
        numbers = tuple(int(one.at_unix_seconds - 1e9) for one in deeds)
        return Found(numbers=numbers, wrong="" if told == ["ok"] else "; ".join(told))

    def keep(self, number: int) -> None:
        """As `Keeps` says."""
        with self._store.writing():
            self._store.add_interactions("kitchen", [interaction(number)])

    def work(self, number: int) -> None:
        """Libraries in chunks, and whole."""
        if number % 5 == 0:
            with self._store.writing():
                item = self._store.add_item(f"Song {number}", "Somebody")
                self._store.add_keys(item, [f"name:{number}"])
                rows = [LibraryRow(track(n), item) for n in range(50)]
                self._store.commit_library("kitchen", f"hash{number}", rows, kept=3)


class CarelessKeeps:
    """What a program does that waits for no disk: it shows that the cuts are real."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / "careless").open("a+b")

    def found(self) -> Found:
        """As `Keeps` says."""
        self._file.seek(0)
        try:
            return Found(numbers=tuple(int(line) for line in self._file))
        except ValueError as error:
            return Found(wrong=str(error))

    def keep(self, number: int) -> None:
        """As `Keeps` does not say."""
        self._file.write(b"%d\n" % number)
        self._file.flush()

    def work(self, number: int) -> None:
        """Nothing else."""


STORES: dict[str, Callable[[Path], Keeps]] = {
    "device": DeviceKeeps,
    "server": ServerKeeps,
    "careless": CarelessKeeps,
}


def whole_number(folder: Path) -> int:
    """Number of the file that is replaced whole; -1 when there is none.

    Raises:
        ValueError: it is half of one.

    """
    try:
        words = (folder / WHOLE).read_text("ascii").split()
    except FileNotFoundError:
        return -1
    if len(words) != REPEATED or len(set(words)) != 1:
        msg = f"{WHOLE} holds {len(words)} numbers, {len(set(words))} of them different"
        raise ValueError(msg)
    return int(words[0])


def deeds(store: Keeps, folder: Path, first: int) -> Iterator[str]:
    """Keep things for ever; yields a line whenever one is promised to be kept."""
    for number in count(first):
        store.keep(number)
        yield f"kept {number}"
        store.work(number)
        if number % 4 == 0:
            write_whole(folder / WHOLE, f"{number}\n".encode() * REPEATED)
            yield f"whole {number}"


def main(kind: str, folder: Path, first: int) -> None:
    """Tell what is found, then keep things until somebody ends it."""
    store = STORES[kind](folder)
    found = store.found()
    try:
        found = msgspec.structs.replace(found, whole=whole_number(folder))
    except ValueError as error:
        found = msgspec.structs.replace(found, wrong=str(error))
    _say(f"found {msgspec.json.encode(found).decode()}")
    for line in deeds(store, folder, first):
        _say(line)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
