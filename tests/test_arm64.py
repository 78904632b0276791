"""The harness that holds an emulated Raspberry Pi against this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from bench import pi_camera
from bench.arm64.answers import PATH_COLUMNS, Answers, Eye, answered
from bench.arm64.comparison import HEAD, STAGES, Row, compared
from bench.arm64.material import VIEWS, face_row, found_face, made, reel_frames
from bench.arm64.processors import CORES, PROCESSORS
from bench.arm64.program import FRAMES, Watched
from bench.arm64.userland import SUITES, Userland, UserlandError, lacking, link_usr
from bench.faults.fault import Ground, NotSurvivedError
from bench.faults.registry import FAULTS
from bench.needs import EXIT_SKIPPED, Computer
from bench.virtual_camera import debian
from cli.test_arm64 import run
from contracts.emotion import EMOTIONS
from device.demo import BUNDLED_REEL
from device.vision.faces import FoundFace

SECONDS = {stage.key: 1.0 for stage in STAGES}


@pytest.fixture(scope="module")
def material() -> Answers:
    """Two faces of the reel and their crops."""
    eye = Eye()
    whole = made(BUNDLED_REEL, eye.sight, eye.framing)
    return {
        "frames": whole["frames"][:2],
        "found": whole["found"][:2],
        "crops": whole["crops"][: 2 * VIEWS],
    }


def rows_of(changed: Answers) -> dict[str, Row]:
    """Rows of plain answers against these, by their stages."""
    plain = plain_answers()
    return {r.stage.key: r for r in compared(plain, plain | changed, (SECONDS, SECONDS))}


def plain_answers() -> Answers:
    logits = np.zeros((3, len(EMOTIONS)), np.int8)
    logits[:, 1] = 100
    path = np.zeros((3, PATH_COLUMNS))
    path[:, 5] = path[:, -1] = 1.0
    return {
        "decoded": np.zeros((3, 4, 4, 3), np.uint8),
        "near": np.ones((3, 6)),
        "far": np.full((3, 6), np.nan),
        "cut": np.zeros((3, 48, 48), np.uint8),
        "inputs": np.zeros((3, 80, 80, 1), np.int8),
        "logits": logits,
        "path": path,
    }


# What is compared


def test_equal_answers_are_equal() -> None:
    """Also where nobody was found, which both tell in the same way."""
    for row in compared(plain_answers(), plain_answers(), (SECONDS, SECONDS)):
        assert (row.equal, row.count, row.largest, row.failure) == (3, 3, 0.0, "")
        assert len(row.cells()) == len(HEAD)
        assert "all equal" in row.cells()


def test_one_step_of_the_int8_network_is_told() -> None:
    """The network is held to the bit: how many differ, and by how much; no wrap of int8."""
    changed = plain_answers()["logits"]
    changed[1] = (-128, 127, 0, 0, 0, 0, 0, 0)
    row = rows_of({"logits": changed})["logits"]
    assert "1 of 3 differ, by up to 128" in row.failure
    assert row.decisions == 0
    assert row.equal == 2


def test_a_step_elsewhere_is_measured_and_allowed() -> None:
    """Floating point may differ by architecture; its size is told."""
    changed = plain_answers()["cut"]
    changed[2, 5, 5] = 3
    row = rows_of({"cut": changed})["cut"]
    assert (row.equal, row.largest, row.failure) == (2, 3.0, "")
    assert "3 grey levels" in row.cells()


def test_another_decision_is_a_failure() -> None:
    """Another emotion, a face lost, and known here but not there: three decisions."""
    path = plain_answers()["path"]
    path[0, 4:12] = np.eye(8)[3]
    path[1] = np.nan
    path[2, -1] = 0.0
    row = rows_of({"path": path})["path"]
    assert row.decisions == 3
    assert "3 of 3 decisions" in row.failure
    near = plain_answers()["near"]
    near[0] = np.nan
    assert rows_of({"near": near})["near"].decisions == 1


def test_a_decision_on_the_edge_is_told_and_no_failure() -> None:
    """A face known by a hair here may be unknown by a hair there."""
    path = plain_answers()["path"]
    path[0, 4] += 0.05
    path[0, -1] = 0.0
    row = rows_of({"path": path})["path"]
    assert (row.decisions, row.failure) == (1, "")


def test_answers_to_other_material_are_refused() -> None:
    """A row of the one and a row of the other must be the same frame."""
    with pytest.raises(ValueError, match="logits"):
        rows_of({"logits": plain_answers()["logits"][:2]})
    with pytest.raises(ValueError, match="inputs"):
        rows_of({"inputs": plain_answers()["inputs"].astype(np.int16)})


# What both answer to


def test_the_material_is_of_the_bundled_reel(material: Answers) -> None:
    """A face in every frame; of each the crop that vision makes, and seven beside it."""
    eye = Eye()
    (face,) = eye.sight.find(material["frames"][0])
    assert face_row([face]).tolist() == material["found"][0].tolist()
    assert found_face(material["found"][0]) == face
    cut = eye.sight.classifier.crop(material["frames"][0], face)
    assert (material["crops"][0] == cut).all()
    assert len({crop.tobytes() for crop in material["crops"]}) == 2 * VIEWS


def test_no_face_is_a_row_of_nothing() -> None:
    """Where there is one, its box, score and roll."""
    assert np.isnan(face_row([])).all()
    assert face_row([FoundFace((1, 2, 3, 4), 0.5, 6)]).tolist() == [1, 2, 3, 4, 0.5, 6]


def test_what_is_no_video_is_said(tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / "reel.mp4").write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"reel\.mp4"):
        reel_frames(tmp_path / "reel.mp4")


def test_answers_are_those_of_visions_own_path(material: Answers) -> None:
    """The int8 numbers are what the classifier makes its probabilities of; every stage answers."""
    found, seconds = answered(material)
    assert set(found) == set(seconds) == {stage.key for stage in STAGES}
    eye = Eye()
    out = eye.network.outputs[0]
    real = (found["logits"][0].astype(np.float64) - out.zero_point) * out.scale
    told = eye.sight.classifier.probabilities(material["crops"][0])
    assert int(real.argmax()) == int(told.argmax())
    assert found["logits"].dtype == np.int8
    assert found["logits"].shape == (2 * VIEWS, len(EMOTIONS))
    assert len(found["decoded"]) == len(found["path"]) == 38
    again, _ = answered(material | {"inputs": found["inputs"]})
    assert not [r.failure for r in compared(found, again, (seconds, seconds)) if r.failure]


def test_given_inputs_are_taken_instead_of_ones_own(material: Answers) -> None:
    """So that the network's difference is the network's alone."""
    inputs = np.zeros((1, Eye().size, Eye().size, 1), np.int8)
    found, _ = answered(material | {"inputs": inputs})
    assert len(found["inputs"]) == 2 * VIEWS
    assert len(found["logits"]) == 1


# The emulated machine


@pytest.mark.parametrize(
    ("name", "part"), [("cortex-a53", "0xd03"), ("cortex-a72", "0xd08"), ("cortex-a76", "0xd0b")]
)
def test_the_emulated_kernel_names_the_processor(name: str, part: str) -> None:
    """Four cores, each by the number that the network's library chooses its code by."""
    text = PROCESSORS[name].cpuinfo()
    cores = [core for core in text.split("\n\n") if core]
    assert len(cores) == CORES
    assert all(f"CPU part\t: {part}" in core.splitlines() for core in cores)
    assert ("asimddp" in text) == (name == "cortex-a76")


