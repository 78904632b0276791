"""How tracks and libraries are named: the same on every device, and where lists name files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from contracts.track import Track, TrackId

if TYPE_CHECKING:
    from collections.abc import Iterable


def path_id(relative: bytes) -> TrackId:
    """16 hex digits of a file's path within the music folder, so that the folder may move."""
    return TrackId(hashlib.blake2b(relative).hexdigest()[:16])


def library_hash(tracks: Iterable[Track]) -> str:
    """Name of this set of tracks with these tags: 32 hex digits, whatever their order.

    Loudness and pictures do not count: they rank nothing, and they become known file by file.
    """
    digest = hashlib.blake2b(digest_size=16)
    for track in sorted(tracks, key=lambda t: t.id):
        ranked = msgspec.structs.replace(track, gain_db=None, album_gain_db=None, artwork="")
        digest.update(msgspec.json.encode(ranked) + b"\n")
    return digest.hexdigest()
