"""A cable is pulled: core in a network of its own (network_namespaces(7)), joined by one link."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from bench.faults.fault import Fault
from bench.faults.house import House
from bench.faults.network import MOODS
from contracts.messages import Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.faults.fault import Ground, Trial

IP = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
OURS, THEIRS = "198.18.77.1", "198.18.77.2"
"""Of the block that is for trying networks (RFC 2544): nobody's home has it."""
CLONE_NEWNET = 0x40000000


class Cable:
    """A network namespace and the virtual cable into it."""

    def __init__(self) -> None:
        mark = os.getpid() % 100_000
        self.name, self._near, self._far = f"mlfym{mark}", f"mlfn{mark}", f"mlff{mark}"

    def __enter__(self) -> Self:
        _ip("netns", "add", self.name)
        _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far)
        _ip("link", "set", self._far, "netns", self.name)
        _ip("addr", "add", f"{OURS}/30", "dev", self._near)
        _ip("-n", self.name, "addr", "add", f"{THEIRS}/30", "dev", self._far)
        _ip("-n", self.name, "link", "set", "lo", "up")
        _ip("-n", self.name, "link", "set", self._far, "up")
        self.plug()
        return self

    def __exit__(self, *_error: object) -> None:
        _ip("link", "del", self._near)
        _ip("netns", "del", self.name)

    def plug(self) -> None:
        """Join both ends."""
        _ip("link", "set", self._near, "up")

    def pull(self) -> None:
        """Nothing gets through, and the far end is told nothing but that no carrier is there."""
        _ip("link", "set", self._near, "down")


def _ip(*words: str) -> None:
    subprocess.run([IP, *words], check=True, capture_output=True)


def pulled_cable(ground: Ground) -> Iterator[Trial]:
    """The cable is out until the connection is given up, then in again."""
    moods = iter(MOODS * ground.times)

    def inject(house: House) -> None:
        cable.pull()
        house.ask_for(next(moods))
        house.until(lambda s: s.state.tier is not Tier.SERVER, "a lower tier")
        house.like()
        house.until(lambda s: not s.server_online, "the connection to be given up")
        house.like()
        cable.plug()

    with Cable() as cable:
        house = House(ground, core_network=(cable.name, OURS))
        with house:
            yield from house.play_out(ground, inject)


def lacking() -> str:
    """Why there can be no network of its own here."""
    if not IP:
        return "ip (iproute2) is not installed"
    try:
        with Cable():
            return ""
    except (OSError, subprocess.CalledProcessError):
        return "this user may make no network namespaces"


def main() -> None:
    """`python -m bench.faults.netns NAME WORDS…`: run python with these words in a namespace."""
    name, *words = sys.argv[1:]
    with open(f"/run/netns/{name}", "rb") as namespace:  # noqa: PTH123 - its descriptor is wanted
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
    os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 - the same python


FAULTS = (
    Fault(
        "pulled-cable",
        "a network namespace's cable pulled until given up",
        pulled_cable,
        times=3,
        lacking=lacking,
    ),
)

if __name__ == "__main__":
    main()
