"""The measurement of mood from sound: its arithmetic, and its labels."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.heard_cache import Features, HeardCache
from bench.librosa_beside import LibrosaError, librosa_hears
from bench.mood_from_sound import read_labels, ridge, run
from bench.mood_picture import PictureError, draw_scatter
from bench.rank_correlation import correlation, ranks, spearman


def test_equal_values_share_their_rank() -> None:
    """Two in the second and third place are both two and a half."""
    assert list(ranks(np.array([3.0, 1.0, 7.0, 3.0]))) == [2.5, 1.0, 4.0, 2.5]


def test_rank_correlation_of_known_series() -> None:
    """Spearman 1904's formula by hand: differences -1, 1, -1, 1, 0 give 1 - 6 * 4 / 120."""
    one, other = np.array([1.0, 20, 3, 400, 500]), np.array([2.0, 1, 40, 30, 500])
    assert spearman(one, one**3) == pytest.approx(1)
    assert spearman(one, -one) == pytest.approx(-1)
    assert spearman(np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 1, 4, 3, 5])) == pytest.approx(0.8)
    assert spearman(one, np.ones(5)) == 0
    found = correlation(one, other)
    assert found.low <= found.rho <= found.high


def test_a_regression_finds_what_it_is_given() -> None:
    """Two targets that are plain sums of three features."""
    rows = np.random.default_rng(3).normal(size=(80, 3))
    wanted = rows @ np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.5]])
    asked = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    expected = asked @ np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.5]])
    assert ridge(rows, wanted, asked, penalty=1e-6) == pytest.approx(expected, abs=1e-6)


def test_every_label_is_a_place_and_no_package_has_two_parts() -> None:
    """What is held out has no part in what is chosen by."""
    labels = read_labels()
    assert not set(labels["chosen_by"]) & set(labels["held_out"])
    places = [p for packages in labels.values() for f in packages.values() for p in f.values()]
    assert all(-1 <= value <= 1 for place in places for value in place)


class _Ear:
    """Hears how long a file's name is, and counts."""

    asked = 0

    def hear(self, path: Path) -> Features:
        self.asked += 1
        return {"length": float(len(path.name))}


def test_what_was_heard_is_not_heard_again(tmp_path: Path) -> None:
    """By content, whatever the file is called; another length of it is another matter."""
    music, kept, ear = tmp_path / "a.ogg", tmp_path / "cache/heard.jsonl", _Ear()
    music.write_bytes(b"music")
    assert HeardCache(kept, 60.0).heard(music, ear.hear) == {"length": 5.0}
    again = HeardCache(kept, 60.0)
    assert again.heard(music.rename(tmp_path / "longer.ogg"), ear.hear) == {"length": 5.0}
    assert ear.asked == 1
    assert HeardCache(kept, 30.0).get(tmp_path / "longer.ogg") is None


def test_a_run_that_was_killed_costs_the_file_it_was_at(tmp_path: Path) -> None:
    """The line that was cut off is left out, and the next is on a line of its own."""
    one, other, kept = tmp_path / "1", tmp_path / "2", tmp_path / "heard.jsonl"
    one.write_bytes(b"one")
    other.write_bytes(b"other")
    cache = HeardCache(kept, 60.0)
    cache.put(one, {"x": 1.0})
    cache.put(other, {"x": 2.0})
    kept.write_bytes(kept.read_bytes()[:-5])
    after = HeardCache(kept, 60.0)
    assert (after.get(one), after.get(other)) == ({"x": 1.0}, None)
    after.put(other, {"x": 3.0})
    assert HeardCache(kept, 60.0).get(other) == {"x": 3.0}


SCRIPT = """import json, sys
for count, path in enumerate(sys.stdin.read().splitlines()):
    if count == {dies_at}:
        sys.exit(3)
    print(json.dumps({{"path": path, "count": float(count)}}), flush=True)
"""


def test_librosa_is_asked_for_what_is_not_kept_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a program of its own; what it heard before it ended badly is kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    script = tmp_path / "script.py"
    files = [tmp_path / name for name in ("1", "2", "3")]
    for file in files:
        file.write_text(file.name)
    script.write_text(SCRIPT.format(dies_at=2))
    with pytest.raises(LibrosaError, match="run it again"):
        librosa_hears(files, 60.0, Path(sys.executable), script)
    heard = librosa_hears(files[:2], 60.0, Path(sys.executable), script)
    assert list(heard.values()) == [{"count": 0.0}, {"count": 1.0}]


def test_without_music_it_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And measures nothing."""
    assert run([str(tmp_path), "--no-demo"]) == 1
    assert "add --fetch" in capsys.readouterr().err


ROWS = [
    {"part": part, "label": (v, a), "estimate": (v * share, a * share)}
    for part, share in (("chosen_by", 0.9), ("held_out", 0.3))
    for v, a in ((0.5, 0.7), (-0.6, 0.1), (0.2, -0.5))
]
FIGURES = {
    p: dict.fromkeys(("valence", "arousal"), (0.5, 0.3, 0.6)) for p in ("chosen_by", "held_out")
}


@pytest.mark.skipif(not importlib.util.find_spec("matplotlib"), reason="needs the extra `figures`")
def test_estimates_are_drawn_against_labels(tmp_path: Path) -> None:
    """Both axes side by side, a dot for every track in the colour of its part."""
    draw_scatter(ROWS, FIGURES, tmp_path / "mood.png")
    picture = cv2.imread(str(tmp_path / "mood.png"))
    height, width = picture.shape[:2]
    assert width > 1.5 * height
    for side in (picture[:, : width // 2], picture[:, width // 2 :]):
        blue = (side[..., 0].astype(int) - side[..., 2]) > 60
        assert blue.sum() > 100
    with pytest.raises(PictureError, match="cannot be written"):
        draw_scatter(ROWS, FIGURES, tmp_path / "no" / "folder.png")
