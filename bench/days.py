"""A thousand days of a device's life through the core, with what must always hold checked.

A household and a café in turn: listeners who come and go, smile and frown, skip, like, ask for
others and answer; dayparts and quiet hours; servers that vanish, files that are damaged, power
that is cut. Time passes in steps from one event to the next, so that a day is about a thousand
events; every run with the same seed is the same.
"""

from __future__ import annotations

import argparse
import sys
import time

from bench.day_world import DAY_SECONDS, FACES, NOTICE_SECONDS, Life, World
from bench.pages import as_json
from contracts.emotion import EMOTIONS
from contracts.messages import Playback
from contracts.vision_wire import CameraState
from device import events

TICK_SECONDS = 900.0
SAID = (
    *(("next", ""),) * 12,
    *(("like", ""), ("previous", ""), ("not_this", ""), ("another_like_this", "")) * 3,
    *(("answer", "2"), ("answer", "4"), ("mood", "calm 30"), ("mood", "sad"), ("mood", "auto")),
    *(("ban", ""), ("unban", "0000000000000007"), ("era", "90s"), ("era", "any")),
    *(("volume", "95"), ("volume", "-10"), ("volume_ceiling", "50"), ("volume_ceiling", "100")),
    *(("pause", ""), ("play", ""), ("play_pause", ""), ("stop", ""), ("play", "")),
    *(("sleep", "20"), ("sleep", "track"), ("sleep", "off"), ("seek", "+30"), ("seek", "1:00")),
    *(("repeat", "album"), ("repeat", "off"), ("repeat", "track"), ("repeat", "off")),
    *(("queue_add", "0000000000000011"), ("queue_next", "0000000000000012"), ("queue_clear", "")),
    *(("policy", "match"), ("policy", "lift"), ("tags", "jazz"), ("dismiss", ""), ("fly", "")),
)


class Days(World):
    """A world in which time passes."""

    def day(self) -> None:
        """Live through one day: events in their order, about a thousand of them."""
        self.life.days += 1
        until = (self.at // DAY_SECONDS + 1) * DAY_SECONDS
        visits = sorted(self.chance.uniform(6.5, 23.5) for _ in range(self.chance.randint(2, 6)))
        midnight = until - DAY_SECONDS
        for hour in visits:
            self.pass_time(midnight + hour * 3600)
            self.visit()
            if self.chance.random() < 0.04:  # noqa: PLR2004 - once in a week or so
                self.life.restarts += 1
                self.boot()
        self.pass_time(until)

    def visit(self) -> None:
        """Somebody is there for a while: faces and commands."""
        for _ in range(self.chance.randint(3, 12)):
            emotion = self.chance.choice(EMOTIONS)
            for _ in range(8):
                self.at += 1.0
                self.happen(events.FacesSeen(at=self.at, faces=FACES[emotion]))
            if self.chance.random() < 0.7:  # noqa: PLR2004 - mostly
                name, argument = self.chance.choice(SAID)
                self.happen(events.CommandGiven(at=self.at, name=name, argument=argument))
            if self.chance.random() < 0.05:  # noqa: PLR2004 - rarely
                self.accident()
            self.pass_time(self.at + self.chance.uniform(5, 400))

    def accident(self) -> None:
        """Something goes wrong, or right again."""
        online = self.chance.random() < 0.7  # noqa: PLR2004 - mostly
        kinds: tuple[events.AnyEvent, ...] = (
            events.ServerChanged(at=self.at, online=online),
            events.PackChanged(at=self.at, usable=online),
            events.VisionLost(at=self.at),
            events.CameraChanged(at=self.at, state=CameraState.ON),
            events.SoundLost(at=self.at),
        )
        kind = self.chance.choice(kinds)
        self.happen(kind)
        if isinstance(kind, events.SoundLost):  # plugged in again, else all would be silence
            self.at += 30.0
            self.happen(events.SoundBack(at=self.at))

    def pass_time(self, until: float) -> None:
        """Let tracks begin and end until then; a tick at least every quarter of an hour."""
        while self.at < until:
            self.at = min(until, self.at + TICK_SECONDS, self._next_of_player())
            self._player_speaks()
            self.tick()

    def _next_of_player(self) -> float:
        if self.player is not Playback.PLAYING or self.ended:
            return float("inf")
        end = self._ends_at()
        moments = [end - 3.9, end] if self.ending else [end - NOTICE_SECONDS]
        return next((moment for moment in moments if moment > self.at), self.at + 0.25)

    def _ends_at(self) -> float:
        """As the core reckons it, pauses and seeking and all."""
        position = self.core.deck.position_seconds(self.at)
        return self.at + max(0.0, self.tracks[self.track].duration_seconds - position)

    def _player_speaks(self) -> None:
        if self.player is not Playback.PLAYING or self.ended:
            return
        left = self._ends_at() - self.at
        if not self.ending and left <= 6.0 + 1e-6:
            self.ending = True
            self.happen(events.TrackEnding(at=self.at, track=self.track, seconds_left=left))
        elif left <= 1e-6:  # noqa: PLR2004 - rounding
            self.ended = True
            self.happen(events.TrackEnded(at=self.at, track=self.track))


def live(days: int, seed: int) -> Life:
    """Live through so many days, half of them in a café."""
    whole = Life()
    for cafe in (False, True):
        world = Days(seed, cafe=cafe)
        for _ in range(days // 2):
            world.day()
        for name in ("days", "events", "tracks", "commands", "refused", "restarts", "absences"):
            setattr(whole, name, getattr(whole, name) + getattr(world.life, name))
        whole.broken += world.life.broken
    return whole


def run(arguments: list[str]) -> int:
    """Live and tell; 1 when something did not hold."""
    parser = argparse.ArgumentParser(prog="mlfym bench days", description=__doc__)
    parser.add_argument("--days", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2020)
    options = parser.parse_args(arguments)
    began = time.process_time()
    life = live(options.days, options.seed)
    cpu = time.process_time() - began
    found = {name: value for name, value in vars(life).items() if name != "broken"}
    figures = {**found, "cpu_seconds": round(cpu, 1), "did_not_hold": life.broken}
    sys.stdout.write(as_json(figures))
    return 1 if life.broken else 0
