"""Landlock, by its three system calls (Linux 5.13; docs.kernel.org/userspace-api/landlock.html)."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
"""The same on every architecture."""
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_KNOWN_ACCESS = {1: 13, 2: 14, 3: 15, 4: 15}
"""Kinds of access that each version of the interface can deny; later ones, 16."""
_LATEST_ACCESS = 16

libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def allow_reading(folders: Iterable[Path]) -> bool:
    """From now on this process opens files beneath these folders, to read, and no others.

    Descriptors that are open already, or are handed over, stay usable. Needs no_new_privs.
    False when the kernel has no Landlock.
    """
    version = libc.syscall(_CREATE, None, 0, _VERSION_FLAG)
    if version < 1:
        return False
    kinds = (1 << _KNOWN_ACCESS.get(version, _LATEST_ACCESS)) - 1
    wanted = _Ruleset(handled_access_fs=kinds)
    ruleset = libc.syscall(_CREATE, ctypes.byref(wanted), ctypes.sizeof(wanted), 0)
    if ruleset < 0:
        return False
    try:
        for folder in folders:
            _allow(ruleset, folder)
        return bool(libc.syscall(_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, folder: Path) -> None:
    access = _READ_FILE | (_READ_DIR | _EXECUTE if folder.is_dir() else 0)
    try:
        opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = _PathBeneath(allowed_access=access, parent_fd=opened)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(opened)
