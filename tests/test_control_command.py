"""`./mlfym control` against a real socket and a real core."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import control
from contracts.settings import to_toml
from device import effects, events
from device.answers import Answers
from device.browse import Shelves
from device.control import Control
from device.look import controls
from device.settings import DeviceSettings
from device.status import Status
from tests.stage import Stage


class Device:
    """A core behind a control socket, without a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage()
        self.stage.begin()
        self.settings = folder / "device.toml"
        self.settings.write_text(to_toml(DeviceSettings(state_folder=str(folder))), "utf-8")
        self.answers = Answers(self.take, lambda: self.stage.at)
        shelves = Shelves(lambda _: ())
        shelves.put(self.stage.library.values())
        self.control = Control(folder / "control.sock", self.status, self.answers, shelves)
        self.control.start()

    def take(self, event: events.Event) -> None:
        for effect in self.stage.happen(event):  # type: ignore[arg-type]
            if isinstance(effect, effects.Answered):
                self.answers.give(effect)

    def status(self) -> Status:
        core, at = self.stage.core, self.stage.at
        return Status(state=core.state(at), controls=controls(core, at))

    def run(self, *words: str) -> int:
        return control.run(["--settings", str(self.settings), *words])


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path)
    yield made
    made.control.stop()


def test_a_command_is_given_and_its_answer_shown(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its argument, several words too."""
    assert device.run("volume", "40") == 0
    assert device.run("mood", "calm", "30") == 0
    assert capsys.readouterr().out == "volume 40\nmood calm for 30 minutes\n"
    assert device.stage.core.volume.level == 0.4
    assert device.run("seek", "-10") == 0


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that resembles none is answered with all."""
    assert device.run("nex") == 1
    assert "did you mean next?" in capsys.readouterr().err
    assert device.run("xyzzy") == 1
    assert "queue_add" in capsys.readouterr().err


def test_a_refusal_says_what_would_be_right(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, whether the words or the moment are wrong."""
    assert device.run("volume", "loud") == 1
    assert device.run("answer", "1") == 1
    told = capsys.readouterr().err
    assert "0 to 100" in told
    assert "not_this opens one" in told


def test_the_library_is_searched_for_ids_that_the_queue_takes(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page at a time, and how to go on."""
    assert device.run("search", "song", "17") == 0
    found = capsys.readouterr().out.split()[0]
    assert device.run("queue_next", found) == 0
    assert "Song 17" in capsys.readouterr().out
    assert device.stage.core.playlist.upcoming[0].track == found
    assert device.run("--offset", "18", "tracks") == 0
    assert "20 of 20" in capsys.readouterr().out


def test_without_a_command_it_tells_what_plays(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason, the queue, and the question that is open."""
    device.run("not_this")
    assert device.run() == 0
    told = capsys.readouterr().out
    assert "playing: Song" in told
    assert "like your mood" in told
    assert "1 Working or studying" in told


def test_a_device_that_is_away_is_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 and a question."""
    assert control.run(["--socket", str(tmp_path / "none.sock"), "next"]) == 1
    told = capsys.readouterr().err
    assert "is it running" in told
    assert "./mlfym demo" in told


def demo(folder: Path, name: str, born: float) -> Path:
    """State of a demo as it lies in the folder for temporary files."""
    state = folder / f"mlfym-demo-{name}" / "device"
    state.mkdir(parents=True)
    made = state / "control.sock"
    made.touch()
    os.utime(made, (born, born))
    return made


def test_a_demo_that_runs_is_found_without_being_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest, unless the device of the usual settings runs, or another is named."""
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = control.running_socket(None, tmp_path)
    assert usual.is_relative_to(tmp_path)
    demo(tmp_path, "old", 1.0)
    newest = demo(tmp_path, "new", 2.0)
    assert control.running_socket(None, tmp_path) == newest
    named = tmp_path / "device.toml"
    named.write_text(to_toml(DeviceSettings(state_folder=str(tmp_path / "named"))), "utf-8")
    assert control.running_socket(named, tmp_path) == tmp_path / "named" / "control.sock"
    usual.parent.mkdir(parents=True)
    usual.touch()
    assert control.running_socket(None, tmp_path) == usual


def test_somebody_else_s_demo_is_not_controlled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody may make a folder of that name."""
    monkeypatch.setenv("HOME", str(tmp_path))
    made = demo(tmp_path, "other", 1.0)
    somebody = made.stat().st_uid + 1
    assert control.running_socket(None, tmp_path, user=somebody) != made
    assert control.running_socket(None, tmp_path, user=made.stat().st_uid) == made
