"""The command that makes its own environment, in a small copy of the checkout, without a network.

The copy needs one package, a wheel made here, so that the real pip has something to install.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cli import installation
from cli.environment import EXTRAS, EnvironmentFailedError, digest_of, folder_of, stamped
from cli.installation import requirements
from cli.main import command_of, commands, main
from cli.progress import InstallerError, run_shown

ROOT = Path(__file__).parents[1]
MODULES = ("__init__", "main", "environment", "installation", "progress")
GREETING = '''"""Greet whoever asks.

More of it."""

import sys


def run(arguments: list[str]) -> int:
    import greeter
    import device
    print(greeter.WORD, device.WORD, *arguments, sys.prefix)
    if "interrupt" in arguments:
        raise KeyboardInterrupt
    return 7
'''


def wheel(folder: Path) -> Path:
    """A wheel with one module."""
    path = folder / "greeter-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("greeter.py", "WORD = 'hello'\n")
        head = "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n"
        archive.writestr("greeter-1.0.dist-info/METADATA", head)
        tags = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr("greeter-1.0.dist-info/WHEEL", tags)
        archive.writestr("greeter-1.0.dist-info/RECORD", "")
    return path


def need(copy: Path, requirement: str) -> None:
    """Let the copy require this and nothing else."""
    text = f'[project]\ndependencies = []\noptional-dependencies = {{ demo = ["{requirement}"] }}\n'
    (copy / "pyproject.toml").write_text(text, "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the real bootstrap, one command and one requirement."""
    folder = tmp_path_factory.mktemp("check out")
    (folder / "cli").mkdir()
    (folder / "device").mkdir()
    shutil.copy(ROOT / "mlfym", folder)
    for name in MODULES:
        shutil.copy(ROOT / "cli" / f"{name}.py", folder / "cli")
    (folder / "cli" / "greet.py").write_text(GREETING, "utf-8")
    (folder / "device" / "__init__.py").write_text("WORD = 'ours'\n", "utf-8")
    (folder / "constraints.txt").write_text("", "utf-8")
    need(folder, f"greeter @ {wheel(folder).as_uri()}")
    return folder


