"""`./mlfym sound` on SDL's disk driver."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cli import sound
from device.music.sound import RATE, SoundUnavailableError
from device.music.sound.outputs import outputs
from device.music.sound.tone import SIDE_SECONDS

NAMES = ("USB Audio", "HDMI 1", "HDMI 2")
DISK_OUTPUT = "System audio output device"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(f'state_folder = "{tmp_path / "state"}"\n[sound]\ndriver = "disk"\n')
    return path


def test_the_outputs_of_a_driver_are_listed(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The driver of the settings says which outputs there are."""
    assert sound.run(["--json", "--settings", str(settings)]) == 0
    assert json.loads(capsys.readouterr().out) == {"outputs": [DISK_OUTPUT], "settings": ""}


def test_a_driver_that_is_not_there_is_named() -> None:
    """An unknown driver is an error that says so."""
    with pytest.raises(SoundUnavailableError, match="nosuchdriver"):
        outputs("nosuchdriver")


def test_the_tone_is_on_the_left_and_then_on_the_right(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each side is heard alone, for as long as it should, without a click at its ends."""
    heard = tmp_path / "heard.raw"
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(heard))
    monkeypatch.setenv("SDL_DISKAUDIODELAY", "4")
    assert sound.run(["test", "--settings", str(settings)]) == 0
    sides = np.fromfile(heard, np.int16).reshape(-1, 2).astype(np.int64)
    left, right = (np.flatnonzero(sides[:, side]) for side in (0, 1))
    assert left[-1] < right[0]
    for side in (left, right):
        assert (side[-1] - side[0]) / RATE == pytest.approx(SIDE_SECONDS, abs=0.01)
    steepest = 8_192 * 2 * np.pi * 660 / RATE
    assert np.abs(np.diff(sides, axis=0)).max() < 1.05 * steepest


def test_without_a_device_the_settings_line_is_told(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`use` with no device running fails and says what to write where."""
    assert sound.run(["use", DISK_OUTPUT, "--settings", str(settings)]) == 1
    assert f'[sound] device = "{DISK_OUTPUT}"' in capsys.readouterr().err


@pytest.mark.parametrize(("said", "meant"), [("usb", "USB Audio"), ("HDMI 1", "HDMI 1"), ("", "")])
def test_an_output_is_known_by_the_beginning_of_its_name(said: str, meant: str) -> None:
    """The whole name, or a beginning that only one has, in any case; nothing is the default."""
    assert sound.known(said, NAMES) == meant


@pytest.mark.parametrize("said", ["HDMI", "USB Audoi", "bluetooth"])
def test_an_unknown_output_is_refused_with_those_there_are(said: str) -> None:
    """Two that begin so, a slip of the finger and a stranger: each names a real one."""
    with pytest.raises(LookupError, match=r"USB Audio|HDMI 1"):
        sound.known(said, NAMES)
