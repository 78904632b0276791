"""What a version has other programs of the system read (polkit, dnsmasq, mosquitto) comes with it.

What was there before is kept in one file, written whole: after a power cut either all of it is
kept or nothing was touched.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from cli.appliance.roles import Part
from cli.appliance.system_files import system_files
from cli.updating.layout import Layout
from cli.updating.preparing import After
from contracts.whole_file import sync, write_whole

STORE = "system_files.json"


class BroughtFiles:
    """Brings and takes back a version's files.

    Args:
        layout: of the appliance.
        parts: of a version that this appliance has.

    """

    def __init__(self, layout: Layout, parts: Callable[[str], tuple[Part, ...]]) -> None:
        self._layout, self._parts = layout, parts
        self._store = layout.kept / STORE

    def bring(self, former: str, version: str, after: After) -> None:
        """Write a version's; what was there is kept until `forget`.

        Raises:
            OSError: one cannot be read or written.

        """
        root = self._layout.root
        files = system_files(self._layout.app(version), self._parts(version))
        keep(root, files.keys() | self._of(former).keys(), self._store)
        after("files kept")
        write_all(root, {place: text.encode() for place, text in files.items()})
        after("files written")

    def bring_back(self) -> None:
        """As it was before `bring`, byte for byte; nothing when that kept nothing."""
        bring_back(self._layout.root, self._store)

    def drop(self, gone: str, stays: str) -> None:
        """Take away what only the version that goes knows."""
        remove_all(self._layout.root, self._of(gone).keys() - self._of(stays).keys())

    def readers(self, version: str, other: str) -> list[str]:
        """The system's services that have to start anew between these two versions."""
        files, others = self._of(version), self._of(other)
        parts = (*self._parts(version), *self._parts(other))
        changed = [
            part for part in parts if any(files.get(p) != others.get(p) for _, p in part.files)
        ]
        return list(dict.fromkeys(name for part in changed for name in part.restarts))

    def forget(self) -> None:
        """What was kept must never come back in a later update."""
        self._store.unlink(missing_ok=True)

    def _of(self, version: str) -> dict[str, str]:
        try:
            return system_files(self._layout.app(version), self._parts(version))
        except OSError:  # half gone: it has nothing to bring
            return {}


def keep(root: Path, places: Iterable[str], store: Path) -> None:
    """Write down what is at these places.

    Args:
        root: of the system.
        places: paths beneath it, whether there is a file or not.
        store: a file that is not there yet.

    """
    found = {place: _read(root / place) for place in sorted(places)}
    store.parent.mkdir(parents=True, exist_ok=True)
    write_whole(store, json.dumps(found).encode(), mode=0o600)


def write_all(root: Path, files: dict[str, bytes]) -> None:
    """Write each of these, by its path beneath the root, unless it is there as it would be."""
    for place, content in files.items():
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if _read(path) != _packed(content):
            write_whole(path, content, mode=0o644)


def remove_all(root: Path, places: Iterable[str]) -> None:
    """Take away what is at these places."""
    for place in places:
        path = root / place
        if path.is_file():
            path.unlink()
            sync(path.parent)


def bring_back(root: Path, store: Path) -> None:
    """Put everything back as `keep` found it; nothing when it kept nothing. Can be repeated."""
    try:
        kept: dict[str, str | None] = json.loads(store.read_bytes())
    except FileNotFoundError:
        return
    remove_all(root, [place for place, content in kept.items() if content is None])
    there = {place: content for place, content in kept.items() if content is not None}
    write_all(root, {place: base64.b64decode(content) for place, content in there.items()})


def _read(path: Path) -> str | None:
    return _packed(path.read_bytes()) if path.is_file() else None


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()