def start(copy: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """Start the copy's mlfym with the Python that runs the tests."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFYM", "PYTHON"))}
    return subprocess.Popen(
        [sys.executable, str(copy / "mlfym"), *arguments],
        env=environment | {"PATH": "/usr/bin:/bin"} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=settings.get("PWD", "/"),
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Status, output and errors of a program once it is done."""
    output, errors = process.communicate(timeout=240)
    return process.returncode, output, errors


@pytest.fixture(scope="module")
def made(copy: Path) -> Path:
    """The copy after two starts at once, which had to make its environment."""
    both = [start(copy, "greet", name) for name in ("one", "two")]
    for (status, output, errors), name in zip(map(ended, both), ("one", "two"), strict=True):
        assert (status, output) == (7, f"hello ours {name} {copy}/.venv\n"), errors
    return copy


def test_two_first_starts_both_succeed(made: Path) -> None:
    """The first start makes the environment, a second one at the same time waits for it."""
    stamp = json.loads((made / ".venv" / "mlfym-stamp.json").read_text())
    assert stamp["extras"] == ["demo"]


def test_a_later_start_installs_nothing(made: Path) -> None:
    """A ready environment is not touched, and the command's status and words come through."""
    before = (made / ".venv" / "mlfym-stamp.json").stat()
    assert ended(start(made, "greet", "a b")) == (7, f"hello ours a b {made}/.venv\n", "")
    assert (made / ".venv" / "mlfym-stamp.json").stat() == before


def test_it_starts_from_anywhere(made: Path, tmp_path: Path) -> None:
    """Called through a link, from a directory with a `device` of its own, it runs ours."""
    for name in ("device", "cli"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("WORD = 'theirs'\n", "utf-8")
    (tmp_path / "mlfym").symlink_to(made / "mlfym")
    assert ended(start(tmp_path, "greet", PWD=str(tmp_path)))[:2] == (
        7,
        f"hello ours {made}/.venv\n",
    )


def test_a_half_made_environment_is_completed(made: Path) -> None:
    """Without its stamp an environment is finished before the command runs."""
    (made / ".venv" / "mlfym-stamp.json").unlink()
    shutil.rmtree(next((made / ".venv").glob("lib/python3*/site-packages/greeter-1.0.dist-info")))
    next((made / ".venv").glob("lib/python3*/site-packages/greeter.py")).unlink()
    assert ended(start(made, "greet"))[:2] == (7, f"hello ours {made}/.venv\n")


def test_another_pythons_environment_is_made_again(tmp_path: Path) -> None:
    """After the system's Python changed, the environment is that of the new one."""
    (tmp_path / "pyvenv.cfg").write_text("version = 3.10.1\n", "utf-8")
    (tmp_path / "mlfym.lock").write_text("", "utf-8")
    old = tmp_path / "lib" / "python3.10" / "site-packages"
    old.mkdir(parents=True)
    installation._create(tmp_path)
    assert not old.exists()
    assert (tmp_path / "bin" / "python").exists()
    assert (tmp_path / "mlfym.lock").exists()


def test_an_interrupt_leaves_no_traceback(made: Path) -> None:
    """Ctrl-C ends a command with status 130 and without a word."""
    status, _output, errors = ended(start(made, "greet", "interrupt"))
    assert (status, errors) == (130, "")


def test_a_failure_says_what_the_installer_said(made: Path, tmp_path: Path) -> None:
    """When the installer fails, its last words and what to do are shown.

    What it left counts as half made, even when the requirement is taken back.
    """
    good = (made / "pyproject.toml").read_text("utf-8")
    need(made, f"greeter @ {(tmp_path / 'nowhere-1.0-py3-none-any.whl').as_uri()}")
    status, output, errors = ended(start(made, "greet"))
    (made / "pyproject.toml").write_text(good, "utf-8")
    assert (status, output) == (1, "")
    assert "nowhere-1.0" in errors
    assert "start the same command again" in errors
    assert "Traceback" not in errors
    assert not stamped(made / ".venv", digest_of(made))


def test_a_failing_uv_gives_way_to_pip(made: Path, tmp_path: Path) -> None:
    """Where uv is on PATH but cannot install, pip does."""
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho no certificates\nexit 2\n", "utf-8")
    uv.chmod(0o755)
    (made / ".venv" / "mlfym-stamp.json").unlink()
    status, output, errors = ended(start(made, "greet", PATH=f"{tmp_path}:/usr/bin:/bin"))
    assert (status, output) == (7, f"hello ours {made}/.venv\n"), errors
    assert "no certificates" in errors


def test_a_folder_that_cannot_be_written_is_named(copy: Path) -> None:
    """On a read-only disk the message says which variable names another folder."""
    status, _output, errors = ended(start(copy, "greet", MLFYM_VENV="/proc/mlfym"))
    assert status == 1
    assert "cannot be written to /proc/mlfym" in errors
    assert "MLFYM_VENV=" in errors


def test_a_folder_with_other_things_is_left_alone(copy: Path, tmp_path: Path) -> None:
    """A folder that is no environment is refused, and nothing in it is touched."""
    (tmp_path / "letters.txt").write_text("dear", "utf-8")
    status, _output, errors = ended(start(copy, "greet", MLFYM_VENV=str(tmp_path)))
    assert status == 1
    assert "is not an environment" in errors
    assert [p.name for p in tmp_path.iterdir()] == ["letters.txt"]


def test_help_needs_no_environment(copy: Path, tmp_path: Path) -> None:
    """The overview and a mistyped command are answered at once."""
    bare = tmp_path / "bare"
    shutil.copytree(copy, bare, ignore=shutil.ignore_patterns(".venv"))
    status, output, _errors = ended(start(bare))
    assert status == 0
    assert "greet  Greet whoever asks\n" in output
    status, _output, errors = ended(start(bare, "great"))
    assert status == 2
    assert "did you mean greet?" in errors
    assert not (bare / ".venv").exists()


def test_an_old_python_is_told_so() -> None:
    """A Python before 3.11, with none newer on PATH, is named with what to install."""
    old = sorted(Path.home().glob(".pyenv/versions/3.[789].*/bin/python3"))
    if not old:
        pytest.skip("no Python between 3.7 and 3.9 here")
    done = subprocess.run(
        [old[-1], ROOT / "mlfym"],
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr


def test_an_old_python_hands_over_to_a_newer_one(tmp_path: Path) -> None:
    """A Python before 3.11 starts the newest that really runs."""
    old = sorted(Path.home().glob(".pyenv/versions/3.[789].*/bin/python3"))
    if not old:
        pytest.skip("no Python between 3.7 and 3.9 here")
    (tmp_path / "python3.13").write_text("#!/bin/sh\nexit 127\n", "utf-8")
    (tmp_path / "python3.13").chmod(0o755)
    (tmp_path / "python3.11").symlink_to(sys.executable)
    done = subprocess.run(
        [old[-1], ROOT / "mlfym"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_python_without_pip_is_explained(tmp_path: Path) -> None:
    """Debian's Python without python3-venv leads to that package's name."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "No module named ${2}"\nexit 1\n', "utf-8")
    python.chmod(0o755)
    with pytest.raises(EnvironmentFailedError, match="apt install python3-venv"):
        installation._bring_pip(str(python))


def test_requirements_follow_extras_of_extras() -> None:
    """The demo's requirements are those of device, server and broker, each once and pinned."""
    found = requirements(ROOT / "pyproject.toml", frozenset({"demo"}))
    names = [requirement.partition("==")[0] for requirement in found]
    assert {"numpy", "opencv-python-headless", "implicit", "iotcore"} <= set(names)
    assert "pytest" not in names
    assert len(names) == len(set(names))
    assert all("==" in requirement for requirement in found)


def test_constraints_agree_with_the_pins() -> None:
    """Every requirement of demo and test stands in constraints.txt with the same version."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    held = {line.partition(";")[0].partition("#")[0].strip() for line in lines}
    wanted = requirements(ROOT / "pyproject.toml", frozenset({"demo", "test"}))
    assert [pin for pin in wanted if pin.partition("[")[0] == pin and pin not in held] == []


def test_the_trainer_has_an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two gigabytes of trainer are not brought to play music, unless a folder is named."""
    monkeypatch.delenv("MLFYM_VENV", raising=False)
    assert folder_of("model_export") == ROOT / ".venv-export"
    assert folder_of("test") == folder_of("demo") == ROOT / ".venv"


def test_every_command_with_extras_exists() -> None:
    """No extras are kept for a command that is gone, and every command is described."""
    assert set(EXTRAS) <= set(commands())
    assert all(commands().values())


def test_a_command_may_be_written_with_a_dash() -> None:
    """`model-export` and `model_export` are one command; a path is none."""
    assert command_of(["model-export"]) == "model_export"
    assert command_of(["../mlfym"]) == command_of(["environment"]) == command_of([]) == ""


def test_a_mistyped_command_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no command is answered with the nearest one, in status 2."""
    assert main(["tset"]) == 2
    assert "did you mean test?" in capsys.readouterr().err


def test_a_program_that_is_not_there_is_an_installer_error() -> None:
    """An installer that cannot be started is reported like one that fails."""
    with pytest.raises(InstallerError, match="No such file"):
        run_shown(["/nowhere/pip"], "nothing")
