"""Look this device over: camera, sound, broker, clock, disk, heat, models, versions.

Each line says what was seen and, where something is wrong, what to do. Nothing is changed, and
the camera is not opened.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cli.appliance import checks
from contracts.settings import EXIT_SETTINGS, SettingsError, load_settings

if TYPE_CHECKING:
    from cli.appliance.checks import Finding

INSTALLED = Path("/etc/mlfym/device.toml")
MARKS = {"good": "ok  ", "odd": "look", "bad": "BAD "}


def run(arguments: list[str]) -> int:
    """Print what was found; 1 when something is bad, 2 when the settings are."""
    from device.settings import DeviceSettings  # noqa: PLC0415 - as little as possible for --help

    parser = argparse.ArgumentParser(prog="mlfym doctor", description=__doc__)
    parser.add_argument("--settings", type=Path, help=f"default: {INSTALLED} when it is there")
    parser.add_argument("--json", action="store_true", help="a list of findings")
    options = parser.parse_args(arguments)
    chosen = options.settings or (INSTALLED if INSTALLED.is_file() else None)
    try:
        settings = load_settings(chosen, DeviceSettings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_SETTINGS
    core = checks.core_status(settings)
    found = checks.all_findings(settings, checks.Machine(Path("/"), said), core)
    print(as_json(found) if options.json else as_lines(found))
    return int(any(finding.state == "bad" for finding in found))


def said(*words: str) -> str:
    """What a program prints; empty when it is not there or fails."""
    program = shutil.which(words[0])
    if not program:
        return ""
    try:
        done = subprocess.run(
            [program, *words[1:]], capture_output=True, text=True, check=False, timeout=10
        )
    except subprocess.TimeoutExpired:
        return ""
    return "" if done.returncode else done.stdout.strip()


def as_json(found: list[Finding]) -> str:
    """A list of objects with name, state, saw and advice."""
    return json.dumps([finding.__dict__ for finding in found], indent=1)


def as_lines(found: list[Finding]) -> str:
    """A line a finding, and a second with what to do."""
    lines = []
    for finding in found:
        lines.append(f"{MARKS[finding.state]} {finding.name:<11} {finding.saw}")
        if finding.advice:
            lines.append(f"     {'':<11} → {finding.advice}")
    return "\n".join(lines)
