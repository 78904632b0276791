"""The first list of a mood and an era, before anything is known of anybody's taste.

A list is the listener's own where there is one: M3U files in a folder for each mood, read by
the shell. Else it is made of the library's tags: of the decade, by nearness to the mood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import Reason, ReasonKind, Tier
from device.session import Queued

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from contracts.track import Track, TrackId

DECADE = 10
CENTURY = 2000
UNPLACED_DISTANCE = 0.9
"""Of a track whose mood is unknown: behind those that fit, before those that do not."""
ANY_ERA = "any"


def decade_words(first_year: int) -> str:
    """How people call a decade: 80s, 2010s."""
    return f"{first_year % 100:02d}s" if first_year < CENTURY else f"{first_year}s"


def in_era(track: Track, era: int | None) -> bool:
    """Whether a track is of the decade that begins with the year `era`; None is any."""
    return era is None or (track.year is not None and track.year // DECADE * DECADE == era)


def eras_of(tracks: Iterable[Track]) -> dict[int, int]:
    """How many tracks there are of each decade, oldest first."""
    found: dict[int, int] = {}
    for track in tracks:
        if track.year:
            decade = track.year // DECADE * DECADE
            found[decade] = found.get(decade, 0) + 1
    return dict(sorted(found.items()))


def era_of(word: str) -> int | None:
    """First year of a decade out of 1990, 1990s, 90s or 90; None when it is no decade."""
    digits = word.strip().removesuffix("s")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in {2, 4}:
        return None
    year = int(digits)
    if len(digits) == 2:  # noqa: PLR2004 - as it says
        year += 1900 if year >= 30 else CENTURY  # noqa: PLR2004 - nobody means 1920 by 20s
    return year // DECADE * DECADE


def made_of_tags(
    tracks: Iterable[Track], valence: float, arousal: float, era: int, count: int
) -> list[Queued]:
    """Tracks, all of one decade, those nearest to a place on the circumplex first."""

    def distance(track: Track) -> tuple[float, str]:
        if track.valence is None or track.arousal is None:
            return UNPLACED_DISTANCE, track.id
        return abs(track.valence - valence) + abs(track.arousal - arousal), track.id

    fitting = sorted(tracks, key=distance)[:count]
    reason = Reason(kind=ReasonKind.ERA, subject=decade_words(era))
    return [Queued(track=t.id, reason=reason, tier=Tier.DEFAULTS) for t in fitting]


def own_list(
    lists: Mapping[str, tuple[TrackId, ...]], words: Iterable[str], era: int | None
) -> list[Queued]:
    """The listener's own list for the first of these words of a mood that has one.

    `happy/90s` goes before `happy` while the nineties are asked for.
    """
    for word in words:
        names = [f"{word}/{decade_words(era)}", f"{word}/{era}s"] if era else []
        names += [word, *sorted(name for name in lists if name.startswith(f"{word}/"))]
        for name in names:
            if lists.get(name):
                reason = Reason(kind=ReasonKind.OWN_LIST, subject=name)
                return _queued(lists[name], reason)
    return []


def _queued(tracks: Iterable[TrackId], reason: Reason) -> list[Queued]:
    return [Queued(track=track, reason=reason, tier=Tier.DEFAULTS) for track in tracks]


def without(queued: Iterable[Queued], barred: Collection[TrackId]) -> list[Queued]:
    """What may be played now, each track once."""
    return list({q.track: q for q in queued if q.track not in barred}.values())
