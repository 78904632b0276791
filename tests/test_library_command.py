"""`./mlfym library`: what there is, what is broken and why, where the moods lie."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from cli.library import EXIT_FAILED, mood_of, run
from contracts.track import Track, TrackId
from device.store import Entry, Store
from tests.test_library_scan import write_wav


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "device.toml"
    file.write_text(f'state_folder = "{tmp_path / "state"}"\n')
    return file


def fill(settings: Path) -> None:
    """A device with a happy track by its tags, one in between by its sound, and a broken one."""
    store = Store(settings.parent / "state/device.sqlite")
    happy = Track(
        id=TrackId("a" * 16), title="노래", genres=("Pop",), year=1994, valence=0.5, arousal=0.5
    )
    sound = Track(id=TrackId("b" * 16), title="b", valence=0.1, arousal=0.0, arousal_certainty=0.2)
    broken = Track(id=TrackId("c" * 16), title="c")
    for track, why in ((happy, ""), (sound, ""), (broken, "damaged: no frames")):
        path = Path(f"/music/{track.title}\udcff.mp3")
        store.upsert([Entry(track=track, path=path, mtime_ns=1, size=1, broken_why=why)])
    store.close()


def test_a_folder_is_told_in_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tracks, what cannot be played with what to do, and nothing is left in the folder."""
    write_wav(tmp_path / "music/가수/앨범/🎵.wav")
    (tmp_path / "music/locked.m4p").write_bytes(b"x")
    before = sorted((tmp_path / "music").rglob("*"))
    assert run([str(tmp_path / "music"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tracks"], told["not_listened_to"], told["moods"]) == (1, 1, {"unknown": 1})
    assert [Path(broken["file"]).name for broken in told["broken"]] == ["locked.m4p"]
    assert "without copy protection" in told["broken"][0]["why"]
    assert sorted((tmp_path / "music").rglob("*")) == before


def test_a_device_s_own_library_is_told(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By mood, genre and decade; those whose mood is heard are counted apart."""
    fill(settings)
    assert run(["--settings", str(settings), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tracks"], told["mood_by_sound"]) == (2, 1)
    assert told["moods"] == {"happy": 1, "in between": 1}
    assert (told["genres"], told["eras"]) == ({"Pop": 1}, {"1990s": 1})
    assert run(["--settings", str(settings)]) == 0
    assert "2 tracks" in capsys.readouterr().out


def test_broken_files_are_listed_with_their_reasons(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line each; a name that is not UTF-8 is shown all the same."""
    fill(settings)
    assert run(["--settings", str(settings), "--broken"]) == 0
    assert capsys.readouterr().out == "/music/c?.mp3: damaged: no frames\n"


def test_what_cannot_be_shown_says_what_to_do(
    tmp_path: Path, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No such folder, a device that never ran, and settings that are none."""
    assert run([str(tmp_path / "nowhere")]) == EXIT_FAILED
    assert "mount it" in capsys.readouterr().err
    assert run(["--settings", str(settings)]) == EXIT_FAILED
    assert "name a folder of music" in capsys.readouterr().err
    settings.write_text("volume = 'loud'\n")
    assert run(["--settings", str(settings)]) == 2
    assert "volume" in capsys.readouterr().err


def test_a_map_is_drawn_or_says_what_it_needs(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A PNG with matplotlib, the name of the extra without."""
    fill(settings)
    picture = settings.with_name("map.png")
    status = run(["--settings", str(settings), "--map", str(picture)])
    if importlib.util.find_spec("matplotlib"):
        assert (status, picture.read_bytes()[:4]) == (0, b"\x89PNG")
    else:
        assert status == EXIT_FAILED
        assert "[figures]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("valence", "arousal", "mood"),
    [
        (0.5, 0.5, "happy"),
        (-0.5, 0.5, "angry"),
        (0.5, -0.5, "calm"),
        (-0.5, -0.5, "sad"),
        (0.1, -0.1, "in between"),
        (None, 0.5, "unknown"),
    ],
)
def test_a_place_on_the_circumplex_has_a_name(
    valence: float | None, arousal: float | None, mood: str
) -> None:
    """Four quarters, the middle, and nothing known."""
    track = Track(id=TrackId("a" * 16), title="t", valence=valence, arousal=arousal)
    assert mood_of(track) == mood
