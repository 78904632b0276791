"""Disks that come and go, pictures, listening, and the sandbox that all of it is read in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.track import Track, TrackId
from device.analysis.artwork import SIDE, small_jpeg
from device.analysis.tags import UnreadableFileError
from device.analysis.wire import FileArtwork, FileSound
from device.music.artwork import Artwork
from device.music.catalogue import KEPT_SECONDS, Catalogue
from device.music.library import scan
from device.music.listening import listen
from device.music.roots import Root, music_roots, trouble_with
from device.music.tag_reader import TagReader
from device.store import Entry, Store
from tests.test_library_scan import write_wav

A = TrackId("a" * 16)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.sqlite")
    yield store
    store.close()


def png(width: int, height: int) -> bytes:
    return cv2.imencode(".png", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def add(store: Store, path: Path, track: Track | None = None) -> None:
    store.upsert([Entry(track=track or Track(id=A, title="t"), path=path, mtime_ns=1, size=1)])


def test_disks_are_found_in_the_table_of_mounts(tmp_path: Path) -> None:
    """Beneath the folders of the settings only; a name with a blank; not the music folder twice."""
    table = tmp_path / "mountinfo"
    table.write_text(
        "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "21 20 8:17 / /media/pi/MY\\040STICK rw - vfat /dev/sdb1 rw\n"
        "22 20 8:33 / /media/pi/music rw - ext4 /dev/sdc1 rw\n"
        "23 20 8:49 / /srv/other rw - ext4 /dev/sdd1 rw\n"
    )
    music = Path("/media/pi/music/all")
    roots = music_roots(music, (), ("/media",), mounts=table, ids=tmp_path / "none")
    assert roots == [Root("", music), Root("disk:MY STICK", Path("/media/pi/MY STICK"))]
    assert music_roots(music, ("/srv/nas",), (), mounts=table)[1].key == "folder:/srv/nas"


def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path) -> None:
    """Not there, a file, and nothing at all."""
    (tmp_path / "file").touch()
    assert "mount it" in trouble_with(tmp_path / "gone")
    assert "is a file" in trouble_with(tmp_path / "file")
    assert trouble_with(tmp_path) == ""


class _Silent:
    """Knows no tags and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def listen(self, path: Path) -> FileSound:
        self.asked += 1
        return FileSound(path=str(path), valence=0.2, arousal=-0.3, gain_db=-4.5, bpm=90.0)


def test_a_file_is_listened_to_once_whatever_it_is_called(tmp_path: Path, store: Store) -> None:
    """Its tags go before its sound; another name for the same content costs no listening."""
    add(store, write_wav(tmp_path / "a.wav"), Track(id=A, title="t", bpm=120.0))
    catalogue, listener = Catalogue(store), _Silent()
    assert listen(catalogue, listener, lambda: False, lambda: None) == 1
    known = store.tracks()[A]
    assert (known.bpm, known.gain_db, known.valence, known.arousal) == (120.0, -4.5, 0.2, -0.3)
    add(store, (tmp_path / "a.wav").rename(tmp_path / "b.wav"))
    assert listen(catalogue, listener, lambda: False, lambda: None) == 1
    assert (listener.asked, store.tracks()[A].gain_db) == (1, -4.5)


def test_a_file_whose_disk_is_away_waits(tmp_path: Path, store: Store) -> None:
    """Listening ends, and the file is still to be listened to."""
    add(store, tmp_path / "gone.wav")
    assert listen(Catalogue(store), _Silent(), lambda: False, lambda: None) == 0
    assert Catalogue(store).count_unheard() == 1


def test_what_is_missing_is_forgotten_after_three_months(tmp_path: Path, store: Store) -> None:
    """Not a day earlier."""
    add(store, tmp_path / "a.wav")
    catalogue = Catalogue(store)
    catalogue.miss([A], 1000.0)
    assert (store.tracks(), catalogue.forget(999 + KEPT_SECONDS)) == ({}, 0)
    assert catalogue.forget(1001 + KEPT_SECONDS) == 1


def test_pictures_are_made_small_and_bombs_are_refused() -> None:
    """512 pixels at most; a header that promises gigapixels is not decoded."""
    assert cv2.imdecode(np.frombuffer(small_jpeg(png(1024, 256)), np.uint8), 1).shape == (
        SIDE // 4,
        SIDE,
        3,
    )
    bomb = png(8, 8)
    bomb = bomb[:16] + (60_000).to_bytes(4, "big") * 2 + bomb[24:]
    with pytest.raises(UnreadableFileError, match="pixels"):
        small_jpeg(bomb)


class _Painter:
    """Makes pictures of a hundred bytes."""

    made = 0

    def artwork(self, path: Path) -> FileArtwork:
        _Painter.made += 1
        return FileArtwork(path=str(path), jpeg=bytes(100))

    def close(self) -> None:
        """Nothing runs."""


def test_pictures_are_made_once_and_kept_within_bounds(tmp_path: Path, store: Store) -> None:
    """Three of a hundred bytes do not stay in 250."""
    _Painter.made = 0
    ids = [TrackId(c * 16) for c in "abc"]
    for i in ids:
        add(store, tmp_path / i, Track(id=i, title="t", artwork="e" + i))
    artwork = Artwork(tmp_path / "art", Catalogue(store), _Painter, max_bytes=250)
    assert [artwork.artwork(i) for i in (*ids, ids[2])] == [bytes(100)] * 4
    assert _Painter.made == 3
    assert len(list((tmp_path / "art").glob("*.jpg"))) == 2
    assert artwork.artwork(TrackId("f" * 16)) is None


def test_the_picture_beside_the_music_is_found(tmp_path: Path, store: Store) -> None:
    """A cover added later is seen without reading the music again; core gets a JPEG of it."""
    folder = tmp_path / "music"
    write_wav(folder / "a.wav")
    reader = TagReader()
    try:
        (track,) = scan(folder, store, reader).tracks
        assert store.tracks()[track].artwork == ""
        (folder / "Cover.png").write_bytes(png(700, 700))
        assert scan(folder, store, reader).read == 0
        assert store.tracks()[track].artwork.startswith("f")
        jpeg = Artwork(tmp_path / "art", Catalogue(store), TagReader).artwork(track)
    finally:
        reader.close()
    assert jpeg is not None
    assert jpeg.startswith(b"\xff\xd8")


LOCKED = """
import os, socket, sys, threading
import numpy
from device.analysis.sandbox import restrict
locks, _ = restrict()
def refused(act):
    try:
        act()
    except OSError:
        return True
    return False
tries = [
    lambda: os.fork(),
    lambda: os.execv("/bin/true", ["true"]),
    lambda: socket.socket(),
    lambda: open(sys.argv[1] + "/new", "wb"),
    lambda: os.unlink(sys.argv[1] + "/secret"),
    lambda: os.kill(os.getppid(), 0),
]
if "reads its own program only" in locks:
    tries.append(lambda: open(sys.argv[1] + "/secret", "rb"))
print([refused(act) for act in tries])
thread = threading.Thread(target=print, args=["threads live"])
thread.start(); thread.join()
"""


def test_the_sandbox_refuses_what_a_hijacked_reader_would_try(tmp_path: Path) -> None:
    """No process, program, socket, writing, deleting, signal or reading; threads it may have."""
    (tmp_path / "secret").write_text("x")
    done = subprocess.run(
        [sys.executable, "-c", LOCKED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "False" not in done.stdout, done.stdout
    assert "threads live" in done.stdout, done.stderr
    assert (tmp_path / "secret").exists()
