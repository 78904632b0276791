"""A library told as what changed: most changes are a few tracks of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contracts.messages import LibraryChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.track import Track

MOST_ADDED, MOST_REMOVED = 2000, 10_000
"""What one message carries; more is told as a whole library."""


class Library(NamedTuple):
    """A library and its hash."""

    name: str
    tracks: Sequence[Track]


def change_between(before: Library, after: Library) -> LibraryChange | None:
    """What makes the one out of the other; None when the whole is no longer to tell."""
    old = {track.id: track for track in before.tracks}
    there = {track.id for track in after.tracks}
    added = tuple(track for track in after.tracks if old.get(track.id) != track)
    removed = tuple(track for track in old if track not in there)
    many = len(added) > min(MOST_ADDED, len(after.tracks) // 2) or len(removed) > MOST_REMOVED
    if many:
        return None
    return LibraryChange(library=after.name, base=before.name, added=added, removed=removed)
