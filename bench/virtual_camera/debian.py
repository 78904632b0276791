"""A Debian in a folder with libcamera's virtual camera, picamera2 and the appliance's packages.

Debian 13 is the first with that camera, and what Raspberry Pi OS Trixie is made of; picamera2 is
Raspberry Pi's, from PyPI. What runs in it sees a /proc of its own, no /sys and none of this
machine's cameras, in a mount namespace that ends with it.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from bench.arm64.material import reel_frames
from bench.arm64.userland import (
    PYTHON,
    REQUIREMENTS,
    ROOT,
    SUITES,
    UserlandError,
    bring_pip,
    debian_words,
    link_usr,
    wheel_words,
)
from bench.needs import program, this_computer
from bench.virtual_camera import REAL, scene
from cli.cache import cache_folder
from cli.progress import InstallerError, run_shown
from device.demo import BUNDLED_REEL

if TYPE_CHECKING:
    from bench.needs import Computer

SUITE = SUITES["trixie"]
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NEEDED: dict[tuple[str, ...], str] = {
    ("mmdebstrap",): "mmdebstrap",
    ("gcc",): "gcc",
    ("unshare",): "util-linux",
    ("chroot",): "coreutils",
}
DEBIAN = (
    "python3",
    "python3-libcamera",
    "libcamera-ipa",
    "python3-prctl",
    "python3-pil",
    "python3-piexif",
    "python3-jsonschema",
    "python3-libarchive-c",
    "libstdc++6",
    "libgomp1",
)
PICAMERA2 = ("picamera2==0.3.38", "videodev2==0.0.4")
PYTEST = ("pytest==9.2.0", "iniconfig==2.3.1", "pluggy==1.7.0", "packaging==26.3")
COPIED = (
    "contracts",
    "device",
    "models",
    "bench/__init__.py",
    "bench/virtual_camera",
    "tests/__init__.py",
    "tests/test_picamera.py",
)
APP, PACKAGES, LIBRARY = "opt/mlfym/app", "opt/mlfym/packages", "opt/mlfym/dma.so"
CONFIG = "usr/share/libcamera/pipeline/virtual/virtual.yaml"
FRAMES = "opt/mlfym/frames"
JPEG_QUALITY = 98

_ENTER = (
    'mount -t proc proc "$1/proc" && for name in null urandom; do'
    ' touch "$1/dev/$name" && mount --bind "/dev/$name" "$1/dev/$name" || exit; done;'
    ' folder=$1; shift; exec chroot "$folder" "$@"'
)
_PRELOADED = (
    "import os, sys;"
    f"os.execve(sys.argv[1], sys.argv[1:], os.environ | {{'LD_PRELOAD': '/{LIBRARY}'}})"
)
"""Only from within: the programs that enter it have another C library."""


def lacking(computer: Computer | None = None) -> str:
    """Why it cannot be run on a computer, this one if none is named; empty when it can."""
    computer = computer or this_computer()
    if computer.architecture not in ARCHITECTURES:
        return f"there is no Debian of ours for {computer.architecture}"
    return computer.lacks(NEEDED, "./mlfym bench pi-camera")


class VirtualCamera:
    """The Debian in its folder.

    Raises:
        UserlandError: it cannot be made, or a program in it failed.

    """

    def __init__(self, cache: Path | None = None) -> None:
        self.folder = (cache or cache_folder()) / "virtual_camera" / SUITE.name

    def make(self) -> None:
        """Make it, unless it is there."""
        stamp = self.folder / "made"
        if stamp.exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        machine, target = platform.machine(), self.folder / PACKAGES
        architecture = ARCHITECTURES[machine]
        self._shown(debian_words(SUITE, architecture, DEBIAN, self.folder), "Debian 13")
        bring_pip()
        hashed = ("--require-hashes", "--requirement", str(REQUIREMENTS))
        self._shown(wheel_words(SUITE, machine, target, hashed), "the appliance's packages")
        added = (*PICAMERA2, *PYTEST)
        self._shown(wheel_words(SUITE, machine, target, added), "picamera2 and pytest")
        link_usr(self.folder)
        stamp.touch()

    def bring(self) -> None:
        """Bring the program and its test as they are now, and build dma.c."""
        app = self.folder / APP
        shutil.rmtree(app, ignore_errors=True)
        for name in COPIED:
            copy = app / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, copy)
        words = [program("gcc"), "-shared", "-fPIC", "-O2", "-o", str(self.folder / LIBRARY)]
        self._shown([*words, str(ROOT / "bench/virtual_camera/dma.c"), "-ldl"], "dma.c")
        for folder in ("proc", "dev", "tmp"):
            (self.folder / folder).mkdir(exist_ok=True)

    def see_scene(self) -> None:
        """The camera sees the two colours that the test asks for."""
        self._see([scene()])

    def see_reel(self) -> None:
        """The camera sees a frame of the bundled reel every two seconds of it, looped."""
        self._see(list(reel_frames(BUNDLED_REEL)))

    def run(self, *python: str) -> str:
        """Run Python in it with these arguments; what it wrote to standard output."""
        environment = {
            "HOME": "/tmp",  # noqa: S108 - inside it
            "LANG": "C.UTF-8",
            "LIBCAMERA_LOG_LEVELS": "*:ERROR",
            "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"/{PACKAGES}:/{APP}:/{APP}/bench/virtual_camera/stubs",
            "PATH": "/usr/sbin:/usr/bin",
            REAL: "1",
        }
        inside = [PYTHON, "-c", _PRELOADED, PYTHON]
        words = [program("unshare"), "--mount", "--pid", "--fork", "sh", "-c", _ENTER, "sh"]
        done = subprocess.run(
            [*words, str(self.folder), *inside, *python],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
            msg = f"in {self.folder} it ended with status {done.returncode}:\n{last}"
            raise UserlandError(msg)
        return done.stdout

    def _see(self, frames: list[cv2.typing.MatLike]) -> None:
        folder = self.folder / FRAMES
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, frame in enumerate(frames):
            quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
            cv2.imwrite(str(folder / f"{number}.jpg"), frame, quality)
        config = self.folder / CONFIG
        config.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / "bench/virtual_camera/virtual.yaml", config)

    @staticmethod
    def _shown(words: list[str], what: str) -> None:
        try:
            run_shown(words, what)
        except InstallerError as error:
            msg = f"{what} could not be had:\n{error}"
            raise UserlandError(msg) from error
