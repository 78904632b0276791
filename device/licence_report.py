"""What was played, as a table that a collecting society and a spreadsheet can read."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device.history import Heard

COLUMNS = (
    "date",
    "time",
    "title",
    "artist",
    "album",
    "isrc",
    "musicbrainz_id",
    "seconds_played",
    "seconds_long",
    "how_it_ended",
)
"""What collecting societies ask for, and how a spreadsheet likes it."""


def write_csv(file: TextIO, heard: Iterable[Heard]) -> None:
    """A line for each time a track was heard, oldest first, in local time."""
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for one in sorted(heard, key=lambda h: h.began_unix_seconds):
        began = datetime.fromtimestamp(one.began_unix_seconds).astimezone()
        track = one.track
        rows.writerow(
            [
                began.strftime("%Y-%m-%d"),
                began.strftime("%H:%M:%S"),
                *(_cell(text) for text in (track.title, track.artist, track.album)),
                track.isrc,
                track.musicbrainz_id,
                round(one.seconds),
                round(track.duration_seconds),
                one.how,
            ]
        )


def _cell(text: str) -> str:
    """A title that begins like a formula must not become one in a spreadsheet."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
