"""`python -m tests.vision_sandbox UNIT FOLDER PROGRAM…`: as systemd would run it under a unit.

What is taken out of the unit, as it stands in the file: its network, its file system (FOLDER
appears as /run/mlfym), its system calls and address families, memory that may not be written
and executed, capabilities and new privileges. What is not: the user, the control group and the
devices, for which the unit's own systemd is needed. Needs root.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWNET = 0x20000, 0x8000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN = 24, 38, 65, 1
ACT_ALLOW, ACT_ERRNO, CMP_NE = 0x7FFF0000, 0x00050000, 1
ROOT = Path(__file__).parents[1]
ANALYZE = shutil.which("systemd-analyze") or ""
NEEDED = (Path(sys.prefix), Path(sys.base_prefix), ROOT)

libc = ctypes.CDLL(None, use_errno=True)


class Comparison(ctypes.Structure):
    """libseccomp's scmp_arg_cmp."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class MountAttributes(ctypes.Structure):
    """The kernel's struct mount_attr."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns"))


def settings(unit: Path) -> dict[str, list[str]]:
    """Values of each key of a unit."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def system_calls(group: str) -> set[str]:
    """Names in one of systemd's groups of system calls."""
    told = subprocess.run(
        [ANALYZE, "syscall-filter", group], capture_output=True, text=True, check=False
    ).stdout
    words = {line.strip() for line in told.splitlines()[1:] if not line.strip().startswith("#")}
    inner = {word for word in words if word.startswith("@")}
    return (words - inner - {""}).union(*map(system_calls, inner))


def allowed_calls(lines: list[str]) -> set[str]:
    """What lines of SystemCallFilter leave: the first list opens, those with ~ close."""
    calls: set[str] = set()
    for line in lines:
        closes = line.startswith("~")
        for word in line.removeprefix("~").split():
            names = system_calls(word) if word.startswith("@") else {word}
            calls = calls - names if closes else calls | names
    return calls


def checked(result: int, what: str) -> None:
    """Raise what the kernel said."""
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount, or say why not."""
    words = (word.encode() for word in (source, target, kind))
    checked(libc.mount(*words, flags, options.encode()), f"mount {target}")


def close_files(unit: dict[str, list[str]], folder: Path) -> None:
    """The unit's file system: read-only, with holes, and `folder` as /run/mlfym."""
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    held = os.open(folder, os.O_PATH)
    mount("tmpfs", "/run", "tmpfs")
    Path("/run/mlfym").mkdir()
    mount(f"/proc/self/fd/{held}", "/run/mlfym", flags=MS_BIND)
    os.close(held)
    homes = (
        ["/home", str(Path("~root").expanduser()), "/run/user"]
        if unit["ProtectHome"] == ["yes"]
        else []
    )
    for line in [*unit.get("InaccessiblePaths", []), *homes]:
        for word in line.split():
            path = Path(word.lstrip("-"))
            needed = any(needs.is_relative_to(path) for needs in NEEDED)
            if path.is_dir() and not path.is_symlink() and not needed:
                mount("tmpfs", str(path), "tmpfs", options="mode=000")
    if unit["ReadOnlyPaths"] == ["/"]:
        wanted = MountAttributes(set=MOUNT_ATTR_RDONLY)
        size = ctypes.sizeof(wanted)
        call = libc.syscall(MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, ctypes.byref(wanted), size)
        checked(call, "mount_setattr")


def close_calls(unit: dict[str, list[str]]) -> None:
    """The unit's SystemCallFilter, RestrictAddressFamilies and RestrictNamespaces."""
    seccomp = ctypes.CDLL(ctypes.util.find_library("seccomp"), use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ACT_ERRNO | errno.EPERM))
    names = allowed_calls(unit["SystemCallFilter"])
    if unit["RestrictNamespaces"] == ["yes"]:
        names -= {"unshare", "setns"}
    assert unit["RestrictAddressFamilies"] == ["AF_UNIX"]
    for name in names - {"socket"}:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # others belong to other processors
            seccomp.seccomp_rule_add_array(context, ACT_ALLOW, number, 0, None)
    socket_call = seccomp.seccomp_syscall_resolve_name(b"socket")
    for action, operator in ((ACT_ALLOW, 4), (ACT_ERRNO | errno.EAFNOSUPPORT, CMP_NE)):
        unix = Comparison(0, operator, socket.AF_UNIX.value, 0)
        seccomp.seccomp_rule_add_array(context, action, socket_call, 1, ctypes.byref(unix))
    checked(seccomp.seccomp_load(context), "seccomp")


def main(unit_path: str, folder: str, *program: str) -> None:
    """Close everything, then become the program."""
    unit = settings(Path(unit_path))
    wanted = CLONE_NEWNS | CLONE_NEWIPC
    wanted |= CLONE_NEWNET if unit["PrivateNetwork"] == ["yes"] else 0
    checked(libc.unshare(wanted), "unshare")
    close_files(unit, Path(folder))
    if unit["CapabilityBoundingSet"] == [""]:
        for capability in range(64):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        checked(libc.prctl(PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0), "MDWE")
    close_calls(unit)
    os.execv(program[0], program)  # noqa: S606 - that is its purpose


if __name__ == "__main__":
    main(*sys.argv[1:])
