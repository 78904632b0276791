"""A pack as bytes, for the wire and the disk of a device: a tenth of its size in memory.

Factors travel in half precision, neighbours as 16-bit numbers with 8-bit closeness and no more
of them than fit; vectors of tracks are made again out of their tags. What arrives is a
stranger's: digest, size and shapes are checked before anything is made of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from contracts import tag_space
from contracts.arrays import (
    Arrays,
    ArraysError,
    as_words,
    expect,
    from_planes,
    planes,
    sealed,
    smallest,
    unsealed,
    words,
)
from contracts.library_pack import bag_vectors
from contracts.pack import Pack, PackError
from contracts.track import TrackId

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC = b"MLFYMPK2"
MOST_BYTES = 64 * 1024 * 1024
"""Of a pack's arrays; 100,000 tracks take half of it."""
MOST_CELLS = 2**25
"""Of any matrix once it is in memory, 128 MiB."""
TASTE_BYTES = 330
"""A track's factors and neighbours, compressed: 10,000 tracks make 3.3 MB of a pack's 4."""
FACTOR_BYTES, NEIGHBOUR_BYTES = 1.72, 2.15
"""What zlib makes of a half-precision factor, and of a neighbour with its closeness: measured."""
FEWEST_NEIGHBOURS = 20
LEVELS = 255
_HALF = ("valence_arousal", "certainty", "popularity")
_EXACT = ("listener_factors", "affinity", "plays")


def pack_bytes(pack: Pack) -> bytes:
    """The pack for the wire and the disk; of neighbours only the nearest that fit."""
    return sealed(MAGIC, _arrays_of(pruned(pack)))


def read_pack(content: bytes) -> Pack:
    """The pack in these bytes.

    Raises:
        PackError: they were altered, or are not a pack of this version.

    """
    try:
        return _pack_of(unsealed(MAGIC, content, most_bytes=MOST_BYTES))
    except ArraysError as error:
        msg = f"the pack {error}: ask the server for another"
        raise PackError(msg) from error


def rounded(pack: Pack) -> Pack:
    """The pack in the precision of its bytes, so that both ends rank alike."""
    return _pack_of(_arrays_of(pack))


def sent(pack: Pack) -> Pack:
    """What the other end reads out of the pack's bytes."""
    return rounded(pruned(pack))


def pruned(pack: Pack) -> Pack:
    """The pack with as many of the nearest neighbours a track as its bytes have room for."""
    room = (TASTE_BYTES - FACTOR_BYTES * pack.factors.shape[1]) / NEIGHBOUR_BYTES
    most = max(FEWEST_NEIGHBOURS, int(room))
    if pack.neighbours.shape[1] <= most:
        return pack
    nearest = np.sort(np.argsort(-pack.closeness, axis=1, kind="stable")[:, :most], axis=1)
    return replace(
        pack,
        neighbours=np.take_along_axis(pack.neighbours, nearest, axis=1),
        closeness=np.take_along_axis(pack.closeness, nearest, axis=1),
    )


def _arrays_of(pack: Pack) -> Arrays:
    arrays: Arrays = {name: getattr(pack, name).astype(np.float16) for name in _HALF}
    arrays |= {name: getattr(pack, name).astype(np.float32) for name in _EXACT}
    arrays |= {"explicit": pack.explicit, "banned": pack.banned}
    arrays |= {
        "artists": smallest(pack.artists),
        "tag_counts": smallest(np.diff(pack.tag_starts)),
        "tag_ids": smallest(pack.tag_ids),
        "factors": planes(pack.factors.astype(np.float16)),
        "tracks": as_words(pack.tracks),
        "names": as_words((pack.library, pack.listener, pack.generation)),
    }
    return arrays | _neighbour_arrays(pack) | tag_space.arrays_of(pack.vocabulary, "word_")


def _neighbour_arrays(pack: Pack) -> Arrays:
    """Rows of rising numbers as steps between them, which are small; n stands for none."""
    count = len(pack.tracks)
    near = np.where(pack.neighbours < 0, count, pack.neighbours)
    order = np.argsort(near, axis=1, kind="stable")
    rising = np.take_along_axis(near, order, axis=1).astype(np.min_scalar_type(count))
    nearest = pack.closeness.max(axis=1, initial=0, keepdims=True)
    share = np.take_along_axis(pack.closeness, order, axis=1) / np.where(nearest > 0, nearest, 1)
    return {
        "steps": planes(np.diff(rising, axis=1, prepend=rising.dtype.type(0))),
        "nearest": nearest.ravel(),
        "levels": np.rint(LEVELS * np.sqrt(np.maximum(share, 0))).astype(np.uint8),
    }


