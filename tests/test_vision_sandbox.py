from __future__ import annotations

import base64
import ctypes.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli.broker import EmbeddedBroker
from contracts.vision_wire import (
    MAX_PACKET_BYTES,
    CameraOff,
    CameraOn,
    CameraReport,
    CameraState,
    Configure,
    FacesSeen,
    Heartbeat,
    decode_from_vision,
    encode,
)
from device.vision.fakes import ANSWER_SECONDS, FakeCore
from tests.brokers import Listener
from tests.vision_scene import drawn_face, encoded, real_sight

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "systemd/units/mlfym-vision.service"
STRACE = shutil.which("strace") or ""
NEEDLE_BYTES = 60
"""A multiple of 3: base64 of it stands in base64 of what contains it, at one of three places."""


def can_close() -> str:
    """Why a unit's restrictions cannot be had here; empty when they can."""
    if os.geteuid():
        return "namespaces and mounts need root"
    if not shutil.which("systemd-analyze") or not ctypes.util.find_library("seccomp"):
        return "systemd-analyze or libseccomp is not installed"
    tried = closed("/bin/true", folder=Path("/var"), check=False)
    return "" if not tried.returncode else f"the kernel forbids it: {tried.stderr[-200:]}"


def words_of(folder: Path, *program: str) -> list[str]:
    return [sys.executable, "-m", "tests.vision_sandbox", str(UNIT), str(folder), *program]


