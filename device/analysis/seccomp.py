"""A seccomp filter that refuses what a reader of files never does (seccomp(2), classic BPF).

It is a list of what is refused, not of what is allowed: the libraries of four sound formats may
allocate, lock and start threads as they like on any version of libc. Written here since the
bindings of libseccomp need that library on the system.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED = {
    "x86_64": {
        "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "bind": 49, "listen": 50,
        "socketpair": 53, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "truncate": 76,
        "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87,
        "symlink": 88, "chmod": 90, "chown": 92, "ptrace": 101, "setuid": 105, "mknod": 133,
        "prctl": 157, "chroot": 161, "mount": 165, "umount2": 166, "init_module": 175,
        "keyctl": 250, "mkdirat": 258, "mknodat": 259, "unlinkat": 263, "renameat": 264,
        "linkat": 265, "symlinkat": 266, "fchmodat": 268, "unshare": 272, "accept4": 288,
        "perf_event_open": 298, "process_vm_readv": 310, "process_vm_writev": 311,
        "renameat2": 316, "bpf": 321, "execveat": 322, "userfaultfd": 323,
        "io_uring_setup": 425, "pidfd_open": 434,
    },
    "aarch64": {
        "mknodat": 33, "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37,
        "renameat": 38, "umount2": 39, "mount": 40, "truncate": 45, "chroot": 51,
        "fchmodat": 53, "unshare": 97, "init_module": 105, "ptrace": 117, "kill": 129,
        "setuid": 146, "prctl": 167, "socket": 198, "socketpair": 199, "bind": 200,
        "listen": 201, "accept": 202, "connect": 203, "sendto": 206, "keyctl": 219,
        "execve": 221, "perf_event_open": 241, "accept4": 242, "process_vm_readv": 270,
        "process_vm_writev": 271, "renameat2": 276, "bpf": 280, "execveat": 281,
        "userfaultfd": 282, "io_uring_setup": 425, "pidfd_open": 434,
    },
}  # fmt: skip
_OPENAT = {"x86_64": 257, "aarch64": 56}
_OPEN = {"x86_64": 2}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3, _OPENAT2 = 435, 437
_CLONE_THREAD = 0x00010000
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT, _ARGUMENT_BYTES = 0, 4, 16, 8
_X32 = 0x40000000
"""Calls of x86's 32-bit-pointer interface carry this bit, and would pass a list of numbers."""
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install() -> bool:
    """Refuse from now on, in this thread and those it starts; needs no_new_privs.

    False on an architecture whose numbers are not known here, or a kernel without seccomp.
    """
    machine = os.uname().machine
    if machine not in _AUDIT:
        return False
    code = b"".join(struct.pack("<HBBI", *step) for step in program(machine))
    built = _Program(length=len(code) // 8, filter=code)
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(built), 0, 0) == 0)


def program(machine: str) -> list[Instruction]:
    """The filter for an architecture: operation, jump if true, jump if false, constant."""
    refused = _ERRNO | errno.EPERM
    steps: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        steps += [(_ANY_BIT, 0, 1, _X32), (_RETURN, 0, 0, refused)]
    for number in _REFUSED[machine].values():
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, refused)]
    for number in (_CLONE3, _OPENAT2):  # libc falls back to the calls that can be looked into
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    steps += _unless_bits(_CLONE[machine], 0, _CLONE_THREAD, refuse_if_set=False)
    steps += _unless_bits(_OPENAT[machine], 2, _TO_WRITE, refuse_if_set=True)
    if machine in _OPEN:
        steps += _unless_bits(_OPEN[machine], 1, _TO_WRITE, refuse_if_set=True)
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _unless_bits(
    number: int, argument: int, bits: int, *, refuse_if_set: bool
) -> list[Instruction]:
    """Decide one call by bits of an argument's low word; other calls go on."""
    outcome = [_ERRNO | errno.EPERM, _ALLOW] if refuse_if_set else [_ALLOW, _ERRNO | errno.EPERM]
    return [
        (_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _ARGUMENTS_AT + argument * _ARGUMENT_BYTES),
        (_ANY_BIT, 0, 1, bits),
        (_RETURN, 0, 0, outcome[0]),
        (_RETURN, 0, 0, outcome[1]),
    ]
