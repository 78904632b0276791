"""The files of a folder of music: those that can be played, those that cannot, and pictures."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from contracts.library import path_id
from contracts.track import TrackId
from device.music.sound import PLAYABLE

log = logging.getLogger(__name__)

UNPLAYABLE = frozenset({".m4p", ".aax", ".ra", ".mid", ".midi"})
COVERS = ("cover", "folder", "front", "albumart", "album")
"""Names of pictures that stand for the music beside them, the first that is there."""
COVER_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
UPLOADS = "Uploads"
"""The folder in the music that people send files into: its name is nobody's artist."""
EMBEDDED, BESIDE = "e", "f"
"""How names of pictures begin: in the music file, a file in its folder."""


class LibraryError(RuntimeError):
    """The music folder itself cannot be read."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A file that looks like music."""

    id: TrackId
    path: Path
    mtime_ns: int
    size: int
    artwork: str = ""
    """Name of the picture beside it; empty when there is none."""


def track_id(folder: Path, path: Path, root: str = "") -> TrackId:
    """16 hex digits of the path within its root, so that the root may move.

    `root` is the key of a disk or further folder; empty for the music folder.
    """
    relative = os.fsencode(path.relative_to(folder))
    return path_id(os.fsencode(root) + b"\0" + relative if root else relative)


def find_music(folder: Path, unread: list[Path], root: str = "") -> Iterator[Found]:
    """Files by their names' endings, through links too; each real folder once.

    Folders that cannot be read are added to `unread`.

    Raises:
        LibraryError: the music folder itself is one of those.

    """
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            status = current.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(current) as listing:
                children = sorted(listing, key=lambda child: child.name)
        except OSError as error:
            if current == folder:
                msg = f"{folder}: {error.strerror}: plug in or mount it, or set music_folder"
                raise LibraryError(msg) from error
            log.warning("%s cannot be read: %s", shown(str(current)), error.strerror)
            unread.append(current)
            continue
        children = [child for child in children if not child.name.startswith(".")]
        artwork = _cover(children)
        for child in children:
            if Path(child.name).suffix.lower() in PLAYABLE | UNPLAYABLE and not _is_folder(child):
                yield from _found(folder, child, artwork, root)
            elif _is_folder(child):
                waiting.append(Path(child.path))


def _cover(children: Iterable[os.DirEntry[str]]) -> str:
    """Name of the picture that stands for this folder's music, of its path, time and size."""
    picture = _cover_among(Path(child.path) for child in children)
    try:
        status = picture.stat() if picture else None
    except OSError:
        return ""
    if not picture or not status:
        return ""
    told = f"{status.st_mtime_ns} {status.st_size} ".encode() + os.fsencode(picture)
    return BESIDE + hashlib.blake2b(told, digest_size=16).hexdigest()


def cover_beside(music: Path) -> Path | None:
    """The picture that stands for the folder of a music file; None when there is none."""
    try:
        return _cover_among(music.parent.iterdir())
    except OSError:
        return None


def _cover_among(files: Iterable[Path]) -> Path | None:
    pictures = {f.stem.lower(): f for f in files if f.suffix.lower() in COVER_ENDINGS}
    return next((pictures[stem] for stem in COVERS if stem in pictures), None)


def _is_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _found(folder: Path, child: os.DirEntry[str], artwork: str, root: str) -> Iterator[Found]:
    try:
        status = child.stat()
    except OSError:  # a dangling link, or deleted since it was listed
        return
    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
        return
    path = Path(child.path)
    yield Found(
        id=track_id(folder, path, root),
        path=path,
        mtime_ns=status.st_mtime_ns,
        size=status.st_size,
        artwork=artwork,
    )


def shown(name: str) -> str:
    """A name as text that may go into JSON: bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")
