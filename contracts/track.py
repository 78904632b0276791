"""A track: what a device can play, as every program describes it."""

from __future__ import annotations

from typing import Annotated, NewType

import msgspec

TrackId = NewType("TrackId", str)
"""16 hex digits, made by the device from the file's path in its music folder."""

Valence = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Arousal = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]


class Track(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One playable track of a device's library."""

    id: TrackId
    title: str
    artist: str = ""
    album: str = ""
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Moods, situations and whatever else the file's tags say, lower case."""
    year: int | None = None
    duration_seconds: float = 0.0
    bpm: float | None = None
    explicit: bool = False
    valence: Valence | None = None
    arousal: Arousal | None = None
    musicbrainz_id: str = ""
    isrc: str = ""
