"""Arrays in a file that came from elsewhere: nothing is allocated before it was checked."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from contracts.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MAX_BYTES = 256 * 1024 * 1024
"""No pack and no model of this size is ours: a million tracks would take less."""
DIGEST_BYTES, SIZE_BYTES = 32, 8
KINDS = "biufSU"
"""Booleans, numbers and fixed-width text; never Python objects."""

Arrays = dict[str, "NDArray[Any]"]


class ArraysError(ContractError):
    """The bytes are not arrays as agreed."""


def plain_npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An uncompressed npz: its size on the wire is its size in memory, so no bomb can hide."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def sealed(magic: bytes, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """`magic`, the sha256 of what follows (32 bytes), the npz's size (8 bytes), the npz by zlib."""
    content = plain_npz(arrays)
    rest = len(content).to_bytes(SIZE_BYTES, "big") + zlib.compress(content)
    return magic + hashlib.sha256(rest).digest() + rest


def unsealed(magic: bytes, content: bytes, *, most_bytes: int = MAX_BYTES) -> Arrays:
    """The arrays that `sealed` wrote; no more memory than it says, and than `most_bytes`, is used.

    Raises:
        ArraysError: another magic, a broken checksum, another size, or not plain arrays.

    """
    start = len(magic) + DIGEST_BYTES
    if content[: len(magic)] != magic:
        msg = f"does not start with {magic!r}: it is something else, or of another version"
        raise ArraysError(msg)
    if hashlib.sha256(content[start:]).digest() != content[len(magic) : start]:
        msg = "was altered or cut on its way (its sha256 differs)"
        raise ArraysError(msg)
    size = int.from_bytes(content[start : start + SIZE_BYTES], "big")
    return read_npz(_inflated(content[start + SIZE_BYTES :], size, most_bytes))


def _inflated(content: bytes, size: int, most_bytes: int) -> bytes:
    if not 0 < size <= most_bytes:
        msg = f"claims {size} bytes; from 1 to {most_bytes} are read"
        raise ArraysError(msg)
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(content, size)
    except zlib.error as error:
        msg = f"is not compressed as agreed: {error}"
        raise ArraysError(msg) from error
    if len(plain) != size or stream.unconsumed_tail or stream.unused_data:
        msg = f"is not the {size} bytes that it claims"
        raise ArraysError(msg)
    return plain


def smallest(array: NDArray[np.integer]) -> NDArray[np.unsignedinteger]:
    """The same numbers, none below 0, in as few bytes as hold the highest."""
    return array.astype(np.min_scalar_type(int(array.max(initial=0))))


def planes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """[item bytes, size]: first bytes of all items, then the second: zlib finds more alike."""
    flat = np.ascontiguousarray(array).reshape(-1, 1).view(np.uint8)
    return np.ascontiguousarray(flat.T)


def from_planes(
    rows: NDArray[np.uint8], dtype: np.dtype[Any], shape: tuple[int, int]
) -> NDArray[Any]:
    """What `planes` took apart: rows of as many bytes as `dtype` has and as `shape` has items."""
    flat: NDArray[Any] = np.ascontiguousarray(rows.T).view(dtype)
    return flat.reshape(shape)


def read_npz(content: bytes) -> Arrays:
    """Arrays of an uncompressed npz, each one's header checked before it is read.

    Raises:
        ArraysError: it is too large, compressed, pickled, or not an npz.

    """
    if len(content) > MAX_BYTES:
        msg = f"is {len(content)} bytes; at most {MAX_BYTES} are read"
        raise ArraysError(msg)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                member.filename.removesuffix(".npy"): _read_member(archive, member)
                for member in archive.infolist()
            }
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError, NotImplementedError) as error:
        msg = f"is not an npz of plain arrays: {error}"
        raise ArraysError(msg) from error


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > MAX_BYTES:
        msg = f"{member.filename} is compressed or too large"
        raise ValueError(msg)
    with archive.open(member) as stream:
        if npy.read_magic(stream) != (1, 0):
            msg = f"{member.filename} is not an npy of version 1.0"
            raise ValueError(msg)
        shape, _, dtype = npy.read_array_header_1_0(stream)
        claimed = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if dtype.kind not in KINDS or claimed > member.file_size:
            msg = f"{member.filename} claims {claimed} bytes of {dtype}, and has fewer"
            raise ValueError(msg)
    with archive.open(member) as stream:
        array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
    return array


def expect(arrays: Arrays, name: str, kinds: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The named array, if its kind is one of `kinds` and its shape fits; -1 fits any length.

    Raises:
        ArraysError: it is absent or different; says how.

    """
    if name not in arrays:
        msg = f"lacks {name}"
        raise ArraysError(msg)
    array = arrays[name]
    fits = len(array.shape) == len(shape) and all(
        want in (-1, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if array.dtype.kind not in kinds or not fits:
        msg = f"{name} is {array.dtype} {array.shape}, expected kind {kinds!r} {shape}"
        raise ArraysError(msg)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        msg = f"{name} holds numbers that are not finite"
        raise ArraysError(msg)
    return array


def words(array: NDArray[Any]) -> tuple[str, ...]:
    """Text out of an array of fixed-width text or UTF-8 bytes.

    Raises:
        ArraysError: the bytes are not UTF-8.

    """
    try:
        return tuple(w.decode() if isinstance(w, bytes) else w for w in array.tolist())
    except UnicodeDecodeError as error:
        msg = f"holds text that is not UTF-8: {error}"
        raise ArraysError(msg) from error


def as_words(texts: tuple[str, ...]) -> NDArray[Any]:
    """UTF-8 bytes, a quarter of numpy's own four bytes a letter."""
    width = max((len(text.encode()) for text in texts), default=1)
    return np.array([text.encode() for text in texts], dtype=f"S{max(width, 1)}")