def _pack_of(arrays: Arrays) -> Pack:
    vocabulary = tag_space.space_of(arrays, "word_")
    tracks = expect(arrays, "tracks", "SU", (-1,))
    names = words(expect(arrays, "names", "SU", (3,)))
    n, (v, d) = len(tracks), vocabulary.vectors.shape
    listener = _floats(arrays, "listener_factors", (-1,))
    _check_size(n, max(d, len(listener)))
    neighbours, closeness = _neighbours(arrays, n)
    starts, ids = _tags(arrays, n, v)
    return Pack(
        library=names[0],
        listener=names[1],
        generation=names[2],
        tracks=tuple(TrackId(word) for word in words(tracks)),
        artists=expect(arrays, "artists", "u", (n,)).astype(np.int32),
        explicit=expect(arrays, "explicit", "b", (n,)),
        valence_arousal=_floats(arrays, "valence_arousal", (n, 2)),
        certainty=_floats(arrays, "certainty", (n,)),
        tag_vectors=bag_vectors(vocabulary.vectors, starts, ids),
        tag_starts=starts,
        tag_ids=ids,
        vocabulary=vocabulary,
        factors=_factors(arrays, n, len(listener)),
        neighbours=neighbours,
        closeness=closeness,
        popularity=_floats(arrays, "popularity", (n,)),
        listener_factors=listener,
        affinity=_floats(arrays, "affinity", (n,)),
        banned=expect(arrays, "banned", "b", (n,)),
        plays=_floats(arrays, "plays", (n,)),
    )


def _check_size(tracks: int, columns: int) -> None:
    """What is small in a file can be large in memory: each track's row of vectors is.

    Raises:
        ArraysError: a matrix would be larger than MOST_CELLS.

    """
    if tracks * columns > MOST_CELLS:
        msg = f"would make {tracks} rows of {columns} numbers"
        raise ArraysError(msg)


def _factors(arrays: Arrays, tracks: int, width: int) -> NDArray[np.float32]:
    halves = np.dtype(np.float16)
    rows = expect(arrays, "factors", "u", (halves.itemsize, tracks * width))
    factors = from_planes(rows, halves, (tracks, width))
    return _floats({"factors": factors}, "factors", (tracks, width))


def _neighbours(arrays: Arrays, tracks: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    levels = expect(arrays, "levels", "u", (tracks, -1))
    width = levels.shape[1]
    _check_size(tracks, width)
    kind = np.min_scalar_type(tracks)
    steps = expect(arrays, "steps", "u", (kind.itemsize, tracks * width))
    near = np.cumsum(from_planes(steps, kind, (tracks, width)), axis=1, dtype=kind)
    if near.size and int(near.max()) > tracks:
        msg = "names neighbours that it does not have"
        raise ArraysError(msg)
    nearest = _floats(arrays, "nearest", (tracks,))[:, None]
    closeness = nearest * np.square(levels.astype(np.float32) / np.float32(LEVELS))
    return np.where(near == tracks, -1, near.astype(np.int32)).astype(np.int32), closeness


def _tags(
    arrays: Arrays, tracks: int, vocabulary: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where each track's tags start, and the tags."""
    ids = expect(arrays, "tag_ids", "u", (-1,))
    counts = expect(arrays, "tag_counts", "u", (tracks,))
    fits = int(counts.max(initial=0)) <= len(ids) and int(counts.sum(dtype=np.int64)) == len(ids)
    if not fits or int(ids.max(initial=0)) >= max(vocabulary, 1) or (len(ids) and not vocabulary):
        msg = "has tags that do not belong to its tracks or its words"
        raise ArraysError(msg)
    starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int32)
    return starts, ids.astype(np.int32)


def _floats(arrays: Arrays, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.ascontiguousarray(expect(arrays, name, "f", shape), dtype=np.float32)
