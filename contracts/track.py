"""A track: what a device can play, as every program describes it."""

from __future__ import annotations

from typing import Annotated, NewType

import msgspec

TrackId = NewType("TrackId", str)
"""16 hex digits, made by the device from the file's path in its music folder."""

Valence = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Arousal = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Certainty = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


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
    valence_certainty: Certainty | None = None
    """0 to 1, when `valence` was estimated from the sound; None when the file says it."""
    arousal_certainty: Certainty | None = None
    musicbrainz_id: str = ""
    isrc: str = ""
    album_artist: str = ""
    """Empty: that of the track."""
    compilation: bool = False
    disc: int | None = None
    number: int | None = None
    """On its disc, from 1."""
    gain_db: float | None = None
    """Brings the track to -18 LUFS (ReplayGain 2.0); None while nothing is known of it."""
    album_gain_db: float | None = None
    """The same for its whole album, which keeps the steps between the album's tracks."""
    artwork: str = ""
    """Names the picture that belongs to it; empty when there is none."""
