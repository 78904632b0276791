"""The library scan, over real files and the real reader of tags."""

from __future__ import annotations

import os
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from mutagen.id3 import TBPM, TCON, TDRC, TIT2, TMOO, TPE1, TSRC, TXXX
from mutagen.wave import WAVE

from contracts.library import library_hash
from contracts.track import Track, TrackId
from device.analysis.wire import FileTags
from device.music.library import LibraryError, scan, track_id
from device.music.tag_reader import TagReader
from device.store import Store


def write_wav(path: Path, frames: int = 800) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\0" * frames)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "music").mkdir()
    return tmp_path / "music"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.sqlite")
    yield store
    store.close()


@pytest.fixture(scope="module")
def reader() -> Iterator[TagReader]:
    reader = TagReader()
    yield reader
    reader.close()


def test_tags_become_a_track(folder: Path, store: Store, reader: TagReader) -> None:
    """ID3 in a wav: title, artist, genres, moods, year, tempo, valence, explicit, ISRC."""
    path = write_wav(folder / "a.wav")
    file = WAVE(str(path))
    file.add_tags()
    for frame in (
        TIT2(text="노래"),
        TPE1(text="가수"),
        TCON(text="Jazz; Soul"),
        TMOO(text="Calm, Rainy Day"),
        TBPM(text="92.5"),
        TDRC(text="2020-05-01"),
        TSRC(text="KRA302000001"),
        TXXX(desc="VALENCE", text="-0.25"),
        TXXX(desc="AROUSAL", text="7"),
        TXXX(desc="ITUNESADVISORY", text="1"),
    ):
        file.tags.add(frame)
    file.save()
    scan(folder, store, reader)
    assert store.tracks() == {
        track_id(folder, path): Track(
            id=track_id(folder, path),
            title="노래",
            artist="가수",
            genres=("Jazz", "Soul"),
            tags=("calm", "rainy day"),
            year=2020,
            duration_seconds=0.1,
            bpm=92.5,
            explicit=True,
            valence=-0.25,
            isrc="KRA302000001",
        )
    }


def test_only_what_changed_is_read_again(folder: Path, store: Store, reader: TagReader) -> None:
    """A second scan reads nothing; a changed file is read; a deleted one goes."""
    first, second = write_wav(folder / "1.wav"), write_wav(folder / "sub/2.wav")
    progress: list[tuple[int, int]] = []
    assert scan(folder, store, reader, lambda *p: progress.append(p)).read == 2
    assert progress == [(0, 2), (2, 2)]
    assert scan(folder, store, reader).read == 0
    store.mark_broken(track_id(folder, first), "crackles")
    assert track_id(folder, first) not in scan(folder, store, reader).tracks
    write_wav(first, frames=1600)
    second.unlink()
    scanned = scan(folder, store, reader)
    assert (scanned.read, scanned.removed) == (1, 1)
    assert scanned.tracks == (track_id(folder, first),)


def test_file_names_may_be_anything(folder: Path, store: Store, reader: TagReader) -> None:
    """Korean, emoji, 255 bytes, bytes that are not UTF-8: each becomes a track with a title."""
    names = [
        "한국어 노래.wav",
        "🎵🙂.wav",
        "x" * 251 + ".wav",
        os.fsdecode(b"caf\xe9.wav"),
        "a\n b.wav",
    ]
    for name in names:
        write_wav(folder / name)
    scan(folder, store, reader)
    titles = {track.title for track in store.tracks().values()}
    assert {"한국어 노래", "🎵🙂", "x" * 251, "caf?"} <= titles
    assert len(titles) == len(names)


def test_what_cannot_be_played_says_why(folder: Path, store: Store, reader: TagReader) -> None:
    """m4p is locked, MIDI no sound, garbage no music; other files are no business of ours."""
    (folder / "a.m4p").write_bytes(b"x")
    (folder / "c.mid").write_bytes(b"x")
    (folder / "b.mp3").write_bytes(b"nonsense" * 50)
    (folder / "notes.txt").write_text("hello")
    assert scan(folder, store, reader).tracks == ()
    whys = store.broken()
    assert "without copy protection" in whys[track_id(folder, folder / "a.m4p")]
    assert "convert it" in whys[track_id(folder, folder / "c.mid")]
    assert whys[track_id(folder, folder / "b.mp3")]
    assert len(whys) == 3


