"""Music that people send: names, bounds, and nothing left behind by what goes wrong."""

from __future__ import annotations

import errno
import io
import os
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.music.files import UPLOADS, find_music, track_id
from device.music.library import scan
from device.music.sound import PLAYABLE
from device.music.tag_reader import TagReader
from device.music.upload_name import clean_name, numbered
from device.music.upload_refusal import Trouble, UploadRefusedError
from device.music.uploads import PART, Uploads
from device.music.watching import _is_shown
from device.store import Store

PATIENCE_SECONDS = 30.0
READER = TagReader()
"""One program for all files, as while several come at once."""


@pytest.fixture(scope="module", autouse=True)
def _reader() -> Iterator[None]:
    yield
    READER.close()


def music(seconds: float = 0.1, level: int = 0) -> bytes:
    """A WAV file that can be played."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(level.to_bytes(2, "little") * int(8000 * seconds))
    return content.getvalue()


def made(folder: Path, **changes: object) -> Uploads:
    bounds = {"most_bytes": 200_000, "spare_bytes": 1000, "reader": lambda: READER} | changes
    return Uploads(folder, **bounds)  # type: ignore[arg-type] # named by the test


def left_in(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / UPLOADS).iterdir())


def test_a_file_is_there_under_its_name_and_nothing_else(tmp_path: Path) -> None:
    """What was sent, byte by byte; the id is the one that a scan gives."""
    uploads = made(tmp_path)
    incoming = uploads.begin("노래.wav", 0)
    for piece in (music()[:100], music()[100:]):
        incoming.write(piece)
    stored = incoming.finish()
    incoming.discard()
    assert left_in(tmp_path) == ["노래.wav"]
    file = tmp_path / UPLOADS / stored.name
    assert file.read_bytes() == music()
    assert stored.id == track_id(tmp_path, file)
    assert (stored.title, stored.again) == ("노래", False)


def test_while_it_comes_no_scan_sees_it(tmp_path: Path) -> None:
    """Its name is hidden until it is whole."""
    uploads = made(tmp_path)
    incoming = uploads.begin("a.wav", 0)
    incoming.write(music())
    assert len(left_in(tmp_path)) == 1
    assert list(find_music(tmp_path, [])) == []
    incoming.discard()
    assert left_in(tmp_path) == []


def sent(uploads: Uploads, name: str, content: bytes) -> str:
    incoming = uploads.begin(name, len(content))
    try:
        incoming.write(content)
        return incoming.finish().name
    finally:
        incoming.discard()


def test_another_song_of_the_same_name_gets_a_number(tmp_path: Path) -> None:
    """The same song again does not; what is there is never overwritten."""
    uploads = made(tmp_path)
    first, second = music(level=1), music(level=2)
    assert [sent(uploads, "a.wav", content) for content in (first, second, first, second)] == [
        "a.wav",
        "a (2).wav",
        "a.wav",
        "a (2).wav",
    ]
    assert left_in(tmp_path) == ["a (2).wav", "a.wav"]
    assert (tmp_path / UPLOADS / "a.wav").read_bytes() == first


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "a.mp3"), (b"\x89PNG\r\n\x1a\n" + bytes(500), "a.mp3"), (b"#!/bin/sh\n" * 90, "a.flac")],
)
def test_what_is_no_music_is_refused_and_gone(tmp_path: Path, content: bytes, name: str) -> None:
    """The reader in its sandbox looked at it; the answer says which file."""
    with pytest.raises(UploadRefusedError, match=name) as refused:
        sent(made(tmp_path), name, content)
    assert refused.value.trouble is Trouble.BROKEN
    assert left_in(tmp_path) == []


def test_a_file_that_grows_too_large_is_refused_while_it_comes(tmp_path: Path) -> None:
    """Whatever size was said before."""
    uploads = made(tmp_path, most_bytes=1000)
    incoming = uploads.begin("a.wav", 10)
    incoming.write(bytes(1000))
    with pytest.raises(UploadRefusedError, match="up to") as refused:
        incoming.write(b"x")
    assert refused.value.trouble is Trouble.LARGE
    incoming.discard()
    assert left_in(tmp_path) == []


def test_some_of_the_disk_stays_free(tmp_path: Path) -> None:
    """It is asked for before the first byte, and again as the bytes come."""
    free = [5000]
    uploads = made(tmp_path, free=lambda _: free[0])
    with pytest.raises(UploadRefusedError, match="remove something") as refused:
        uploads.check("a.wav", 4001)
    assert refused.value.trouble is Trouble.FULL
    incoming = uploads.begin("a.wav", 4000)
    free[0] = 1010
    with pytest.raises(UploadRefusedError):
        incoming.write(bytes(11))


@pytest.mark.parametrize(
    ("number", "trouble"),
    [(errno.ENOSPC, Trouble.FULL), (errno.EDQUOT, Trouble.FULL), (errno.EIO, Trouble.UNWRITABLE)],
)
def test_what_the_disk_says_is_told(tmp_path: Path, number: int, trouble: Trouble) -> None:
    """Full by itself or by quota, or broken; nothing is left of it."""

    def fails(_file: int, _content: memoryview) -> int:
        raise OSError(number, os.strerror(number))

    with pytest.raises(UploadRefusedError) as refused:
        sent(made(tmp_path, write=fails), "a.wav", music())
    assert refused.value.trouble is trouble
    assert left_in(tmp_path) == []


def test_a_disk_that_takes_little_at_a_time_gets_all(tmp_path: Path) -> None:
    """write(2) may write less than it was given."""
    slow = made(tmp_path, write=lambda file, content: os.write(file, content[:700]))
    sent(slow, "a.wav", music())
    assert (tmp_path / UPLOADS / "a.wav").read_bytes() == music()


def test_a_folder_in_place_of_the_music_is_told(tmp_path: Path) -> None:
    """Where nothing can be made, the answer says so."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UploadRefusedError, match="cannot be written") as refused:
        made(tmp_path / "file").check("a.wav", 1)
    assert refused.value.trouble is Trouble.UNWRITABLE


