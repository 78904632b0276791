"""Where music may be: the music folder, further folders, disks that were plugged in.

A disk is known by its file system's own id, so that it is the same one wherever it is mounted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MOUNTS = Path("/proc/self/mountinfo")
IDS = Path("/dev/disk/by-uuid")
NETWORKS = frozenset({"cifs", "nfs", "nfs4", "smb3", "fuse.sshfs", "9p"})
"""File systems that tell nothing of changes: they are looked through now and then."""


class Root(NamedTuple):
    """A folder of music and what it is known by."""

    key: str
    """Empty for the music folder."""
    folder: Path


class Mount(NamedTuple):
    """A file system in its place."""

    folder: Path
    device: str
    """`major:minor`."""
    kind: str


def music_roots(
    music_folder: Path,
    folders: tuple[str, ...] = (),
    disks_beneath: tuple[str, ...] = (),
    *,
    mounts: Path = MOUNTS,
    ids: Path = IDS,
) -> list[Root]:
    """Every root that should be there now: the folders of the settings, and the disks found."""
    found = [Root("", music_folder)]
    found += [Root(f"folder:{Path(f).expanduser()}", Path(f).expanduser()) for f in folders]
    taken = {root.folder for root in found}
    known = _ids(ids)
    for mount in read_mounts(mounts):
        beneath = any(mount.folder.is_relative_to(place) for place in map(Path, disks_beneath))
        ours = any(f == mount.folder or f.is_relative_to(mount.folder) for f in taken)
        if beneath and not ours:
            key = known.get(mount.device) or mount.folder.name
            found.append(Root(f"disk:{key}", mount.folder))
            taken.add(mount.folder)
    return found


def read_mounts(mounts: Path = MOUNTS) -> Iterator[Mount]:
    """What is mounted, of proc_pid_mountinfo(5); nothing where there is no such file."""
    try:
        lines = os.fsdecode(mounts.read_bytes()).splitlines()
    except OSError:
        return
    for line in lines:
        before, _, after = line.partition(" - ")
        words, kinds = before.split(" "), after.split(" ")
        if len(words) > 4:  # noqa: PLR2004 - the fifth field is the mount point
            yield Mount(Path(_unescaped(words[4])), words[2], kinds[0])


def is_network(folder: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a folder lies on a network share."""
    holding = [m for m in read_mounts(mounts) if folder.is_relative_to(m.folder)]
    return bool(holding) and max(holding, key=lambda m: len(m.folder.parts)).kind in NETWORKS


def trouble_with(folder: Path) -> str:
    """Why nothing can be read here, and what to do; empty when all is well."""
    if not folder.exists():
        return f"{folder} does not exist: plug in or mount it, or correct it in the settings"
    if not folder.is_dir():
        return f"{folder} is a file: name the folder that it lies in"
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"{folder} may not be read: give this user the right (chmod, or uid= of the mount)"
    return ""


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _ids(folder: Path) -> dict[str, str]:
    """File system id of each block device, by its `major:minor`."""
    found = {}
    try:
        for link in folder.iterdir():
            number = link.stat().st_rdev
            found[f"{os.major(number)}:{os.minor(number)}"] = link.name
    except OSError:
        return found
    return found
