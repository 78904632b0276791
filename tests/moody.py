"""Everything that can be said to a core, and a world in which anything may happen to it."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from contracts.messages import Ranked, Reason, ReasonKind, Tier
from contracts.track import Track, TrackId
from device import effects, events
from device.commands import ARGUMENTS, COMMANDS
from device.policy import is_sad
from device.settings import DeviceSettings
from tests.stage import Stage, make_library

NOWHERE = TrackId("f" * 16)
SIMPLE = sorted(name for name, command in COMMANDS.items() if not command.takes)
TRACK = st.integers(0, 30).map(lambda number: f"{number:016x}")
NUMBERS = st.integers(0, 120).map(str)
PLACE = st.tuples(TRACK | st.integers(0, 6).map(str), st.integers(0, 6)).map(
    lambda both: f"{both[0]} {both[1]}"
)
SAID = {
    "volume": NUMBERS | st.sampled_from(["+10", "-10"]),
    "volume_ceiling": NUMBERS,
    "seek": st.sampled_from(["0", "30", "+20", "-5", "1:00", "999"]),
    "sleep": st.sampled_from(["1", "5", "track", "off"]),
    "mood": st.sampled_from([*ARGUMENTS["mood"], "calm 1", "sad 2"]),
    "tags": st.sampled_from(["", "calm", "sad, slow"]),
    "era": st.sampled_from(["90s", "2000s", "1950", "any", "old"]),
    "answer": st.integers(0, 6).map(str),
    "like": st.just("") | TRACK,
    "unlike": st.just("") | TRACK,
    "ban": st.just("") | TRACK,
    "unban": st.just("") | TRACK,
    "queue_remove": st.integers(0, 6).map(str) | TRACK,
    "queue_move": PLACE,
    "masks": st.sampled_from(["none", '[{"left":0,"top":0,"width":1,"height":1}]', "x"]),
    "output": st.just(""),
    **dict.fromkeys(["play_track", "play_album", "queue_add", "queue_next", "queue_album"], TRACK),
}
GIVEN = st.one_of(
    st.tuples(st.sampled_from(SIMPLE), st.just("")),
    *(st.tuples(st.just(name), words) for name, words in SAID.items()),
    *(st.tuples(st.just(n), st.sampled_from(w)) for n, w in ARGUMENTS.items() if n not in SAID),
)


def dated_library(size: int) -> dict[TrackId, Track]:
    """Two decades, some albums, one track in five with explicit words."""
    return {
        track.id: msgspec.structs.replace(
            track,
            year=(1994, 2003, None)[n % 3],
            album=f"Album {n // 4}" if n % 4 else "",
            number=n % 4,
            explicit=n % 5 == 0,
        )
        for n, track in enumerate(make_library(size).values())
    }


EMOTIONS = st.sampled_from(["happiness", "sadness", "anger", "neutral"])


class Moody(Stage):
    """A stage whose upper tiers may answer with what is not there, or with one kind alone."""

    def __init__(self, settings: DeviceSettings, size: int) -> None:
        super().__init__(settings, dated_library(size))
        self.foolish: set[Tier] = set()
        self.sad_only: set[Tier] = set()

    def _answer(self, ask: effects.Ask) -> events.RankingArrived:
        answer = super()._answer(ask)
        ranked = answer.tracks
        if ask.tier in self.foolish:
            ranked = (Ranked(track=NOWHERE, score=1.0, reason=Reason(kind=ReasonKind.NEW)),)
        elif ask.tier in self.sad_only:
            ranked = tuple(r for r in ranked if is_sad(self.library[r.track])) or ranked
        return events.RankingArrived(at=self.at, request=ask.request, tier=ask.tier, tracks=ranked)
