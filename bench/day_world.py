"""A core, everything around it, and what must always hold of it: for `./mlfym bench days`."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import filterfalse, islice
from typing import TYPE_CHECKING, Any

from contracts.emotion import EMOTIONS, VALENCE_AROUSAL
from contracts.messages import Playback, Ranked, Reason, ReasonKind, Tier
from contracts.track import Track, TrackId
from contracts.vision_wire import Box, CameraState, Face
from device import effects, events
from device.core import Core
from device.dayparts import Daypart
from device.policy import SAD_STREAK_CAP, is_sad
from device.questions import load_questions
from device.session import Repeat, Session
from device.settings import DeviceSettings, MusicSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.effects import Effect

DAY_SECONDS = 86_400.0
MIDNIGHT_UNIX = 1_767_225_600.0
"""2026-01-01, a Thursday."""
TRACKS = 600
MOST_TOLD = 20
QUESTIONS = load_questions()
CEILING = 0.8
NOTICE_SECONDS = 6.0
"""A player's TrackEnding comes so much before the end."""
WINDOW_SECONDS, WINDOW_TRACKS = 4 * 3600.0, 100
"""Within this nothing comes again by itself; 100 of 600 tracks is less than the share that the
core would let it come again for."""
ANSWERED_SHARE, EXPLICIT_SHARE = 0.95, 0.05
BY_HAND = {ReasonKind.CHOSEN, ReasonKind.RELIEF, ReasonKind.LONGEST_AGO}
CAFE = (
    Daypart(name="night", start="23:00", until="07:00", quiet=True),
    Daypart(name="morning", start="07:00", until="11:00", volume=0.3, prefer_tags=("calm",)),
    Daypart(name="evening", start="17:00", until="23:00", volume_ceiling=0.6, allow_explicit=False),
)


@dataclass
class Life:
    """What was lived through, and what must hold of it."""

    days: int = 0
    events: int = 0
    tracks: int = 0
    commands: int = 0
    refused: int = 0
    restarts: int = 0
    absences: int = 0
    broken: list[str] = field(default_factory=list)
    """Invariants that did not hold, in words."""


def library(chance: random.Random) -> dict[TrackId, Track]:
    """600 tracks of every mood and three decades, in albums of ten."""
    tracks = [
        Track(
            id=TrackId(f"{n:016x}"),
            title=f"Song {n}",
            artist=f"Artist {n % 60}",
            album=f"Album {n // 10}",
            number=n % 10 + 1,
            year=chance.choice((1994, 2004, 2019)),
            explicit=chance.random() < EXPLICIT_SHARE,
            valence=round(chance.uniform(-1, 1), 2),
            arousal=round(chance.uniform(-1, 1), 2),
            duration_seconds=round(chance.uniform(120, 300), 1),
        )
        for n in range(TRACKS)
    ]
    return {track.id: track for track in tracks}


def settings(*, cafe: bool) -> DeviceSettings:
    """Of a household, or of a café with dayparts."""
    music = MusicSettings(volume_ceiling=CEILING, act_at_once=not cafe)
    return DeviceSettings(music=music, dayparts=CAFE if cafe else ())


def face(emotion: str) -> Face:
    """Somebody who is quite sure to feel so."""
    rest = 0.06 / (len(EMOTIONS) - 1)
    valence, arousal = VALENCE_AROUSAL[emotion]
    return Face(
        box=Box(left=0.4, top=0.3, width=0.2, height=0.3),
        score=0.9,
        emotions=tuple(0.94 if name == emotion else rest for name in EMOTIONS),
        valence=valence,
        arousal=arousal,
    )


FACES = {emotion: (face(emotion),) for emotion in EMOTIONS}


