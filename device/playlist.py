"""What is to be played, and what was played too recently to be played again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.messages import Choice, Reason, ReasonKind, Tier
from device.policy import SAD_STREAK_CAP, is_sad
from device.words import reason_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contracts.messages import Ranked
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

    def playable(self, ranked: Iterable[Ranked], tier: Tier, at: float) -> list[Queued]:
        """What of a ranking can be played, each track once."""
        barred = {*self.barred(at), *self._refused}
        distinct = {
            entry.track: Queued(entry.track, entry.reason, tier)
            for entry in ranked
            if entry.track in self._library and entry.track not in barred
        }
        return list(distinct.values())

    def replace(self, queued: list[Queued]) -> None:
        """Take over what is to be played; after sad tracks, something else will be among it."""
        self.upcoming = list(queued)
        relief = self._relief() if self.upcoming and self.next() is None else None
        if relief:
            self.upcoming.append(relief)

    def library_changed(self) -> None:
        """Drop what is no longer in the library."""
        self.upcoming = [q for q in self.upcoming if q.track in self._library]

    @property
    def sad_enough(self) -> bool:
        """Whether the next track has to be of another kind."""
        return self._sad_streak >= SAD_STREAK_CAP

    def take(self, at: float) -> Queued | None:
        """The next track, as if it started now: the first that does not prolong a sad streak."""
        chosen = self.next()
        if chosen is None:
            return None
        self.upcoming.remove(chosen)
        self._played.append((chosen.track, at))
        self._sad_streak = self._sad_streak + 1 if self._is_sad(chosen.track) else 0
        return chosen

    def next(self) -> Queued | None:
        """What `take` would return."""
        first = next(iter(self.upcoming), None)
        if first is None or not self.sad_enough:
            return first
        other = next((q for q in self.upcoming if not self._is_sad(q.track)), None)
        # Where nothing but sad music is left, it is music still.
        return other or (None if self._relief() else first)

    def barred(self, at: float) -> tuple[TrackId, ...]:
        """Tracks not to be asked for, the latest first; never a large part of the library."""
        recent = [t for t, when in reversed(self._played) if at - when < self._repeat_after]
        size = len(self._library.keys() - self._refused)
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
        """The latest track before the one that plays that may be played now."""
        earlier = (track for track, _ in list(self._played)[-2::-1])
        return next((track for track in earlier if self._may_follow(track)), None)

    def choice(self, queued: Queued) -> Choice:
        """A queued track in words."""
        track = self._library.get(queued.track)
        return Choice(
            track=queued.track,
            title=track.title if track else "?",
            artist=track.artist if track else "",
            reason=reason_words(queued.reason, self._library, queued.track),
            tier=queued.tier,
        )

    def _relief(self) -> Queued | None:
        """The track that is not sad and was played longest ago, for when no ranking has one."""
        played = dict(self._played)
        others = [t.id for t in self._library.values() if not is_sad(t)]
        fitting = [track for track in others if track not in self._refused]
        if not fitting:
            return None
        chosen = min(fitting, key=lambda track: played.get(track, float("-inf")))
        return Queued(chosen, Reason(kind=ReasonKind.RELIEF), Tier.DEFAULTS)

    def _may_follow(self, track: TrackId) -> bool:
        there = track in self._library and track not in self._refused
        return there and not (self.sad_enough and self._is_sad(track))

    def _is_sad(self, track_id: TrackId) -> bool:
        track = self._library.get(track_id)
        return track is not None and is_sad(track)
