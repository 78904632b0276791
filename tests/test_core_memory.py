"""What core holds after years: no more than after a day."""

from __future__ import annotations

import gc
import tracemalloc

import msgspec

from device import events
from tests.stage import QUICK, Stage, make_face, make_library

WORDS = (
    ("like", ""),
    ("mood", "happy"),
    ("next", ""),
    ("volume", "40"),
    ("mood", "calm"),
    ("volume", "45"),
    ("unlike", ""),
    ("mood", "auto"),
    ("more_like_this", ""),
    ("pause", ""),
    ("play", ""),
    ("policy", "calm"),
)
FACES = [(make_face(name),) for name in ("happiness", "sadness", "neutral")]
MOST_BYTES = 8 * 1024
"""Between two days: an event that was being dealt with, a list that is longer just now."""


def live(stage: Stage, minutes: int) -> None:
    """Faces every other second, a word a minute, a track every minute."""
    for second in range(minutes * 60):
        stage.at += 1.0
        stage.happen(events.Tick(at=stage.at, unix_seconds=1e9 + stage.at))
        if second % 2:
            faces = FACES[second // 300 % len(FACES)]
            stage.happen(events.FacesSeen(at=stage.at, faces=faces))
        if second % 60 == 0:
            stage.command(*WORDS[second // 60 % len(WORDS)])
        playing = stage.core.deck.playing
        if second % 60 == 30 and playing:
            stage.happen(events.TrackEnded(at=stage.at, track=playing.track))
        stage.done.clear()


def held(stage: Stage) -> int:
    """Bytes, without what was played: that is kept of the last 2,000 tracks, which take weeks."""
    stage.core.playlist.forget_played()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_what_core_holds_does_not_grow() -> None:
    """Two times an hour and a half of an ordinary day, some 8,000 events each: the second adds
    nothing.
    """
    music = msgspec.structs.replace(QUICK.music, repeat_after_hours=0.5)
    stage = Stage(msgspec.structs.replace(QUICK, music=music), make_library(80))
    stage.begin()
    tracemalloc.start()
    live(stage, minutes=90)
    before = held(stage)
    live(stage, minutes=90)
    after = held(stage)
    tracemalloc.stop()
    assert after - before < MOST_BYTES
