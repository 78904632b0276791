from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.appliance.music import upload_steps
from cli.appliance.system import System

UNITS = Path(__file__).parents[1] / "systemd/units"
ANALYZE = shutil.which("systemd-analyze") or ""
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
UPDATERS = ["mlfym-update-resume.service", "mlfym-update.service"]
ONCE = ["mlfym-train.service", *UPDATERS]
LASTING = [name for name in SERVICES if name not in ONCE]

needs_systemd = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed")


def settings(name: str) -> dict[str, list[str]]:
    """Values of each key of a unit, in the order in which they stand."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def exposure(unit: Path) -> float:
    """What systemd-analyze says of a unit: 0 is closed to everything, 10 open to everything."""
    told = subprocess.run(
        [ANALYZE, "security", "--offline=true", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert found, told
    return float(found[1])


@needs_systemd
@pytest.mark.parametrize(
    ("name", "limit"),
    [("vision", 1.5), ("core", 2.5), ("recommender@", 2.0), ("train", 2.0), ("setup", 2.0)],
)
def test_units_are_closed(name: str, limit: float) -> None:
    """Vision up to 1.5 of 10, core up to 2.5, the recommender and the set-up up to 2.0."""
    assert exposure(UNITS / f"mlfym-{name}.service") <= limit


@needs_systemd
@pytest.mark.parametrize("music", ["/srv/music", "/media/disk/our music", "/srv/100% music"])
def test_core_is_closed_where_people_add_music_too(tmp_path: Path, music: str) -> None:
    """With the installer's own file beside its unit: one folder more is writable, no other."""
    unit = tmp_path / "mlfym-core.service"
    shutil.copy(UNITS / unit.name, unit)
    for step in upload_steps(System(tmp_path), tmp_path, music):
        step.do()
    assert exposure(unit) <= 2.5
    told = subprocess.run([ANALYZE, "verify", unit], capture_output=True, text=True, check=False)
    assert "music.conf" not in told.stderr
    broken = unit.with_name("mlfym-core.service.d") / "music.conf"
    broken.write_text('[Service]\nReadWritePaths="Music\n', encoding="utf-8")
    told = subprocess.run([ANALYZE, "verify", unit], capture_output=True, text=True, check=False)
    assert "music.conf" in told.stderr  # it is read, and a fault in it would be told


@needs_systemd
def test_an_open_unit_is_told_apart(tmp_path: Path) -> None:
    """The same program without its restrictions is far above every limit."""
    unit = tmp_path / "mlfym-vision.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    assert exposure(unit) > 9


@needs_systemd
@pytest.mark.parametrize("unit", sorted(UNITS.iterdir()), ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path) -> None:
    """No complaint but of programs that are not installed here, and keys of systemd 254."""
    told = subprocess.run(
        [ANALYZE, "verify", str(unit)], capture_output=True, text=True, check=False
    ).stderr
    expected = ("is not executable", "'RestartSteps'", "'RestartMaxDelaySec'")
    ours = [line for line in told.splitlines() if "mlfym" in line]
    assert [line for line in ours if not any(words in line for words in expected)] == []


@pytest.mark.parametrize("name", LASTING)
def test_nothing_stays_failed(name: str) -> None:
    """Every lasting unit is restarted for ever, with a delay that grows."""
    unit = settings(name)
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert unit["Restart"] == ["always"]
    assert int(unit["RestartSec"][0]) >= 1
    assert int(unit["RestartMaxDelaySec"][0]) > int(unit["RestartSec"][0])
    assert int(unit["RestartSteps"][0]) > 1


def test_music_waits_for_neither_network_nor_camera() -> None:
    """Core is ordered after its socket, the sound and the disk alone."""
    core = settings("mlfym-core.service")
    waits = {unit for line in core["After"] for unit in line.split()}
    assert waits == {"mlfym-core.socket", "sound.target", "local-fs.target"}
    assert core["Requires"] == ["mlfym-core.socket"]
    assert "Wants" not in core


def test_only_vision_has_the_camera() -> None:
    """No other unit is given a video device."""
    cameras = {
        name
        for name in SERVICES
        if any("video4linux" in line for line in settings(name).get("DeviceAllow", []))
    }
    assert cameras == {"mlfym-vision.service"}


def test_vision_has_nowhere_to_write_to() -> None:
    """The whole tree is read-only, and no line makes a part of it writable."""
    vision = settings("mlfym-vision.service")
    assert vision["ProtectSystem"] == ["strict"]
    assert vision["ReadOnlyPaths"] == ["/"]
    writable = {"ReadWritePaths", "BindPaths", "PrivateTmp", "TemporaryFileSystem"}
    folders = {f"{kind}Directory" for kind in ("State", "Cache", "Logs", "Runtime")}
    assert not (writable | folders) & vision.keys()


def test_vision_has_no_network() -> None:
    """An empty network of its own, and no socket but of a path."""
    vision = settings("mlfym-vision.service")
    assert vision["PrivateNetwork"] == ["yes"]
    assert vision["RestrictAddressFamilies"] == ["AF_UNIX"]


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in UPDATERS])
def test_no_unit_runs_as_root(name: str) -> None:
    """Each program has a user of its own; only what replaces programs is root."""
    assert settings(name)["User"][0].startswith("mlfym")
    assert settings(name)["NoNewPrivileges"] == ["yes"]


def test_core_is_watched() -> None:
    """Systemd hears of core's loop, and ends it when it hears nothing for 10 s."""
    core = settings("mlfym-core.service")
    assert core["Type"] == ["notify"]
    assert core["WatchdogSec"] == ["10"]
    assert core["TimeoutAbortSec"] == ["2"]


def test_vision_is_watched() -> None:
    """A vision that hangs is ended after 20 s, which is longer than anything it does."""
    vision = settings("mlfym-vision.service")
    assert vision["Type"] == ["notify"]
    assert vision["WatchdogSec"] == ["20"]
    assert vision["TimeoutAbortSec"] == ["2"]