class World:
    """A core, and everything around it, for some days."""

    def __init__(self, seed: int, *, cafe: bool) -> None:
        self.chance = random.Random(seed)
        self.life, self.cafe = Life(), cafe
        self.tracks = library(self.chance)
        self.mixed = list(self.tracks)
        self.chance.shuffle(self.mixed)
        self.twice = self.mixed * 2
        self.explicit = {track.id for track in self.tracks.values() if track.explicit}
        why = Reason(kind=ReasonKind.MOOD)
        self.rows = {t: Ranked(track=t, score=1.0, reason=why) for t in self.tracks}
        self.at = 0.0
        self.session: Session | None = None
        self.banned: set[TrackId] = set()
        self.boots = 0
        self.performs = self._who_performs()
        self.boot()

    def boot(self) -> None:
        """Switch on; what was kept comes back."""
        self.boots += 1
        self.core = Core(settings(cafe=self.cafe), self.tracks, f"b{self.boots}", QUESTIONS)
        self.player, self.track = Playback.IDLE, TrackId("")
        self.streak, self.recent = 0, dict[TrackId, float]()
        self.ended = self.ending = True
        self.ready = False
        self.tick()
        self.happen(
            events.Restored(at=self.at, session=self.session, banned=tuple(sorted(self.banned)))
        )
        # What was held is on the deck, and goes to the player when it is let go.
        self.player = self.core.deck.playback
        self.happen(events.CameraChanged(at=self.at, state=CameraState.ON))
        self.ready = True
        self.happen(events.LibraryChanged(at=self.at, tracks=tuple(self.mixed)))

    def tick(self) -> None:
        """The clock."""
        self.happen(events.Tick(at=self.at, unix_seconds=MIDNIGHT_UNIX + self.at))

    def happen(self, event: events.AnyEvent) -> None:
        """Give core an event, do what it wants, and look whether all holds."""
        self.life.events += 1
        done = self.core.handle(event)
        asked = list[effects.Ask]()
        self.performs[effects.Ask] = asked.append
        for effect in done:
            if perform := self.performs.get(type(effect)):
                perform(effect)
        if isinstance(event, events.CommandGiven):
            self._answered(event, done)
        self._check()
        for ask in asked:
            if ask.tier is Tier.DEFAULTS or self.chance.random() < ANSWERED_SHARE:
                self.happen(self._ranking(ask))

    def _who_performs(self) -> dict[type[Effect], Callable[[Any], None]]:
        def player(playback: Playback) -> Callable[[Effect], None]:
            return lambda _: setattr(self, "player", playback)

        return {
            effects.Play: self._play,
            effects.Pause: player(Playback.PAUSED),
            effects.FadeOut: player(Playback.PAUSED),
            effects.Resume: player(Playback.PLAYING),
            effects.Stop: player(Playback.IDLE),
            effects.SetVolume: lambda e: self._expect(0 <= e.volume <= CEILING, f"volume {e}"),
            effects.Keep: lambda e: setattr(self, "session", e.session),
            effects.Judge: self._judge,
            effects.Note: self._note,
        }

    def _judge(self, effect: effects.Judge) -> None:
        (self.banned.add if effect.verdict == "banned" else self.banned.discard)(effect.track)

    def _note(self, effect: effects.Note) -> None:
        self.life.absences += "nobody was seen" in effect.text

    def _play(self, effect: effects.Play) -> None:
        self.player, self.track = Playback.PLAYING, effect.track
        self.ending = self.ended = False
        self.life.tracks += 1
        queued = self.core.deck.playing
        again = self.core.repeat is Repeat.TRACK or effect.start_seconds
        self.streak = self.streak + 1 if is_sad(self.tracks[effect.track]) else 0
        if queued and queued.track == effect.track and not queued.by_hand and not again:
            self._may_play(effect.track, queued.reason.kind)
        self.recent.pop(effect.track, None)
        self.recent[effect.track] = self.at

    def _may_play(self, track: TrackId, why: ReasonKind) -> None:
        self._expect(self.streak <= SAD_STREAK_CAP, f"{self.streak} sad tracks in a row")
        lately = list(self.recent)[-WINDOW_TRACKS:]
        soon = track in lately and self.at - self.recent[track] < WINDOW_SECONDS
        again = soon and why not in BY_HAND and self.core.wishes.era is None
        self._expect(not again, f"{track} again, as {why}")
        explicit = self.tracks[track].explicit and not self.core.explicit_allowed
        self._expect(not explicit, f"{track} has explicit words")

    def _answered(self, event: events.CommandGiven, done: list[Effect]) -> None:
        answers = [effect for effect in done if isinstance(effect, effects.Answered)]
        self.life.commands += 1
        self.life.refused += sum(answer.refused for answer in answers)
        self._expect(len(answers) == 1, f"{event.name} had {len(answers)} answers")

    def _check(self) -> None:
        """What must hold after every event; words are made only for what does not."""
        deck, core = self.core.deck, self.core
        playback = deck.playback
        idle = playback is Playback.IDLE
        if self.ready and playback is not self.player:
            self._wrong(f"deck {playback}, player {self.player}")
        if idle != (deck.playing is None):
            self._wrong(f"{playback} with {deck.playing}")
        if not idle and (playback is Playback.PLAYING) != core.wants_music:
            self._wrong(f"{playback} while held by {core.hold}")
        if self.ready and idle and core.wants_music and not core.asking.waiting:
            self._wrong("silence that nobody wanted")
        if core.volume.level > CEILING:
            self._wrong("louder than the ceiling")

    def _expect(self, holds: bool, words: str) -> None:  # noqa: FBT001 - the fact itself
        if not holds:
            self._wrong(words)

    def _wrong(self, words: str) -> None:
        if len(self.life.broken) < MOST_TOLD:
            self.life.broken.append(f"day {self.at / DAY_SECONDS:.3f}: {words}")

    def _ranking(self, ask: effects.Ask) -> events.RankingArrived:
        """Some of the library in chance order; what is excluded is left out, as tiers do."""
        out = set(ask.query.exclude)
        if not ask.query.allow_explicit:
            out |= self.explicit
        start = self.chance.randrange(TRACKS)
        rows = filterfalse(out.__contains__, islice(self.twice, start, start + TRACKS))
        ranked = tuple(self.rows[t] for t in islice(rows, ask.query.count))
        return events.RankingArrived(at=self.at, request=ask.request, tier=ask.tier, tracks=ranked)
