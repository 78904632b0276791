"""What `./mlfym bench booted-update` makes of what it hears; the bench itself runs apart."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bench import booted_update
from bench.booted.machine import Heard, heard, longest_silence
from bench.booted.tree import copy_checkout

ROOT = Path(__file__).parents[1]


def played(*moments: tuple[float, str, float]) -> list[Heard]:
    """Rows of one song: when, what core said, and where the song was."""
    return [Heard(at, playback, "song", position) for at, playback, position in moments]


def test_a_silence_lasts_until_the_music_moves_again() -> None:
    """Whether core is away, says that it plays and stands still, or says so for the first time."""
    rows = played((0, "playing", 1), (1, "playing", 2), (2, "away", 0), (5, "playing", 2))
    assert longest_silence([*rows, *played((6, "playing", 3))]) == 4
    rows = played((0, "playing", 1), (1, "playing", 2), (2, "playing", 2), (9, "playing", 3))
    assert longest_silence(rows) == 8


def test_a_silence_that_never_ends_counts() -> None:
    """Up to the last that was heard; of nothing at all there is none."""
    rows = played((0, "playing", 1), (1, "playing", 2), (2, "idle", 0), (60, "idle", 0))
    assert longest_silence(rows) == 59
    assert longest_silence(played((0, "away", 0), (30, "away", 0))) == 30
    assert longest_silence([]) == 0


def test_a_line_that_is_not_whole_yet_is_left(tmp_path: Path) -> None:
    """It is written while it is read."""
    file = tmp_path / "heard.jsonl"
    assert heard(file) == []
    file.write_text('[1.5, "playing", "a", 2.0]\n[1.75, "pla', encoding="utf-8")
    assert heard(file) == [Heard(1.5, "playing", "a", 2.0)]


def test_a_checkout_is_taken_for_another_version(tmp_path: Path) -> None:
    """The same program, but for its number and the lines that were asked for."""
    changes = {"systemd/units/mlfym-vision.service": "# second\n"}
    target = copy_checkout(ROOT, tmp_path / "copy", "7.8.9", changes)
    told = tomllib.loads((target / "pyproject.toml").read_text("utf-8"))
    assert told["project"]["version"] == "7.8.9"
    unit = (target / "systemd/units/mlfym-vision.service").read_text("utf-8")
    assert unit == "# second\n" + (ROOT / "systemd/units/mlfym-vision.service").read_text("utf-8")
    assert not (target / "tests").exists()


def test_what_it_needs_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is begun."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert booted_update.run([]) == 2
    assert "systemd-nspawn" in capsys.readouterr().err
