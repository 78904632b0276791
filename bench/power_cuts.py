"""Cut the power of a store's disk again and again: what was promised, what was lost.

A real ext4 lies on a loop device over a disk in memory that keeps only what was flushed, and of
the rest whatever sectors chance leaves. It needs root on Linux with FUSE and loop devices; all of
it happens in a mount namespace of its own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench.power_cut.lives import Cut

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
STORES = ("device", "server")
PROGRAMS = ("unshare", "mount", "umount", "mkfs.ext4", "e2fsck")
NEEDED = ("/dev/fuse", "/dev/loop-control")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a store."""

    store: str
    injected: int
    survived: int
    promised: int
    lost: int
    seconds: float
    """As long as it took."""
    wrong: tuple[str, ...] = ()


def lacking() -> str:
    """Why power cannot be cut here; empty when it can."""
    if os.geteuid():
        return "only root may make loop devices and mount them"
    missing = [p for p in NEEDED if not Path(p).exists()]
    missing += [p for p in PROGRAMS if not shutil.which(p)]
    return f"{', '.join(missing)} is not there" if missing else ""


def cut(store: str, cuts: int, seed: int = 0) -> Iterator[Cut]:
    """Cut the power of a store so often.

    Args:
        store: `device`, `server`, or `careless`, which flushes nothing.
        cuts: how often.
        seed: of chance.

    Raises:
        OSError: it could not be done to the end; the message says what failed.

    """
    # The namespace takes every mount with it, however this ends.
    command = ["unshare", "--mount", "--propagation", "private", sys.executable]
    with tempfile.TemporaryDirectory(prefix="mlfym-power-") as folder:
        told = (store, str(cuts), str(seed), folder)
        command += ["-m", "bench.power_cut.lives", *told]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as lives:
            try:
                for line in lives.stdout or ():
                    yield msgspec.json.decode(line, type=Cut)
            finally:
                lives.terminate()
        if lives.returncode:
            msg = f"the power could not be cut {cuts} times: exit status {lives.returncode}"
            raise OSError(msg)


def outcome(store: str, cuts: int, seed: int = 0) -> Outcome:
    """Cut the power of a store so often, and count.

    Raises:
        OSError: it could not be done to the end.

    """
    began = time.monotonic()
    done = list(cut(store, cuts, seed))
    return Outcome(
        store=store,
        injected=len(done),
        survived=sum(not one.wrong and not one.lost for one in done),
        promised=done[-1].promised if done else 0,
        lost=sum(one.lost for one in done),
        seconds=round(time.monotonic() - began, 1),
        wrong=tuple(one.wrong for one in done if one.wrong),
    )


def run(arguments: list[str]) -> int:
    """Print an outcome a store as JSON; 1 when anything was lost or damaged."""
    parser = argparse.ArgumentParser(prog="mlfym bench power-cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=100, help="of each store")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", choices=[*STORES, "careless"], action="append")
    options = parser.parse_args(arguments)
    if why := lacking():
        sys.stderr.write(f"the power cannot be cut here: {why}\n")
        return 1
    outcomes = [outcome(store, options.cuts, options.seed) for store in options.store or STORES]
    sys.stdout.write(f"{msgspec.json.format(msgspec.json.encode(outcomes), indent=1).decode()}\n")
    return int(any(one.survived < one.injected for one in outcomes))
