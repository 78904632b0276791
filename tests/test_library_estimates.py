"""A newer estimate of mood from sound: old files are heard again, once, and nobody notices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from cli.library import run
from contracts.messages import Playback
from contracts.track import Track, TrackId
from device import effects, events
from device.analysis.circumplex import ESTIMATE
from device.analysis.wire import FileSound
from device.music.catalogue import Catalogue, heard
from device.music.listening import fingerprint, listen
from device.store import Entry, Store
from tests.stage import Stage
from tests.test_library_scan import write_wav

A, B, C = (TrackId(c * 16) for c in "abc")
OLD = FileSound(
    path="", valence=0.9, arousal=0.9, valence_certainty=0.2, arousal_certainty=0.2,
    bpm=60.0, gain_db=-4.5,
)  # fmt: skip
NEW = msgspec.structs.replace(OLD, valence=-0.4, arousal=0.1, bpm=None, gain_db=-5.0)


class _Ear:
    """Hears the same in everything, and remembers what it was asked."""

    def __init__(self, sound: FileSound = NEW) -> None:
        self.asked: list[str] = []
        self.sound = sound

    def listen(self, path: Path) -> FileSound:
        self.asked.append(path.name)
        return msgspec.structs.replace(self.sound, path=str(path))


class Library(NamedTuple):
    """A store over files, with what hears them."""

    store: Store
    folder: Path

    def add(self, i: TrackId, name: str, content: bytes = b"", **told: float) -> None:
        """A file with these tags, and something that no other file has."""
        path = write_wav(self.folder / name)
        path.write_bytes(path.read_bytes() + (content or name.encode()))
        track = Track(id=i, title=name, **told)  # type: ignore[arg-type]
        self.store.upsert([Entry(track=track, path=path, mtime_ns=1, size=1)])

    def hear(self, ear: _Ear, learned: Callable[[], None] = lambda: None) -> int:
        return listen(Catalogue(self.store), ear, lambda: False, learned)

    def grow_old(self) -> None:
        """All that was heard so far was heard by the estimate before this one."""
        with self.store.writing() as database:
            database.execute("UPDATE sounds SET estimate = ?", (ESTIMATE - 1,))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    store = Store(tmp_path / "store.sqlite")
    yield Library(store, tmp_path)
    store.close()


def test_what_an_older_estimate_heard_is_heard_again_once(library: Library) -> None:
    """Until then its place stands; then the new one takes it, and nothing is heard a third time."""
    library.add(A, "a.wav")
    assert library.hear(_Ear(OLD)) == 1
    library.grow_old()
    assert library.store.tracks()[A].valence == 0.9
    ear = _Ear()
    assert [library.hear(ear), library.hear(ear)] == [1, 0]
    track = library.store.tracks()[A]
    assert (track.valence, track.arousal, track.bpm, track.gain_db) == (-0.4, 0.1, None, -5.0)
    assert ear.asked == ["a.wav"]


def test_what_tags_say_outlasts_every_estimate(library: Library) -> None:
    """Place, tempo and loudness of the file's own are never what was heard."""
    said = {"valence": 0.3, "arousal": 0.2, "bpm": 120.0, "gain_db": -7.0}
    library.add(A, "a.wav", b"", **said)
    library.hear(_Ear(OLD))
    library.grow_old()
    library.hear(_Ear())
    track = library.store.tracks()[A]
    assert {name: getattr(track, name) for name in said} == said


def test_two_files_of_one_content_are_heard_again_as_one(library: Library) -> None:
    """A song that lies in two albums has one place, old or new."""
    library.add(A, "a.wav", b"same")
    library.add(B, "b.wav", b"same")
    library.hear(_Ear(OLD))
    library.grow_old()
    ear = _Ear()
    library.hear(ear)
    assert {track.valence for track in library.store.tracks().values()} == {-0.4}
    assert {track.bpm for track in library.store.tracks().values()} == {None}
    assert len(ear.asked) == 1
    assert Catalogue(library.store).count_unheard() == 0


def test_what_was_never_heard_goes_first(library: Library) -> None:
    """Fresh music waits for no re-hearing of a library of thousands."""
    library.add(A, "a.wav")
    library.add(B, "b.wav")
    library.hear(_Ear(OLD))
    library.grow_old()
    library.add(C, "c.wav")
    ear = _Ear()
    assert library.hear(ear) == 3
    assert ear.asked == ["c.wav", "a.wav", "b.wav"]


def test_a_file_that_cannot_be_heard_any_more_keeps_what_was_heard(library: Library) -> None:
    """And is not tried for ever."""
    library.add(A, "a.wav")
    library.hear(_Ear(OLD))
    library.grow_old()
    deaf = _Ear(FileSound(path="", error="reading took over 120 s"))
    assert [library.hear(deaf), library.hear(deaf)] == [1, 0]
    assert library.store.tracks()[A].valence == 0.9
    kept = Catalogue(library.store).sound(fingerprint(library.folder / "a.wav"))
    assert kept == OLD
    # The estimate after that hears it again, and knows that its tempo came from the sound.
    library.grow_old()
    library.hear(_Ear())
    assert library.store.tracks()[A].bpm is None


def test_an_end_of_listening_half_way_goes_on_where_it_was(library: Library) -> None:
    """What was heard anew is kept, the rest stands and waits."""
    for i, name in ((A, "a.wav"), (B, "b.wav"), (C, "c.wav")):
        library.add(i, name)
    library.hear(_Ear(OLD))
    library.grow_old()
    ear = _Ear()
    catalogue = Catalogue(library.store)
    assert listen(catalogue, ear, lambda: len(ear.asked) > 0, lambda: None) == 1
    assert [t.valence for t in library.store.tracks().values()] == [-0.4, 0.9, 0.9]
    assert library.hear(ear) == 2
    assert ear.asked == ["a.wav", "b.wav", "c.wav"]


def test_hearing_again_leaves_the_music_alone() -> None:
    """What plays and what is queued stay; nothing is played, stopped or asked for."""
    stage = Stage()
    stage.begin()
    stage.wait(3)
    queue = [queued.track for queued in stage.core.playlist.upcoming]
    playing = stage.core.deck.playing
    for i, track in stage.library.items():
        stage.library[i] = heard(track, NEW, OLD)
    told = events.LibraryChanged(at=stage.at, tracks=tuple(stage.library))
    done = stage.happen(told)
    kinds = (effects.Play, effects.Stop, effects.Pause, effects.FadeOut, effects.Ask)
    assert not any(isinstance(effect, kinds) for effect in done)
    assert stage.core.state(stage.at).playback is Playback.PLAYING
    assert stage.core.deck.playing is playing
    assert [queued.track for queued in stage.core.playlist.upcoming] == queue


def test_the_library_tells_what_is_to_be_heard_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Apart from what was never heard."""
    settings = tmp_path / "device.toml"
    settings.write_text(f'state_folder = "{tmp_path / "state"}"\n')
    library = Library(Store(tmp_path / "state/device.sqlite"), tmp_path)
    library.add(A, "a.wav")
    library.hear(_Ear(OLD))
    library.grow_old()
    library.add(B, "b.wav")
    library.store.close()
    assert run(["--settings", str(settings), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["not_listened_to"], told["to_listen_to_again"]) == (1, 1)
    assert run(["--settings", str(settings)]) == 0
    assert "to be heard again by a newer estimate: 1" in capsys.readouterr().out
