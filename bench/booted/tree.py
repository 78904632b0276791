"""A Debian in a folder, with the appliance installed in it as anybody would install it."""

from __future__ import annotations

import math
import os
import shutil
import struct
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

from cli.updating.making import fetch_wheels, program_files

BASE = "systemd-sysv,dbus,udev,python3,ca-certificates,procps,iproute2"
"""What a Raspberry Pi OS Lite has before anything is installed, as far as it matters here."""
MIRROR = "http://deb.debian.org/debian"
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
WHEELS = "var/cache/mlfym-wheels"
RATE, SONG_SECONDS = 22_050, 240


class TreeError(RuntimeError):
    """It could not be made; the message says what was said."""


@dataclass(frozen=True)
class Tree:
    """A system's root.

    Args:
        folder: of the system.
        work: for what is made on the way.
        suite: of Debian.

    """

    folder: Path
    work: Path
    suite: str

    def make(self, base: Path | None) -> None:
        """Unpack the suite's base system, which is fetched unless it is there.

        Raises:
            TreeError: it cannot be had.

        """
        archive = base or self.work / f"{self.suite}.tar"
        if not archive.is_file():
            words = ("mmdebstrap", "--variant=minbase", f"--include={BASE}", self.suite)
            told(*words, str(archive), MIRROR)
        self.folder.mkdir(parents=True)
        told("tar", "--extract", "--numeric-owner", "-C", str(self.folder), "-f", str(archive))
        shutil.copy("/etc/resolv.conf", self.folder / "etc/resolv.conf")

    def bring_wheels(self, checkout: Path, kept: Path | None) -> None:
        """Packages of Python for the installation and both updates, so that none needs a network.

        Raises:
            TreeError: they cannot be fetched.

        """
        wheels = kept or self.work / "wheels"
        if not wheels.is_dir():
            wheels.mkdir()
            fetch_wheels(checkout, wheels, PYTHONS[self.suite], os.uname().machine)
        shutil.copytree(wheels, self.folder / WHEELS)
        told_pip = f"[global]\nno-index = true\nfind-links = /{WHEELS}\n"
        (self.folder / "etc/pip.conf").write_text(told_pip, encoding="utf-8")

    def install(self, checkout: Path, *words: str) -> str:
        """Run a checkout's own installer for this system; what it said.

        Raises:
            TreeError: it failed.

        """
        installer = ("python3", str(checkout / "systemd/install"), "--root", str(self.folder))
        return told(*installer, *words)

    def add_music(self, count: int) -> None:
        """Songs of a tone each: what is heard does not matter here, that something is does."""
        folder = self.folder / "srv/music"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            step = 2 * math.pi * 220 * (number + 2) / RATE
            second = b"".join(
                struct.pack("<h", int(6000 * math.sin(step * i))) for i in range(RATE)
            )
            with wave.open(str(folder / f"Tone {number + 1}.wav"), "wb") as song:
                song.setnchannels(1)
                song.setsampwidth(2)
                song.setframerate(RATE)
                song.writeframes(second * SONG_SECONDS)

    def add_settings(self, text: str) -> None:
        """Write more into the device's settings, after those of the installer."""
        settings = self.folder / "etc/mlfym/device.toml"
        settings.write_text(settings.read_text("utf-8") + text, encoding="utf-8")


def copy_checkout(source: Path, target: Path, version: str, changes: dict[str, str]) -> Path:
    """The program as of another version.

    Args:
        source: a checkout.
        target: where to.
        version: that it says it is.
        changes: lines that come first in some of its files.

    """
    for name, path in program_files(source).items():
        file = target / Path(name).relative_to("app")
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, file)
    project = target / "pyproject.toml"
    lines = project.read_text("utf-8").splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("version = "))
    lines[at] = f'version = "{version}"\n'
    project.write_text("".join(lines), encoding="utf-8")
    for name, text in changes.items():
        file = target / name
        file.write_text(text + file.read_text("utf-8"), encoding="utf-8")
    return target


def told(*words: str) -> str:
    """Run a program with no settings of whoever calls; what it said.

    Raises:
        TreeError: it failed.

    """
    own = ("PIP_", "UV_", "PYTHON", "MLFYM_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    environment["DEBIAN_FRONTEND"] = "noninteractive"
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        last = "\n".join(said.strip().splitlines()[-15:])
        msg = f"{' '.join(words[:3])} … ended with {done.returncode}:\n{last}"
        raise TreeError(msg)
    return said
