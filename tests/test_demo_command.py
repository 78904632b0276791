"""What the demo and the core program say when they cannot start."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cli.demo import run
from contracts.settings import EXIT_REFUSED, EXIT_SETTINGS
from device.__main__ import main

WRONG = """
device_idd = "kitchen"
[music]
volume = 7
policy = "party"
[broker]
prot = 1883
"""


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """Settings with four mistakes."""
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG, encoding="utf-8")
    return path


def assert_all_told(said: str) -> None:
    flat = " ".join(said.split())
    assert "4 problem(s)" in flat
    for words in (
        "did you mean device_id?",
        "did you mean broker.port?",
        "music.volume:",
        "music.policy:",
    ):
        assert words in flat, words


def test_the_demo_tells_every_mistake_of_its_settings(
    wrong: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, all problems at once, and what was meant."""
    assert run(["--settings", str(wrong), "--headless"]) == EXIT_SETTINGS
    assert_all_told(capsys.readouterr().err)


def test_the_demo_wants_a_folder_of_music(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, the folder's name, and what to give instead."""
    missing = tmp_path / "no-such-folder"
    assert run(["--music", str(missing), "--headless"]) == 1
    said = capsys.readouterr().err.replace("\n", "")
    assert missing.name in said
    assert "--music" in said


def test_the_demo_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and its usage."""
    with pytest.raises(SystemExit) as ended:
        run(["--loud"])
    assert ended.value.code == 2
    assert "--headless" in capsys.readouterr().err


def test_the_device_tells_every_mistake_of_its_settings(
    wrong: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, all problems at once, and what was meant."""
    assert main(["--settings", str(wrong)]) == EXIT_SETTINGS
    assert_all_told(capsys.readouterr().err)


@pytest.mark.parametrize("text", ["volume = ", "\0", ""])
def test_the_device_needs_settings_that_can_be_read(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no TOML, or is not there, is named."""
    path = tmp_path / "device.toml"
    if text:
        path.write_text(text, encoding="utf-8")
    assert main(["--settings", str(path)]) == EXIT_SETTINGS
    assert "device.toml" in capsys.readouterr().err


@pytest.mark.parametrize("device_id", ["a/b", "server", ""])
def test_the_device_needs_an_id_that_can_be_a_topic(
    tmp_path: Path, device_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, and what an id may have."""
    path = tmp_path / "device.toml"
    path.write_text(f'device_id = "{device_id}"\n', encoding="utf-8")
    assert main(["--settings", str(path)]) == EXIT_SETTINGS
    assert "letters, digits" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["garbage", "newer"])
def test_a_store_that_cannot_be_opened_ends_the_device_for_good(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Status 78, which no restart mends, and the file's name; the file stays as it is."""
    store = tmp_path / "device.sqlite"
    if kind == "garbage":
        store.write_bytes(b"this is no database at all " * 200)
    else:
        with sqlite3.connect(store) as database:
            database.execute("PRAGMA user_version = 9999")
        database.close()
    before = store.read_bytes()
    settings = tmp_path / "device.toml"
    settings.write_text(
        f'state_folder = "{tmp_path}"\nvision_socket = "{tmp_path}/v.sock"\n', encoding="utf-8"
    )
    assert main(["--settings", str(settings)]) == EXIT_REFUSED
    assert "device.sqlite" in caplog.text
    assert store.read_bytes() == before


@pytest.mark.parametrize("seconds", ["0", "-3", "nan", "soon"])
def test_a_time_that_is_none_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and the value that was given."""
    with pytest.raises(SystemExit) as refused:
        run(["--headless", "--seconds", seconds])
    assert refused.value.code == EXIT_SETTINGS
    assert seconds in capsys.readouterr().err


def test_a_report_without_a_folder_is_refused_before_the_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is shown that could then not be written."""
    assert run(["--headless", "--report", str(tmp_path / "none" / "report.json")]) == 1
    assert "no folder" in capsys.readouterr().err
