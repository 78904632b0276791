"""Who may import whom, over every source file."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PROGRAMS = frozenset({"device", "recommender_server", "model_export"})
OURS = PROGRAMS | {"contracts", "cli", "bench", "tests"}
MAY_IMPORT = {
    "contracts": frozenset({"contracts"}),
    **{program: frozenset({program, "contracts"}) for program in PROGRAMS},
}
"""Packages of ours that a package may import; cli, bench and tests may import all."""

HOMES = {
    "picamera2": ("device.vision.picamera",),
    "libcamera": ("device.vision.picamera",),
    "pygame": ("device.music.sound",),
    "av": ("device.music.sound.decoder",),
    "zeroconf": ("device.frontends.naming",),
    "gpiozero": ("device.frontends.buttons",),
    "starlette": ("device.frontends.web", "device.setup"),
    "uvicorn": ("device.frontends.web", "device.setup"),
    "ai_edge_litert": ("device.vision.runtime", "model_export.litert"),
    "tflite_runtime": ("device.vision.runtime",),
    "watchfiles": ("device.music.watching",),
    "mutagen": ("device.analysis", "device.demo"),
    "paho": ("contracts.bus",),
    "torch": ("model_export",),
    "tensorflow": ("model_export",),
    "keras": ("model_export",),
    "gensim": ("recommender_server.tag2vec",),
    "implicit": ("recommender_server.als",),
    "iotcore": ("cli.broker",),
}
"""The one module or folder of a program that knows a driver."""

NOT_IN_CORE = frozenset(HOMES) | {
    "asyncio",
    "cv2",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
    "urllib",
    "contracts.bus",
    "device.app",
    "device.store",
    "device.frontends",
    "device.vision",
    "device.analysis",
}
"""The core is pure: no driver, no thread, no clock, no disk."""


class Import(NamedTuple):
    """A module that a source imports."""

    name: str
    line: int


def imports(source: str) -> Iterator[Import]:
    """Every import of a source, however it is written and wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports here are absolute"
            base = node.module or ""
            yield Import(base, node.lineno)
            yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            first = node.args[0]
            by_name = name in {"import_module", "__import__", "run_module"}
            if by_name and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield Import(first.value, node.lineno)


def inside(module: str, folder: str) -> bool:
    """Whether a module is that one or lies in it."""
    return module == folder or module.startswith(f"{folder}.")


def broken_rules(module: str, source: str, core: frozenset[str] = frozenset()) -> list[str]:
    """What a module imports and must not, in words.

    Args:
        module: dotted name.
        source: its text.
        core: modules that the device's core consists of.

    """
    package = module.partition(".")[0]
    broken = []
    for imported, line in imports(source):
        top = imported.partition(".")[0]
        where = f"{module}:{line} imports {imported}"
        if top in OURS and top not in MAY_IMPORT.get(package, OURS):
            broken.append(f"{where}: {package} may not know {top}")
        homes = HOMES.get(top, ())
        bound = package in MAY_IMPORT  # benches, commands and tests put programs together
        if bound and homes and not any(inside(module, home) for home in homes):
            broken.append(f"{where}: only {' and '.join(homes)} may")
        if module in core and any(inside(imported, name) for name in NOT_IN_CORE):
            broken.append(f"{where}: the core is pure")
    return broken


def sources() -> dict[str, str]:
    """Text of every module of ours by its dotted name."""
    found = {}
    for package in sorted(OURS):
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = path.read_text(encoding="utf-8")
    return found


def closure(start: str, known: dict[str, str], package: str) -> frozenset[str]:
    """Modules of a package that a module imports, directly or not, itself included."""
    reached, pending = set[str](), [start]
    while pending:
        module = pending.pop()
        if module in reached or module not in known or not inside(module, package):
            continue
        reached.add(module)
        pending += [imported.name for imported in imports(known[module])]
    return frozenset(reached - {package})


def text_files() -> Iterator[Path]:
    """Every file of the checkout that people wrote."""
    kinds = {".py", ".md", ".toml", ".txt", ".html", ".js", ".css", ".service", ".conf", ".sh"}
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if not name.startswith(".") and "egg-info" not in name]
        yield from (Path(folder, n) for n in names if Path(n).suffix in kinds or n == "mlfym")
    yield ROOT / ".ci" / "run"


SOURCES = sources()
CORE = closure("device.core", SOURCES, "device")


@pytest.mark.parametrize("module", SOURCES)
def test_every_module_keeps_the_rules(module: str) -> None:
    """A module imports only what its place allows."""
    assert broken_rules(module, SOURCES[module], CORE) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("contracts.mood", "from device import events"),
        ("contracts.mood", "import recommender_server.service"),
        ("device.app", "from recommender_server import service"),
        ("recommender_server.service", "import device.core"),
        ("model_export.train", "from device.vision.runtime import TfliteModel"),
        ("device.app", "from cli.broker import EmbeddedBroker"),
        ("device.vision.faces", "import picamera2"),
        ("device.vision.faces", "def late():\n    from ai_edge_litert import interpreter"),
        ("device.app", "import importlib\nimportlib.import_module('pygame.mixer')"),
        ("recommender_server.service", "import paho.mqtt.client"),
        ("device.core", "import time"),
        ("device.core", "from contracts.bus import Bus"),
        ("device.core", "from device import store"),
    ],
)
def test_a_planted_import_is_caught(module: str, source: str) -> None:
    """An import against the rules is found, wherever in the file it hides."""
    assert len(broken_rules(module, source, frozenset({"device.core"}))) >= 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("contracts.bus", "from paho.mqtt.client import Client"),
        ("device.vision.runtime", "import ai_edge_litert"),
        ("cli.demo", "import device.app\nimport recommender_server.service"),
        ("device.core", "from contracts.mood import Mood\nfrom device.mood import MoodFilter"),
    ],
)
def test_an_allowed_import_is_left_alone(module: str, source: str) -> None:
    """An import within the rules is not reported."""
    assert broken_rules(module, source, frozenset({"device.core"})) == []


def test_the_core_is_found() -> None:
    """The core consists of more than its first module, and of no shell."""
    assert {"device.core", "device.events", "device.effects", "device.mood"} <= CORE


def test_no_file_is_long() -> None:
    """No source file but a test has more than 300 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in text_files()
        if path.suffix == ".py" and "tests" not in path.parts
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


def test_no_file_names_a_folder_of_some_machine() -> None:
    """Nothing in the checkout depends on where somebody keeps it."""
    private = re.compile(r"(?<![\w.~-])/(?:root|work|home/\w+|opt/(?:pypi|wheels))\b")
    named = {
        str(path.relative_to(ROOT)): found[0]
        for path in text_files()
        if (found := private.search(path.read_text(encoding="utf-8")))
    }
    assert named == {}