def test_after_a_power_cut_half_a_file_is_taken_away(tmp_path: Path) -> None:
    """At the next start; finished files stay."""
    sent(made(tmp_path), "a.wav", music())
    made(tmp_path).begin("b.wav", 0).write(b"half")
    assert len(left_in(tmp_path)) == 2
    made(tmp_path).clear()
    assert left_in(tmp_path) == ["a.wav"]


def test_a_page_that_goes_while_the_disk_writes_leaves_nothing(tmp_path: Path) -> None:
    """The write ends first; no other file is ever written to by mistake."""
    writing, go_on = threading.Event(), threading.Event()

    def slowly(file: int, content: memoryview) -> int:
        writing.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return os.write(file, content)

    incoming = made(tmp_path, write=slowly).begin("a.wav", 0)
    writer = threading.Thread(target=incoming.write, args=[b"x" * 100])
    writer.start()
    assert writing.wait(PATIENCE_SECONDS)
    ending = threading.Thread(target=incoming.discard)
    ending.start()
    go_on.set()
    writer.join(PATIENCE_SECONDS)
    ending.join(PATIENCE_SECONDS)
    assert left_in(tmp_path) == []
    with pytest.raises(UploadRefusedError, match="again"):
        incoming.write(b"more")


HOSTILE = [
    "../../etc/passwd.mp3",
    "..\\..\\windows\\a.mp3",
    "/abs/olute.mp3",
    "C:\\music\\a.mp3",
    "a\x00b.mp3",
    "a\nb\r\tc.mp3",
    ".hidden.mp3",
    "...mp3",
    ".mp3",
    " .. .mp3",
    "-rf.mp3",
    "con.mp3",
    "LPT1.x.mp3",
    "\u202egnp.mp3",
    "a" * 500 + ".mp3",
    "가" * 200 + ".MP3",
    "👩‍👩‍👧" * 60 + ".mp3",
    "e\u0301\u1112\u1161\u11ab.mp3",
    "<script>alert(1)</script>.mp3",
    "a.mp3/",
    "..",
    "\ud800.mp3",
]


def is_safe(name: str) -> bool:
    """One name, not hidden, of printable letters, with an ending that is played."""
    path = Path(name)
    return (
        path.name == name
        and not name.startswith(".")
        and path.suffix in PLAYABLE
        and bool(path.stem.strip())
        and len(name.encode()) <= 220
        and not set(name) & set('<>:"/\\|?*\x00\n\u202e')
        and clean_name(name) == name
    )


@pytest.mark.parametrize("said", HOSTILE)
def test_a_hostile_name_becomes_one_harmless_name(tmp_path: Path, said: str) -> None:
    """Or none; the file system takes it, inside the folder."""
    name = clean_name(said)
    if name is None:
        assert not said.endswith(".mp3")
        return
    assert is_safe(name)
    assert sent(made(tmp_path), said.replace(".mp3", ".wav").replace(".MP3", ".wav"), music())
    assert [file.parent for file in tmp_path.rglob("*.wav")] == [tmp_path / UPLOADS]


@given(st.text(max_size=400), st.sampled_from([*sorted(PLAYABLE), ".MP3", ".Flac ", ""]))
def test_whatever_it_is_called_the_name_is_harmless(said: str, ending: str) -> None:
    """Any text at all."""
    name = clean_name(said + ending)
    assert name is None or is_safe(name)
    assert name is not None or ending == ""


@pytest.mark.parametrize("said", ["a.exe", "a.mp3.html", "mp3", "", "a.m3u", "cover.jpg", "a.mid"])
def test_what_is_not_played_has_no_name(said: str) -> None:
    """It is refused before a byte is sent."""
    assert clean_name(said) is None


def test_numbers_are_put_before_the_ending() -> None:
    """As people number files."""
    names = numbered("A. B.mp3")
    assert [next(names) for _ in range(3)] == ["A. B.mp3", "A. B (2).mp3", "A. B (3).mp3"]


def test_names_that_differ_by_composition_alone_are_one(tmp_path: Path) -> None:
    """A Mac sends Korean in parts."""
    uploads = made(tmp_path)
    assert sent(uploads, "\u1100\u1161.wav", music()) == "가.wav"


def test_the_folder_of_uploads_is_nobodys_artist(tmp_path: Path) -> None:
    """A file without tags in it has no artist, rather than one called Uploads."""
    store = Store(tmp_path / "s.sqlite")
    sent(made(tmp_path), "Untagged.wav", music())
    scan(tmp_path, store, READER)
    (track,) = store.tracks().values()
    assert (track.title, track.artist) == ("Untagged", "")
    store.close()


def test_only_what_a_scan_would_see_wakes_it() -> None:
    """An hour of sending would otherwise be an hour of scanning."""
    assert not _is_shown(None, f"/music/{UPLOADS}/{PART}00ff.wav")
    assert _is_shown(None, f"/music/{UPLOADS}/a.wav")


def test_the_reader_ends_when_nothing_comes(tmp_path: Path) -> None:
    """It is started for the first file and stays for those after it."""
    readers: list[TagReader] = []

    def start() -> TagReader:
        readers.append(TagReader())
        return readers[-1]

    uploads = made(tmp_path, reader=start)
    for name in ("a.wav", "b.wav"):
        sent(uploads, name, music())
    (reader,) = readers
    assert reader.process_id
    uploads.rest()
    assert reader.process_id is None