def test_links_in_circles_end(folder: Path, store: Store, reader: TagReader) -> None:
    """A folder linked into itself, a link to itself and a dangling one: one track is found."""
    write_wav(folder / "sub/1.wav")
    (folder / "sub/loop").symlink_to(folder)
    (folder / "self.wav").symlink_to(folder / "self.wav")
    (folder / "gone.wav").symlink_to(folder / "nowhere.wav")
    assert len(scan(folder, store, reader).tracks) == 1


def test_a_missing_folder_is_an_error_and_forgets_nothing(
    folder: Path, store: Store, reader: TagReader
) -> None:
    """A disk that is not mounted costs no track."""
    write_wav(folder / "1.wav")
    scan(folder, store, reader)
    with pytest.raises(LibraryError, match="mount it"):
        scan(folder / "elsewhere", store, reader, root="disk")
    assert len(store.tracks()) == len(store.entries()) == 1
    folder.rename(folder.with_name("away"))
    with pytest.raises(LibraryError, match="mount it"):
        scan(folder, store, reader)
    assert (len(store.tracks()), len(store.entries())) == (0, 1)
    folder.with_name("away").rename(folder)
    scanned = scan(folder, store, reader)
    assert (scanned.read, scanned.returned, len(scanned.tracks)) == (0, 1, 1)


def test_the_hash_names_the_set_and_its_tags() -> None:
    """The order does not matter, a changed title does."""
    a, b = (Track(id=TrackId(c * 16), title=c) for c in "ab")
    assert library_hash([a, b]) == library_hash([b, a])
    assert library_hash([a, b]) != library_hash([a, Track(id=b.id, title="B")])
    assert library_hash([a]) == library_hash([msgspec.structs.replace(a, gain_db=-3.0)])
    assert len(library_hash([])) <= 64


CRASHING = """
import json, os, sys
for line in sys.stdin:
    path = json.loads(line)["path"]
    if path.endswith("crash.wav"):
        os._exit(1)
    while path.endswith("hang.wav"):
        pass
    print(json.dumps({"path": path, "title": "good"}), flush=True)
"""


def test_a_file_that_crashes_or_hangs_the_reader_costs_itself(tmp_path: Path) -> None:
    """The reader is started again, and the next file is read."""
    reader = TagReader(program=(sys.executable, "-c", CRASHING), timeout_seconds=0.5)
    paths = [write_wav(tmp_path / f"{n}.wav") for n in ("1", "crash", "2", "hang", "3")]
    answers = [reader.read(path) for path in paths]
    reader.close()
    assert [bool(answer.error) for answer in answers] == [False, True, False, True, False]
    assert answers[4] == FileTags(path=str(paths[4]), title="good")
    assert "0.5 s" in answers[3].error


def test_what_a_crash_swallowed_is_asked_for_again(tmp_path: Path) -> None:
    """Many files are asked for ahead: each is answered, in order, whatever lies between them."""
    names = [str(n) for n in range(40)]
    names[3] = names[4] = names[39] = "crash"
    names[20] = "hang"
    paths = [tmp_path / str(n) / f"{name}.wav" for n, name in enumerate(names)]
    for path in paths:
        write_wav(path)
    paths[30].unlink()
    reader = TagReader(program=(sys.executable, "-c", CRASHING), timeout_seconds=0.5)
    answers = list(reader.read_all(paths))
    reader.close()
    assert [answer.path for answer in answers] == [str(path) for path in paths]
    assert [n for n, answer in enumerate(answers) if answer.error] == [3, 4, 20, 30, 39]
    assert "cannot be opened" in answers[30].error


def test_a_scan_given_up_half_way_mixes_nothing_up(tmp_path: Path) -> None:
    """The next question gets its own answer."""
    paths = [write_wav(tmp_path / f"{n}.wav") for n in range(5)]
    reader = TagReader(program=(sys.executable, "-c", CRASHING))
    answers = reader.read_all(paths)
    assert next(answers).path == str(paths[0])
    del answers
    assert reader.read(paths[4]).path == str(paths[4])
    reader.close()
