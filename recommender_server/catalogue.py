"""What devices can play: libraries as they arrive, whole or as changes, and the items behind them.

An item is one recording, whichever devices have it (`recordings` says by what names).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contracts.library import library_hash
from contracts.library_pack import words_of
from contracts.messages import LibraryAck, LibraryChange, LibraryChunk
from contracts.tag_space import normalise
from recommender_server.recordings import keys_of, leading_artist
from recommender_server.storage import LibraryRow, Storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contracts.track import Track
    from recommender_server.settings import LimitSettings

LIBRARIES_KEPT = 2
"""Of each device: the present one, and the one before for requests still on their way."""
_EXTRA = re.compile(r"[(\[].*?[)\]]|\b(?:feat|ft|featuring|with)\b.*$|[^\w\s]")


def plain(text: str) -> str:
    """A title or an artist without brackets, guests and punctuation, to compare loosely."""
    return normalise(_EXTRA.sub(" ", normalise(text))) or normalise(text)


def item_of(store: Storage, track: Track, *, fallback: str) -> int:
    """The item of a track, made when it is new; `fallback` is its key when it has no other."""
    keys = list(keys_of(track)) or [fallback]
    found = store.find_item(keys)
    if found is None:
        found = store.add_item(track.title, track.artist)
    store.add_keys(found, keys)
    add_tags(store, found, words_of(track))
    return found


def artist_key(artist: str) -> str:
    """The key of the item that stands for an artist as a whole."""
    return f"artist:{leading_artist(artist)}"


def add_tags(store: Storage, item: int, tags: Iterable[str]) -> None:
    """Join tags to what is known of an item."""
    wanted = {normalise(tag) for tag in tags} - {""}
    if not wanted:
        return
    old = store.tags_of(item)
    if wanted - old:
        store.set_tags(item, old | wanted)


def take_chunk(
    store: Storage, device: str, chunk: LibraryChunk, limits: LimitSettings
) -> LibraryAck:
    """Keep a chunk; whoever brings the last one commits the library. Safe to repeat."""
    if chunk.index >= chunk.total:
        error = f"chunk {chunk.index} of {chunk.total} does not exist: count from 0"
        return LibraryAck(library=chunk.library, error=error)
    with store.writing():
        if store.library_number(device, chunk.library) is not None:
            return LibraryAck(library=chunk.library)
        place = (chunk.index, chunk.total)
        most = limits.pending_libraries
        chunks = store.keep_chunk(device, chunk.library, place, chunk.tracks, most)
        missing = tuple(sorted(set(range(chunk.total)) - set(chunks)))
        if missing:
            return LibraryAck(library=chunk.library, missing=missing)
        tracks = [track for index in sorted(chunks) for track in chunks[index]]
        return _committed(store, device, chunk.library, tracks, limits)


def take_change(
    store: Storage, device: str, change: LibraryChange, limits: LimitSettings
) -> LibraryAck:
    """Make a library out of one that is known and what changed. Safe to repeat.

    The result must have the hash that the device gave it; else, and when the base is not known
    here, the whole is asked for.
    """
    with store.writing():
        if store.library_number(device, change.library) is not None:
            return LibraryAck(library=change.library)
        base = store.library_number(device, change.base)
        if base is None:
            return LibraryAck(library=change.library, whole=True)
        tracks = {row.track.id: row.track for row in store.library_rows(base)}
        for gone in change.removed:
            tracks.pop(gone, None)
        tracks |= {track.id: track for track in change.added}
        if library_hash(tracks.values()) != change.library:
            return LibraryAck(library=change.library, whole=True)
        return _committed(store, device, change.library, list(tracks.values()), limits)


def _committed(
    store: Storage, device: str, library: str, tracks: Sequence[Track], limits: LimitSettings
) -> LibraryAck:
    if len(tracks) > limits.library_tracks:
        error = f"{len(tracks)} tracks; this server takes {limits.library_tracks} a device"
        return LibraryAck(library=library, error=error)
    distinct = {track.id: track for track in tracks}
    before = store.library_number(device, "")
    known = {} if before is None else {r.track.id: r for r in store.library_rows(before)}
    rows = [
        old
        if (old := known.get(track.id)) is not None and old.track == track
        else LibraryRow(track, item_of(store, track, fallback=f"device:{device}\t{track.id}"))
        for track in distinct.values()
    ]
    store.commit_library(device, library, rows, LIBRARIES_KEPT)
    return LibraryAck(library=library)


def library_number(store: Storage, device: str, library: str) -> int | None:
    """Row of a committed library of this device; its newest for an empty hash; else None."""
    return store.library_number(device, library)


def library_tracks(store: Storage, number: int) -> tuple[list[Track], list[int]]:
    """Tracks of a committed library in their order, and the item of each."""
    rows = store.library_rows(number)
    return [row.track for row in rows], [row.item for row in rows]
