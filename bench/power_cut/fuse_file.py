"""A folder with one file in it that is a VolatileDisk, over the kernel's FUSE protocol.

A loop device over that file turns the file system's flushes into fsync of the file, so that the
disk knows exactly what was promised. The protocol is that of Linux' include/uapi/linux/fuse.h,
version 7.31; of it only what a single file needs.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.power_cut.volatile_disk import VolatileDisk

NAME = "disk"
HEADER = struct.Struct("<IIQQIIIHH")
REPLY = struct.Struct("<IiQ")
ATTRIBUTES = struct.Struct("<6Q10I")
ENTRY = struct.Struct("<4Q2I")
ATTRIBUTES_FOR = struct.Struct("<QII")
OPENED = struct.Struct("<QII")
RANGE = struct.Struct("<QQI")
WRITE_HEADER_BYTES = 40
INIT = struct.Struct("<4I2H2I2H8I")
ROOT_NODE, FILE_NODE = 1, 2
MOST = 1 << 17
"""Bytes of one write."""
KEPT_SECONDS = 3600
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE = 1, 2, 3, 4, 14, 15, 16
RELEASE, FSYNC, FLUSH, START, INTERRUPT, BATCH_FORGET = 18, 20, 25, 26, 36, 42
SILENT = frozenset({FORGET, INTERRUPT, BATCH_FORGET})
"""Nobody waits for an answer to these."""


class MountError(OSError):
    """FUSE cannot be mounted here."""


class FuseFile:
    """Serves `folder/disk` from a thread until it is unmounted."""

    def __init__(self, disk: VolatileDisk, folder: Path) -> None:
        self._disk, self._folder = disk, folder
        self._kernel = os.open("/dev/fuse", os.O_RDWR)
        try:
            _mount(folder, self._kernel)
        except OSError:
            os.close(self._kernel)
            raise
        self._does: dict[int, Callable[[int, memoryview], bytes]] = {
            START: self._start,
            LOOKUP: self._lookup,
            GETATTR: lambda node, _: ATTRIBUTES_FOR.pack(KEPT_SECONDS, 0, 0) + self._about(node),
            SETATTR: lambda node, _: ATTRIBUTES_FOR.pack(KEPT_SECONDS, 0, 0) + self._about(node),
            OPEN: lambda _, __: OPENED.pack(1, 0, 0),
            READ: self._read,
            WRITE: self._write,
            FSYNC: self._fsync,
            FLUSH: lambda _, __: b"",  # a close, which promises nothing
            RELEASE: lambda _, __: b"",
        }
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file."""
        return self._folder / NAME

    def end(self) -> None:
        """Unmount; whoever still uses the file gets errors."""
        ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(self._folder), 2)  # MNT_DETACH
        self._thread.join()
        os.close(self._kernel)

    def _serve(self) -> None:
        while True:
            try:
                packet = memoryview(os.read(self._kernel, MOST + 4096))
            except OSError as error:
                if error.errno in {errno.EINTR, errno.EAGAIN, errno.ENOENT}:
                    continue
                return  # ENODEV: unmounted
            _, code, unique, node, *_ = HEADER.unpack_from(packet)
            if code in SILENT:
                continue
            answer, failed = b"", 0
            try:
                answer = self._answer(code, node, packet[HEADER.size :])
            except OSError as error:
                failed = error.errno or errno.EIO
            with contextlib.suppress(FileNotFoundError):  # who asked was killed meanwhile
                reply = REPLY.pack(REPLY.size + len(answer), -failed, unique)
                os.write(self._kernel, reply + answer)

    def _answer(self, code: int, node: int, body: memoryview) -> bytes:
        does = self._does.get(code)
        if does is None:
            raise OSError(errno.ENOSYS, "not needed for one file")
        return does(node, body)

    def _start(self, _node: int, _body: memoryview) -> bytes:
        flags = BIG_WRITES | MAX_PAGES
        return INIT.pack(7, 31, MOST, flags, 16, 12, MOST, 1, MOST // 4096, 0, *[0] * 8)

    def _lookup(self, _node: int, body: memoryview) -> bytes:
        if bytes(body).rstrip(b"\0") != NAME.encode():
            raise OSError(errno.ENOENT, "there is one file")
        return ENTRY.pack(FILE_NODE, 0, KEPT_SECONDS, KEPT_SECONDS, 0, 0) + self._about(FILE_NODE)

    def _about(self, node: int) -> bytes:
        size = self._disk.size if node == FILE_NODE else 0
        mode = stat.S_IFREG | 0o600 if node == FILE_NODE else stat.S_IFDIR | 0o700
        times, rest = (0,) * 6, (0, 0, 0, 4096, 0)
        return ATTRIBUTES.pack(node, size, size // 512, *times[:3], *times[3:], mode, 1, *rest)

    def _read(self, _node: int, body: memoryview) -> bytes:
        _, offset, count = RANGE.unpack_from(body)
        return self._disk.read(offset, count)

    def _write(self, _node: int, body: memoryview) -> bytes:
        _, offset, count = RANGE.unpack_from(body)
        self._disk.write(offset, bytes(body[WRITE_HEADER_BYTES : WRITE_HEADER_BYTES + count]))
        return struct.pack("<II", count, 0)

    def _fsync(self, _node: int, _body: memoryview) -> bytes:
        self._disk.flush()
        return b""


def _mount(folder: Path, kernel: int) -> None:
    options = f"fd={kernel},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(b"mlfym-disk", os.fsencode(folder), b"fuse", 0, options):
        code = ctypes.get_errno()
        raise MountError(code, f"FUSE cannot be mounted: {os.strerror(code)}")
