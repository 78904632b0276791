"""What is to be played, and what was played too recently to be played again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.messages import Choice
from device.policy import SAD_STREAK_CAP, is_sad
from device.words import reason_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contracts.messages import Ranked, Reason, Tier
    from contracts.track import Track, TrackId

MOST_EXCLUDED = 2000
"""What one request may carry (contracts.messages)."""
SHARE_EXCLUDED = 4
"""Never exclude more than one in so many of the library, or nothing fitting would be left."""


@dataclass(frozen=True)
class Queued:
    """A track with the reason it was chosen for."""

    track: TrackId
    reason: Reason
    tier: Tier


class Playlist:
    """Tracks to come, tracks gone by, and which must never come back."""

    def __init__(self, library: Mapping[TrackId, Track], repeat_after_seconds: float) -> None:
        self._library, self._repeat_after = library, repeat_after_seconds
        self.upcoming: list[Queued] = []
        self._played: deque[tuple[TrackId, float]] = deque(maxlen=MOST_EXCLUDED)
        self._refused: set[TrackId] = set()
        self._sad_streak = 0

    def replace(self, ranked: Iterable[Ranked], tier: Tier, at: float) -> int:
        """Take over a ranking; how many of it can be played."""
        barred = {*self.barred(at), *self._refused}
        self.upcoming = [
            Queued(entry.track, entry.reason, tier)
            for entry in ranked
            if entry.track in self._library and entry.track not in barred
        ]
        return len(self.upcoming)

    def take(self, at: float) -> Queued | None:
        """The next track, as if it started now: the first that does not prolong a sad streak."""
        chosen = self.next()
        if chosen is None:
            return None
        self.upcoming.remove(chosen)
        self._played.append((chosen.track, at))
        self._sad_streak = self._sad_streak + 1 if self._is_sad(chosen) else 0
        return chosen

    def next(self) -> Queued | None:
        """What `take` would return."""
        if self._sad_streak < SAD_STREAK_CAP:
            return next(iter(self.upcoming), None)
        return next((q for q in self.upcoming if not self._is_sad(q)), None)

    def barred(self, at: float) -> tuple[TrackId, ...]:
        """Tracks not to be asked for, the latest first; never a large part of the library."""
        recent = [t for t, when in reversed(self._played) if at - when < self._repeat_after]
        size = len(self._library)
        most = min(size - 1, max(1, size // SHARE_EXCLUDED))
        return tuple(dict.fromkeys(recent))[: max(0, most)]

    def refuse(self, track: TrackId) -> None:
        """Never offer a track again: it is broken or was banned."""
        self._refused.add(track)
        self.upcoming = [q for q in self.upcoming if q.track != track]

    @property
    def refused(self) -> tuple[TrackId, ...]:
        """Broken and banned tracks."""
        return tuple(sorted(self._refused))

    def previous(self) -> TrackId | None:
        """The track before the one that plays."""
        return self._played[-2][0] if len(self._played) > 1 else None

    def choice(self, queued: Queued) -> Choice:
        """A queued track in words."""
        track = self._library.get(queued.track)
        return Choice(
            track=queued.track,
            title=track.title if track else "?",
            artist=track.artist if track else "",
            reason=reason_words(queued.reason, self._library),
            tier=queued.tier,
        )

    def _is_sad(self, queued: Queued) -> bool:
        track = self._library.get(queued.track)
        return track is not None and is_sad(track)