def closed(*program: str, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program to its end under the unit's restrictions."""
    return subprocess.run(
        words_of(folder, *program), cwd=ROOT, capture_output=True, text=True, check=check
    )


REFUSED = can_close()
needs_closing = pytest.mark.skipif(bool(REFUSED), reason=REFUSED)
needs_strace = pytest.mark.skipif(not STRACE, reason="strace is not installed")

PROBE = """
import json, mmap, os, socket, subprocess
from pathlib import Path
def tried(deed):
    try: deed()
    except (OSError, subprocess.SubprocessError) as error: return type(error).__name__
    return "done"
def write(folder): return lambda: Path(folder, "mlfym-probe").write_bytes(b"a picture")
def family(number): return lambda: socket.socket(number, socket.SOCK_DGRAM).close()
deeds = {
    "ip4": family(socket.AF_INET), "ip6": family(socket.AF_INET6),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "packet": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "bluetooth": lambda: socket.socket(31, socket.SOCK_SEQPACKET, 0).close(),
    "vsock": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close(),
    "tmp": write("/tmp"), "shm": write("/dev/shm"), "var": write("/var/tmp"),
    "run": write("/run"), "link": write("/run/mlfym"), "root": write("/"), "here": write("."),
    "exec memory": lambda: mmap.mmap(-1, 4096, prot=7).close(),
    "namespace": lambda: subprocess.run(["unshare", "-r", "true"], check=True),
    "mount": lambda: subprocess.run(["mount", "-t", "tmpfs", "x", "/mnt"], check=True,
                                    stderr=subprocess.DEVNULL),
    "unix": family(socket.AF_UNIX),
}
print(json.dumps({name: tried(deed) for name, deed in deeds.items()}))
"""
"""What a program that was taken over would try."""


@needs_closing
def test_what_the_unit_denies_is_denied(tmp_path: Path) -> None:
    """No socket but of a path, no file anywhere, no memory for code, no way out."""
    told = json.loads(closed(sys.executable, "-c", PROBE, folder=tmp_path).stdout)
    assert told.pop("unix") == "done"
    assert {name: outcome for name, outcome in told.items() if outcome == "done"} == {}


@needs_closing
def test_the_same_is_done_where_nothing_denies_it(tmp_path: Path) -> None:
    """The probe tries in earnest: without the unit, sockets open and files appear."""
    (tmp_path / "cwd").mkdir()
    program = PROBE.replace('write("/")', 'write(".")').replace('write("/run")', 'write(".")')
    told = json.loads(
        subprocess.run(
            [sys.executable, "-c", program.replace('write("/run/mlfym")', 'write(".")')],
            cwd=tmp_path / "cwd",
            capture_output=True,
            check=True,
        ).stdout
    )
    for folder in ("/tmp", "/dev/shm", "/var/tmp"):  # noqa: S108 - where the probe wrote
        Path(folder, "mlfym-probe").unlink(missing_ok=True)
    names = ("ip4", "ip6", "netlink", "tmp", "shm", "var", "here", "exec memory")
    assert {told[name] for name in names} == {"done"}


# A frame with a watermark


class Watermark:
    """A picture of a face above noise that nothing else in the world contains."""

    def __init__(self, folder: Path) -> None:
        self.picture = drawn_face()
        noise = np.random.default_rng().integers(0, 256, (40, 640, 3), np.uint8)
        self.picture[440:] = noise
        self.path = folder / "watermarked.png"
        content = encoded(self.picture, ".png")
        self.path.write_bytes(content)
        middle = len(content) - len(content) // 4
        raw = noise[20].tobytes()
        turned = noise[20, :, ::-1].tobytes()
        plain = [raw[300:][:NEEDLE_BYTES], turned[300:][:NEEDLE_BYTES]]
        plain += [cv2.cvtColor(self.picture, cv2.COLOR_BGR2GRAY)[460, 100:160].tobytes()]
        plain += [content[middle:][:NEEDLE_BYTES]]
        shifted = [needle[shift:][: NEEDLE_BYTES - 3] for needle in plain for shift in range(3)]
        self.needles = [*plain, *(base64.b64encode(needle) for needle in shifted)]

    def within(self, content: bytes) -> bool:
        """Whether a part of the picture is in there: raw, turned, grey, packed or as base64."""
        return any(needle in content for needle in self.needles)

    def files(self, folders: list[Path], since: float) -> list[Path]:
        """Files changed since then that hold a part of the picture, beside the picture itself."""
        return [
            path
            for folder in folders
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink() and path != self.path
            if path.stat().st_mtime >= since and self.within(path.read_bytes())
        ]


@pytest.fixture
def mark(tmp_path: Path) -> Watermark:
    real_sight()
    folder = tmp_path / "link"
    folder.mkdir()
    return Watermark(folder)


def test_a_leaked_picture_is_found(mark: Watermark, tmp_path: Path) -> None:
    """Raw, as base64 or as a copy of the file: the search finds each."""
    raw = mark.picture.tobytes()
    leaks = {"raw": raw, "base64": b"x" + base64.b64encode(raw), "file": mark.path.read_bytes()}
    leaks["rgb"] = mark.picture[:, :, ::-1].tobytes()
    leaks["clean"] = drawn_face().tobytes()
    for name, content in leaks.items():
        (tmp_path / name).write_bytes(content)
    found = mark.files([tmp_path], since=0.0)
    assert sorted(path.name for path in found) == ["base64", "file", "raw", "rgb"]


Look = Callable[[list[str], str], list[bytes]]


@pytest.fixture
def look(mark: Watermark) -> Iterator[Look]:
    """Has a vision program look at the watermarked picture; gives all that core was told."""
    core = FakeCore(mark.path.parent / "vision.sock")
    started: list[subprocess.Popen[bytes]] = []

    def looked(program: list[str], picture: str) -> list[bytes]:
        started.append(subprocess.Popen(program, cwd=ROOT))
        core.accept()
        core.send(Configure(camera=picture, frames_per_second=20))
        core.send(CameraOn())
        packets = seen(core, 5)
        core.send(CameraOff())
        started[-1].terminate()
        started[-1].wait(ANSWER_SECONDS)
        return packets

    yield looked
    core.close()
    for process in started:
        process.kill()
        process.wait()


def seen(core: FakeCore, frames: int) -> list[bytes]:
    """Packets until so many frames with a face in them were told."""
    packets, faces = [], 0
    while faces < frames:
        core.send(Heartbeat())
        packet = core.receive()
        assert not (isinstance(packet, CameraReport) and packet.state is CameraState.FAILED), packet
        faces += isinstance(packet, FacesSeen) and bool(packet.faces)
        packets.append(encode(packet))
    return packets


@needs_closing
def test_vision_sees_under_the_units_restrictions(mark: Watermark, look: Look) -> None:
    """The real program finds the face, and tells core numbers only."""
    program = [sys.executable, "-m", "device.vision", "--socket", "/run/mlfym/vision.sock"]
    packets = look(words_of(mark.path.parent, *program), "/run/mlfym/watermarked.png")
    for packet in packets:
        assert len(packet) < MAX_PACKET_BYTES
        decode_from_vision(packet)
        assert not mark.within(packet)


WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE")
TRACED = (
    "%network,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,"
    "symlink,symlinkat,mknod,mknodat,truncate,ftruncate,memfd_create,execve,io_uring_setup,"
    "shmget,mq_open,process_vm_writev,pwrite64,pwritev,write,writev,sendfile,splice"
)
HARMLESS = {"/dev/null", "/dev/tty"}
MUTED = "chatter"
"""The piece of memory that takes what libraries print while they start (device.vision.runtime)."""
MAKING = (
    *("creat", "mk", "rename", "link", "symlink", "truncate", "ftruncate", "memfd", "io_uring"),
    *("shmget", "mq_open", "process_vm_writev", "sendfile", "splice"),
)


@needs_strace
def test_vision_by_itself_opens_no_socket_and_writes_no_file(
    mark: Watermark, look: Look, tmp_path: Path
) -> None:
    """Without any restriction, each system call of each thread is a Unix socket's or reads."""
    trace = tmp_path / "trace"
    since = mark.path.stat().st_mtime
    link = str(mark.path.parent / "vision.sock")
    program = [sys.executable, "-m", "device.vision", "--socket", link]
    strace = [STRACE, "-D", "-f", "-y", "-s", "120", "-o", str(trace), "-e", f"trace={TRACED}"]
    packets = look([*strace, *program], str(mark.path))
    assert not any(map(mark.within, packets))
    assert mark.files([tmp_path, Path("/dev/shm"), Path("/var/tmp")], since) == []  # noqa: S108
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    assert sum("socket(" in line for line in lines) >= 1
    assert suspicious(lines) == []


def suspicious(lines: list[str]) -> list[str]:
    """Lines of a trace that a program without network and disk would not have."""
    return [line for line in lines if not re.search(r"= -1 E", line) and not innocent(line)]


def innocent(line: str) -> bool:
    """Whether a call is a Unix socket's, a reading one, or a line of log."""
    call, _, rest = line.partition(" ")[2].strip().partition("(")
    if rest.startswith(f'"{MUTED}"') or f"memfd:{MUTED}>" in rest:
        return True
    if call in {"socket", "socketpair"}:
        return rest.startswith(("AF_UNIX", "AF_LOCAL"))
    if call in {"open", "openat", "openat2"}:
        path = rest.split('"')[1] if '"' in rest else ""
        return path in HARMLESS or not WRITING.search(rest.rpartition('"')[2])
    if call in {"write", "writev", "pwrite64", "pwritev"}:
        return bool(re.match(r"(2<|\d+<(socket|pipe|anon_inode):)", rest))
    return not call.startswith(MAKING)


@pytest.mark.parametrize(
    "line",
    [
        "7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
        '7 openat(AT_FDCWD</x>, "/var/tmp/face", O_WRONLY|O_CREAT, 0666) = 4</var/tmp/face>',
        '7 write(4</var/tmp/face>, "BGR", 3) = 3',
        '7 memfd_create("x", MFD_CLOEXEC) = 5',
    ],
)
def test_a_planted_system_call_is_caught(line: str) -> None:
    """A socket of the network, a file and a write to it are found in a trace."""
    assert suspicious([line]) == [line]


def test_no_picture_reaches_the_broker(mark: Watermark, tmp_path: Path) -> None:
    """Core and vision at work before a real broker: neither MQTT nor the disk holds a picture."""
    link, state = str(mark.path.parent / "vision.sock"), tmp_path / "state"
    (tmp_path / "music").mkdir()
    settings = tmp_path / "device.toml"
    python, since = sys.executable, mark.path.stat().st_mtime
    with EmbeddedBroker() as broker, Listener(broker.port, "watcher", ["#"]) as watcher:
        settings.write_text(
            f'music_folder = "{tmp_path / "music"}"\nstate_folder = "{state}"\n'
            f'vision_socket = "{link}"\n[broker]\nport = {broker.port}\n'
            f'[sound]\ndriver = "dummy"\n[camera]\nsource = "{mark.path}"\non_at_start = true\n'
            "[mood]\nenter = 0.3\nenter_negative = 0.3\nleave = 0.1\n",
            encoding="utf-8",
        )
        core = subprocess.Popen([python, "-m", "device", "--settings", str(settings)], cwd=ROOT)
        vision = subprocess.Popen([python, "-m", "device.vision", "--socket", link], cwd=ROOT)
        try:
            payloads = []
            while b"listener_arrived" not in b"".join(payloads):
                payloads.append(watcher.next().payload)
        finally:
            for process in (core, vision):
                process.terminate()
                process.wait(ANSWER_SECONDS)
    assert not any(map(mark.within, payloads))
    assert mark.files([tmp_path, Path("/dev/shm"), Path("/var/tmp")], since) == []  # noqa: S108
