"""What is to be played, and what was played too recently to be played again."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from contracts.messages import Choice, Reason, ReasonKind, Tier
from device.policy import SAD_STREAK_CAP, is_sad
from device.session import PLAYED_KEPT, Queued
from device.words import reason_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from contracts.messages import Ranked
    from contracts.track import Track, TrackId

MOST_EXCLUDED = 2000
"""What one request may carry (contracts.messages)."""
SHARE_EXCLUDED = 4
"""Never exclude more than one in so many of the library, or nothing fitting would be left."""
TRAIL_KEPT = 100
"""How far back `previous` leads."""
UNPLACED = -1


class Playlist:
    """Tracks to come, tracks gone by, and which must never come back.

    What a listener put into the queue goes first, in its order; rankings fill up behind it.
    """

    def __init__(self, library: Mapping[TrackId, Track], repeat_after_seconds: float) -> None:
        self._library, self._repeat_after = library, repeat_after_seconds
        self.upcoming: tuple[Queued, ...] = ()
        self.allows: Callable[[], Callable[[Track], bool]] = lambda: lambda _: True
        """What rankings may bring at present: the era, the daypart's words."""
        self._played: deque[tuple[TrackId, float]] = deque(maxlen=MOST_EXCLUDED)
        self._trail: deque[TrackId] = deque(maxlen=TRAIL_KEPT)
        self._refused: set[TrackId] = set()
        self._sad_streak = 0

    def playable(self, ranked: Iterable[Ranked], tier: Tier, at: float) -> Iterator[Queued]:
        """What of a ranking can be played, each track once; looked for as far as it is taken."""
        barred, allows = {*self.barred(at), *self._refused}, self.allows()
        for entry in ranked:
            track = None if entry.track in barred else self._library.get(entry.track)
            if track and allows(track):
                barred.add(entry.track)
                yield Queued(track=entry.track, reason=entry.reason, tier=tier)

    def replace(self, queued: Iterable[Queued]) -> None:
        """Take over what is to be played; after sad tracks, something else will be among it."""
        distinct = {q.track: q for q in self.upcoming if q.by_hand}
        for q in queued:
            distinct.setdefault(q.track, q)
        self.upcoming = tuple(distinct.values())
        relief = self._relief() if self.upcoming and self.next() is None else None
        if relief:
            self.upcoming = (*self.upcoming, relief)

    def put(self, queued: Iterable[Queued], place: int = UNPLACED) -> None:
        """Put tracks that a listener chose at a place, or behind the others that were chosen."""
        chosen = [msgspec.structs.replace(q, by_hand=True) for q in queued]
        new = {q.track for q in chosen}
        left = [q for q in self.upcoming if q.track not in new]
        by_hand = sum(q.by_hand for q in left)
        start = by_hand if place == UNPLACED else max(0, min(place, by_hand))
        self.upcoming = (*left[:start], *chosen, *left[start:])

    def put_rest_of(self, album: Sequence[Track]) -> None:
        """Queue what of an album comes after the track that plays, and behind the end all of it.

        Nothing happens while something that was chosen still waits.
        """
        current = self._trail[-1] if self._trail else None
        if any(q.by_hand for q in self.upcoming):
            return
        there = [t.id for t in album if t.id not in self._refused]
        rest = there[there.index(current) + 1 :] if current in there else []
        reason = Reason(kind=ReasonKind.CHOSEN, subject=album[0].album)
        self.put(Queued(track=track, reason=reason, tier=Tier.DEFAULTS) for track in rest or there)

    def end_album(self, playing: Track | None) -> None:
        """Take out what `put_rest_of` queued behind this track."""
        if playing and playing.album:
            again = Reason(kind=ReasonKind.CHOSEN, subject=playing.album)
            self.drop(lambda q: not (q.by_hand and q.reason == again))

    def end_round(self, album: Sequence[Track]) -> None:
        """Let an album end with its last track: what has come of it does not come again."""
        there = [track.id for track in album]
        current = self._trail[-1] if self._trail else None
        over = there[: there.index(current) + 1] if current in there else []
        self.drop(lambda q: not (q.by_hand and q.track in over))

    def drop(self, keep: Callable[[Queued], bool]) -> None:
        """Take out of the queue what is not to be kept."""
        self.upcoming = tuple(filter(keep, self.upcoming))

    def move(self, track: TrackId, place: int) -> None:
        """Bring a queued track to a place, 0 the next; what stands before it is kept too."""
        moved = next(q for q in self.upcoming if q.track == track)
        left = [q for q in self.upcoming if q is not moved]
        queue = [*left[:place], moved, *left[place:]]
        wanted = max(n for n, q in enumerate(queue) if q.by_hand or q is moved)
        self.upcoming = tuple(
            msgspec.structs.replace(q, by_hand=True) if n <= wanted else q
            for n, q in enumerate(queue)
        )

    def library_changed(self) -> None:
        """Drop what is no longer in the library."""
        self.drop(lambda q: q.track in self._library)

    @property
    def sad_enough(self) -> bool:
        """Whether the next track has to be of another kind."""
        return self._sad_streak >= SAD_STREAK_CAP

    def take(self, at: float) -> Queued | None:
        """The next track, as if it started now: the first that does not prolong a sad streak."""
        chosen = self.next()
        if chosen is None:
            return None
        self.drop(lambda q: q is not chosen)
        self.began(chosen.track, at)
        return chosen

    def began(self, track: TrackId, at: float) -> None:
        """Note that a track starts now."""
        self._played.append((track, at))
        self._trail.append(track)
        self._sad_streak = self._sad_streak + 1 if self._is_sad(track) else 0

    def next(self) -> Queued | None:
        """What `take` would return."""
        first = next(iter(self.upcoming), None)
        if first is None or first.by_hand or not self.sad_enough:
            return first
        other = next((q for q in self.upcoming if not self._is_sad(q.track)), None)
        # Where nothing but sad music is left, it is music still.
        return other or (None if self._relief() else first)

    def barred(self, at: float) -> tuple[TrackId, ...]:
        """Tracks not to be asked for, the latest first; never a large part of the library."""
        size = len(self._library) - sum(t in self._library for t in self._refused)
        most = max(0, min(size - 1, max(1, size // SHARE_EXCLUDED)))
        lately: dict[TrackId, None] = {}
        for track, began in reversed(self._played):
            if at - began >= self._repeat_after or len(lately) == most:
                break
            lately[track] = None
        return tuple(lately)

    def refuse(self, track: TrackId) -> None:
        """Never offer a track again: it is broken or was banned."""
        self._refused.add(track)
        self.drop(lambda q: q.track != track)

    def accept(self, track: TrackId) -> None:
        """Offer a refused track again."""
        self._refused.discard(track)

    def is_refused(self, track: TrackId) -> bool:
        """Whether it is broken or was banned."""
        return track in self._refused

    @property
    def refused(self) -> tuple[TrackId, ...]:
        """Broken and banned tracks."""
        return tuple(sorted(self._refused))

    @property
    def played(self) -> tuple[tuple[TrackId, float], ...]:
        """Tracks lately begun and when, oldest first."""
        return tuple(islice(reversed(self._played), PLAYED_KEPT))[::-1]

    def remember_played(self, played: Iterable[tuple[TrackId, float]]) -> None:
        """Take over what was begun before a restart."""
        for track, at in played:
            self.began(track, at)

    def previous(self) -> TrackId | None:
        """The latest track before the one that plays that may be played now; it goes back there."""
        trail = list(self._trail)[:-1]
        while trail:
            track = trail.pop()
            if self._may_follow(track):
                self._trail = deque(trail, maxlen=TRAIL_KEPT)
                return track
        return None

    def put_back(self, earlier: TrackId, playing: Queued) -> None:
        """Queue an earlier track, and behind it the one that it interrupts."""
        reason = Reason(kind=ReasonKind.CHOSEN)
        back = [Queued(track=earlier, reason=reason, tier=Tier.DEFAULTS)]
        if playing.track in self._library and playing.track not in self._refused:
            back.append(playing)
        self.put(back, place=0)

    def forget_played(self) -> None:
        """Nothing was ever played."""
        self._played.clear()
        self._trail.clear()

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
        others = [t for t in self._library.values() if not is_sad(t)]
        fitting = [t for t in others if t.id not in self._refused]
        fitting = list(filter(self.allows(), fitting)) or fitting
        if not fitting:
            return None
        chosen = min(fitting, key=lambda t: played.get(t.id, float("-inf")))
        return Queued(track=chosen.id, reason=Reason(kind=ReasonKind.RELIEF), tier=Tier.DEFAULTS)

    def longest_ago(self, may_play: Callable[[Track], bool], count: int) -> list[Queued]:
        """What was not heard for the longest time, for when nothing else may be played."""
        played = dict(self._played)
        there = [t.id for t in self._library.values() if t.id not in self._refused and may_play(t)]
        there.sort(key=lambda track: (played.get(track, float("-inf")), track))
        reason = Reason(kind=ReasonKind.LONGEST_AGO)
        return [Queued(track=track, reason=reason, tier=Tier.DEFAULTS) for track in there[:count]]

    def _may_follow(self, track: TrackId) -> bool:
        there = track in self._library and track not in self._refused
        return there and not (self.sad_enough and self._is_sad(track))

    def _is_sad(self, track_id: TrackId) -> bool:
        track = self._library.get(track_id)
        return track is not None and is_sad(track)
