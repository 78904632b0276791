"""A Raspberry Pi's userland in a folder, run by qemu: Debian for arm64 and the pinned packages.

Debian's packages are unpacked, not set up, so nothing of theirs runs while it is made. Programs run
in it through chroot, each started as qemu's own argument: no binfmt_misc of this machine is
touched, and nothing is mounted: this machine's /proc and /sys tell of another processor than the
emulated one, and LiteRT ends with a segmentation fault over it. They are folders with the files
that are read. Without any of them LiteRT does not know the processor and leaves XNNPACK aside, so
that it runs code that no Raspberry Pi runs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.arm64.processors import CORES
from bench.needs import program, this_computer
from cli.cache import cache_folder
from cli.progress import InstallerError, run_shown
from contracts.whole_file import write_whole

if TYPE_CHECKING:
    from bench.arm64.processors import Processor
    from bench.needs import Computer

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "systemd" / "requirements" / "speaker.txt"

QEMU = ("qemu-aarch64-static", "qemu-aarch64")
"""Names of the statically linked emulator: until Bookworm, and from Trixie on."""
NEEDED = {("mmdebstrap",): "mmdebstrap", ("chroot",): "coreutils", QEMU: "qemu-user-static"}
DEBIAN = ("python3", "libstdc++6", "libgomp1")
PROGRAM = ("contracts", "device", "models", "bench/__init__.py", "bench/arm64")
APP, PACKAGES = "opt/mlfym/app", "opt/mlfym/packages"
CORES_LISTS = "sys/devices/system/cpu"
PYTHON = "/usr/bin/python3"
STAMP = "mlfym-userland.json"


class UserlandError(RuntimeError):
    """The userland cannot be made or run here; says what to do."""


@dataclass(frozen=True)
class Suite:
    """A release of Debian that Raspberry Pi OS follows."""

    name: str
    python: str
    glibc: int
    """Minor version of its C library: the newest wheels that it can load."""


SUITES = {
    suite.name: suite for suite in (Suite("bookworm", "3.11", 36), Suite("trixie", "3.13", 41))
}


def lacking(computer: Computer | None = None) -> str:
    """Why no userland can be made on a computer, this one if none is named; empty when it can."""
    computer = computer or this_computer()
    if computer.architecture != "x86_64":
        return f"this machine is {computer.architecture}; ./mlfym test runs vision on it as it is"
    return computer.lacks(NEEDED, "./mlfym test-arm64")


class Userland:
    """One suite's userland, made when it is missing or what it is made of changed.

    Args:
        suite: of Debian.
        requirements: hashed requirements to install.
        cache: folder that keeps it; the user's when left out.

    """

    def __init__(
        self, suite: Suite, requirements: Path = REQUIREMENTS, cache: Path | None = None
    ) -> None:
        self.suite, self._requirements = suite, requirements
        # Not in the checkout: a whole system's files are no sources of ours.
        self.folder = (cache or cache_folder()) / "arm64" / f"{suite.name}-{requirements.stem}"

    def make(self) -> bool:
        """Make it, unless it is there as it would be made; whether it had to be.

        Raises:
            UserlandError: Debian or the packages could not be had; says what was said last.

        """
        wanted = self._wanted()
        if self._made() == wanted:
            return False
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            debian = debian_words(self.suite, "arm64", DEBIAN, self.folder)
            run_shown(debian, f"Debian {self.suite.name} for arm64")
            bring_pip()
            hashed = ("--require-hashes", "--requirement", str(self._requirements))
            wheels = wheel_words(self.suite, "aarch64", self.folder / PACKAGES, hashed)
            run_shown(wheels, f"arm64 packages for Python {self.suite.python}")
        except InstallerError as error:
            msg = (
                f"the arm64 userland could not be made:\n{error}\n"
                "It takes Debian's packages and PyPI's: look at what it says (no network? no such"
                " suite on your mirror?), then start it again, perhaps with another --suite."
            )
            raise UserlandError(msg) from error
        link_usr(self.folder)
        for folder in ("proc/self", CORES_LISTS, "dev", "run", "tmp"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / STAMP, json.dumps(wanted).encode())
        return True

    def bring(self, processor: Processor) -> None:
        """Bring the program as it is now, the emulator, and what the kernel says of `processor`."""
        app = self.folder / APP
        shutil.rmtree(app, ignore_errors=True)
        for name in PROGRAM:
            source, copy = ROOT / name, app / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, copy)
        shutil.copy2(program(*QEMU), self.folder / "usr/bin/qemu")
        (self.folder / "proc/cpuinfo").write_text(processor.cpuinfo(), encoding="ascii")
        for name in ("possible", "present"):
            (self.folder / CORES_LISTS / name).write_text(f"0-{CORES - 1}\n", encoding="ascii")
        # What vision reads to give memory back: nothing, so it gives nothing back.
        (self.folder / "proc/self/smaps").touch()

    def words(self, processor: Processor, *python: str) -> list[str]:
        """The command line that runs Python with these arguments inside."""
        environment = {
            "HOME": "/tmp",  # noqa: S108 - inside the userland
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": f"/{PACKAGES}:/{APP}",
            "QEMU_CPU": processor.name,
        }
        words = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
        return [*words, program("chroot"), str(self.folder), "/usr/bin/qemu", PYTHON, *python]

    def run(self, processor: Processor, what: str, *python: str) -> None:
        """Run Python with these arguments inside, showing what it says.

        Raises:
            UserlandError: it ended badly; says what it said last.

        """
        try:
            run_shown(self.words(processor, *python), what)
        except InstallerError as error:
            msg = f"the emulated program failed; its last words:\n{error}"
            raise UserlandError(msg) from error

    def _wanted(self) -> dict[str, str]:
        digest = hashlib.sha256(self._requirements.read_bytes()).hexdigest()
        return {"debian": " ".join(DEBIAN), "suite": self.suite.name, "requirements": digest}

    def _made(self) -> dict[str, str]:
        try:
            made: dict[str, str] = json.loads((self.folder / STAMP).read_bytes())
        except (OSError, ValueError):
            return {}
        return made


def debian_words(
    suite: Suite, architecture: str, packages: tuple[str, ...], folder: Path
) -> list[str]:
    """The command that unpacks these packages, and what they depend on, into a folder."""
    words = ["mmdebstrap", f"--architectures={architecture}", "--variant=extract"]
    return [*words, f"--include={','.join(packages)}", suite.name, str(folder)]


def link_usr(folder: Path) -> None:
    """From Trixie on packages hold nothing outside /usr; setting them up would link to there."""
    for name in ("bin", "sbin", "lib", "lib64"):
        if (folder / "usr" / name).is_dir() and not (folder / name).exists():
            (folder / name).symlink_to(f"usr/{name}")


def wheel_words(suite: Suite, machine: str, target: Path, wanted: tuple[str, ...]) -> list[str]:
    """The command that installs wheels for a suite's Python on a machine into a folder."""
    tags = ["manylinux2014", *(f"manylinux_2_{n}" for n in range(5, suite.glibc + 1))]
    words = [sys.executable, "-m", "pip", "install", "--no-input", "--no-deps", "--no-compile"]
    words += ["--only-binary", ":all:", "--implementation", "cp"]
    words += ["--python-version", suite.python, "--target", str(target)]
    words += [word for tag in tags for word in ("--platform", f"{tag}_{machine}")]
    return [*words, *wanted]


def bring_pip() -> None:
    """Bring pip into this environment, which uv may have made without."""
    if importlib.util.find_spec("pip") is None:
        run_shown([sys.executable, "-m", "ensurepip"], "pip")
