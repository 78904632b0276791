"""Gives up what the reader of files does not need, as far as an ordinary user can.

A hostile file that takes over this process finds: no way to gain rights, no new program, no
other process, no network, nothing it may write, and nothing it may read but the descriptors it
was handed and the program's own libraries. Each lock is tried; those that this kernel or this
user's rights do not give are named, so that core can say so once.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import sysconfig
from pathlib import Path

from device.analysis import landlock, seccomp

NICENESS, NICENESS_OF_LISTENING = 5, 15
"""Somebody waits for tags; nobody waits for hours of listening."""
MAX_MEMORY_BYTES = 1 << 30
MAX_FILES = 64

_PR_SET_NO_NEW_PRIVS, _PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 38, 1, 4
_SIGKILL = 9
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_IOPRIO_WHO_PROCESS, _IOPRIO_IDLE = 1, 3 << 13
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}

libc = ctypes.CDLL(None, use_errno=True)


def restrict() -> tuple[list[str], list[str]]:
    """Lock what can be locked, for good; to be called before any thread is started.

    Returns:
        Names of the locks that hold, and of those that are not to be had here.

    """
    _calm()
    tried = {
        "no new privileges": libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        "no network of its own": _without_network(),
        "reads its own program only": landlock.allow_reading(program_folders()),
        "no programs, sockets or writing": seccomp.install(),
    }
    lacking = [name for name, holds in tried.items() if not holds]
    return [name for name in tried if name not in lacking], lacking


def program_folders() -> list[Path]:
    """Where this program and its libraries are."""
    places = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *sys.path}
    ours = Path(__file__).parents[2]
    folders = {ours / "device", ours / "contracts", Path("/usr/lib"), Path("/lib"), Path("/lib64")}
    folders |= {Path(place) for place in places if place} - {ours, Path.cwd()}
    return sorted(folder for folder in folders if folder.exists())


def step_back() -> None:
    """Least time of all from now on."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS_OF_LISTENING, os.nice(0)))


def _calm() -> None:
    """Music comes first: least time, idle disk, bounded memory, no file, no core dump."""
    os.nice(NICENESS)
    number = _IOPRIO_SET.get(os.uname().machine)
    if number:
        libc.syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def _without_network() -> bool:
    """A namespace with no interface up; a plain user needs a namespace of users for that."""
    if libc.unshare(_CLONE_NEWNET) == 0:
        return True
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)