def test_what_is_missing_is_named() -> None:
    """Another machine, no root, no emulator: each says what to do, and the command ends with 77."""
    assert "sudo ./mlfym test-arm64" in lacking(Computer("x86_64", user=1000))
    bare = Computer("x86_64", user=0, find=lambda *_: "")
    assert lacking(bare) == "sudo apt install mmdebstrap coreutils qemu-user-static"
    assert lacking(Computer("riscv64", user=0)).startswith("this machine is riscv64")
    assert "aarch64" in lacking(Computer("aarch64", user=0))


def test_a_run_that_cannot_be_is_neither_passed_nor_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 77, and says why."""
    monkeypatch.setenv("PATH", str(tmp_path))  # no emulator
    assert run([]) == EXIT_SKIPPED == 77
    assert f"cannot be run here: {lacking()}" in capsys.readouterr().err
    assert lacking()


def knows_no_suite(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An mmdebstrap that fails goes before the real one."""
    bin_folder.mkdir()
    script = bin_folder / "mmdebstrap"
    script.write_text("#!/bin/sh\necho 'E: no such suite' >&2\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_folder), prepend=os.pathsep)


def test_a_userland_that_cannot_be_made_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of what failed; the half of it does not count as made."""
    knows_no_suite(tmp_path / "bin", monkeypatch)
    userland = Userland(SUITES["bookworm"], cache=tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(UserlandError, match=r"no such suite[\s\S]*--suite"):
            userland.make()


def test_the_slow_run_tells_what_could_not_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of the faults that was not survived, with the reason."""
    knows_no_suite(tmp_path / "bin", monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(NotSurvivedError, match="no such suite"):
        list(FAULTS["arm64"].inject(Ground(tmp_path, tmp_path, 1)))
    assert FAULTS["arm64"].lacking is lacking


def test_usr_is_linked_where_packages_hold_nothing_else(tmp_path: Path) -> None:
    """As setting Debian's packages up would do; folders that are there stay."""
    for folder in ("usr/lib", "usr/bin", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    for _ in range(2):
        link_usr(tmp_path)
    assert (tmp_path / "lib").readlink() == Path("usr/lib")
    assert not (tmp_path / "bin").is_symlink()
    assert not (tmp_path / "lib64").is_symlink()


def test_the_camera_bench_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No root: how to call it; no tools: what to install. It ends with 77."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pi_camera.run([]) == EXIT_SKIPPED
    assert debian.lacking() in capsys.readouterr().err
    assert "sudo ./mlfym bench pi-camera" in debian.lacking(Computer("x86_64", user=1000))
    bare = Computer("x86_64", user=0, find=lambda *_: "")
    assert debian.lacking(bare) == "sudo apt install mmdebstrap gcc util-linux coreutils"


def test_a_userland_is_made_once(tmp_path: Path) -> None:
    """And again when the requirements changed."""
    requirements = tmp_path / "speaker.txt"
    requirements.write_text("numpy==2.4.6\n")
    userland = Userland(SUITES["trixie"], requirements, tmp_path)
    assert userland.folder.name == "trixie-speaker"
    userland.folder.mkdir(parents=True)
    stamp = userland.folder / "mlfym-userland.json"
    stamp.write_text(json.dumps(userland._wanted()))
    assert not userland.make()
    requirements.write_text("numpy==2.4.7\n")
    assert userland._made() != userland._wanted()


def test_a_program_that_told_too_little_failed() -> None:
    """Too few frames, a frame without its face, a bad end; a good one has no failure."""
    good = Watched("emotion", FRAMES, FRAMES, "", 0)
    assert good.failure == ""
    assert "0 of 12 frames. no such file" in Watched("", 0, 0, "no such file", 0).failure
    assert "11 of 12" in Watched("emotion", FRAMES, FRAMES - 1, "", 0).failure
    assert "status 78" in Watched("emotion", FRAMES, FRAMES, "", 78).failure
