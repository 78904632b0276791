"""Vision on tflite-runtime 2.14, the runtime's former package, in an environment of its own.

python3.11 -m venv legacy
legacy/bin/python -m pip install --require-hashes -r systemd/requirements/legacy/vision.txt
MLFYM_LEGACY_PYTHON=legacy/bin/python ./mlfym test --only pytest tests/test_legacy_runtime.py
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from bench.arm64.answers import Answers, Eye, answered, save
from bench.arm64.comparison import Row, compared
from bench.arm64.material import made
from bench.arm64.own_kernels import logits_of_own_kernels
from device.demo import BUNDLED_REEL
from device.vision.runtime import RUNTIMES

ROOT = Path(__file__).parents[1]
LEGACY_PYTHON = os.environ.get("MLFYM_LEGACY_PYTHON", "")
ANSWER_SECONDS = 600.0
named = pytest.mark.skipif(not LEGACY_PYTHON, reason="MLFYM_LEGACY_PYTHON names no environment")


def pins(text: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+==[\w.]+)", text, re.MULTILINE))


def test_the_legacy_environment_is_pinned_with_hashes() -> None:
    """Its file holds the dependency group, whole, and a hash for each."""
    group = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"][
        "legacy"
    ]
    text = (ROOT / "systemd/requirements/legacy/vision.txt").read_text("utf-8")
    assert pins(text) == set(group)
    assert "tflite-runtime==2.14.0" in group
    packages = [part for part in text.split("\n") if "==" in part]
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(packages)


def test_the_present_runtime_is_taken_where_both_are(tmp_path: Path) -> None:
    """And the former one where it is alone: by what is installed, no setting."""
    for package in RUNTIMES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    program = (
        "import importlib.util as u, sys\n"
        "from device.vision import runtime\n"
        "first = runtime.installed_runtime()\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'ai_edge_litert' else find(name)\n"
        "print(first, runtime.installed_runtime())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["ai_edge_litert", "tflite_runtime"]


class Legacy(NamedTuple):
    """What this environment and the legacy one answered, and what answered there."""

    here: Answers
    there: Answers
    rows: list[Row]
    about: dict[str, str]


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Legacy:
    """Both asked the same."""
    folder = tmp_path_factory.mktemp("legacy")
    eye = Eye()
    given: Answers = made(BUNDLED_REEL, eye.sight, eye.framing)
    here, seconds = answered(given)
    given["inputs"] = here["inputs"]
    save(folder / "material.npz", given)
    words = ["-m", "bench.arm64.answers", str(folder / "material.npz"), str(folder / "answers.npz")]
    subprocess.run(
        [LEGACY_PYTHON, *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=ANSWER_SECONDS,
        check=True,
    )
    with np.load(folder / "answers.npz", allow_pickle=False) as file:
        there: Answers = dict(file)
    said = json.loads(str(there.pop("said")))
    rows = compared(here, there, (seconds, said["seconds"]))
    return Legacy(here, there, rows, said["about"])


@named
def test_it_is_the_legacy_runtime(legacy: Legacy) -> None:
    """With the numpy and OpenCV that it can live with."""
    about = legacy.about
    assert about["tflite-runtime"] == "2.14.0"
    assert about["numpy"].startswith("1.26.")
    assert about["opencv-python-headless"].startswith("4.11.")


@named
def test_its_network_is_the_present_one_without_xnnpack(legacy: Legacy) -> None:
    """To the bit, in all of some hundred crops: the wheel of 2.14 has no XNNPACK for int8."""
    assert len(legacy.there["logits"]) >= 300
    assert (legacy.there["logits"] == logits_of_own_kernels(legacy.here["inputs"])).all()


@named
def test_no_decision_is_another(legacy: Legacy) -> None:
    """Steps of the int8 outputs differ by that rounding; no emotion, and no being known, does."""
    rows = {row.stage.key: row for row in legacy.rows}
    print(*(row.cells() for row in legacy.rows), sep="\n")  # noqa: T201 - the figures, with -s
    assert {key for key, row in rows.items() if row.equal < row.count} <= {"logits", "path"}
    assert rows["logits"].decisions == rows["path"].decisions == 0
