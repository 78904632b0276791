"""A stage for the core: a small library, faces, and time that the test moves."""

from __future__ import annotations

from contracts.emotion import EMOTIONS, VALENCE_AROUSAL
from contracts.messages import Ranked, Reason, ReasonKind, Tier
from contracts.track import Track, TrackId
from contracts.vision_wire import Box, Face
from device import effects, events
from device.core import Core
from device.questions import load_questions
from device.settings import DeviceSettings, MoodSettings, MusicSettings

QUESTIONS = load_questions()
QUICK = DeviceSettings(
    mood=MoodSettings(time_constant_seconds=1.0, dwell_seconds=2.0),
    music=MusicSettings(act_at_once=True, crossfade_seconds=2.0),
)


def make_track(number: int, *, valence: float = 0.5, arousal: float = 0.3) -> Track:
    return Track(
        id=TrackId(f"{number:016x}"),
        title=f"Song {number}",
        artist=f"Artist {number % 4}",
        valence=valence,
        arousal=arousal,
        duration_seconds=60.0,
    )


def make_library(size: int = 20) -> dict[TrackId, Track]:
    moods = [(0.7, 0.6), (-0.6, 0.7), (0.5, -0.6), (-0.7, -0.5)]
    tracks = [make_track(n, valence=moods[n % 4][0], arousal=moods[n % 4][1]) for n in range(size)]
    return {track.id: track for track in tracks}


def make_face(emotion: str, certainty: float = 0.9, size: float = 0.3) -> Face:
    rest = (1 - certainty) / (len(EMOTIONS) - 1)
    valence, arousal = VALENCE_AROUSAL[emotion]
    return Face(
        box=Box(left=0.1, top=0.1, width=size, height=size),
        score=0.9,
        emotions=tuple(certainty if name == emotion else rest for name in EMOTIONS),
        valence=valence,
        arousal=arousal,
    )


class Stage:
    """A core with its world: answers what it asks, and remembers what it did."""

    def __init__(
        self, settings: DeviceSettings = QUICK, library: dict[TrackId, Track] | None = None
    ) -> None:
        self.library = make_library() if library is None else library
        self.core = Core(settings, self.library, boot="boot", questions=QUESTIONS)
        self.at = 100.0
        self.done: list[effects.Effect] = []
        self.silent: set[Tier] = set()
        """Tiers that do not answer."""

    def happen(self, event: events.AnyEvent) -> list[effects.Effect]:
        done = self.core.handle(event)
        self.done += done
        for effect in done:
            if isinstance(effect, effects.Ask) and effect.tier not in self.silent:
                self.happen(self._answer(effect))
        return done

    def begin(self) -> None:
        self.happen(events.Tick(at=self.at, unix_seconds=1e9))
        self.happen(events.LibraryChanged(at=self.at, tracks=tuple(self.library)))

    def wait(self, seconds: float, faces: tuple[Face, ...] | None = None) -> None:
        """Let time go by in quarter seconds, with these faces in each frame, or no camera."""
        for _ in range(round(seconds * 4)):
            self.at += 0.25
            self.happen(events.Tick(at=self.at, unix_seconds=1e9 + self.at))
            if faces is not None:
                self.happen(events.FacesSeen(at=self.at, faces=faces))

    def command(self, name: str, argument: str = "") -> effects.Answered:
        given = events.CommandGiven(at=self.at, name=name, argument=argument)
        (answer,) = [e for e in self.happen(given) if isinstance(e, effects.Answered)]
        return answer

    def of(self, kind: type[effects.Effect]) -> list[effects.Effect]:
        return [effect for effect in self.done if isinstance(effect, kind)]

    @property
    def plays(self) -> list[effects.Play]:
        return [effect for effect in self.done if isinstance(effect, effects.Play)]

    @property
    def asks(self) -> list[effects.Ask]:
        return [effect for effect in self.done if isinstance(effect, effects.Ask)]

    def _answer(self, ask: effects.Ask) -> events.RankingArrived:
        """The library by distance to the wanted mood, as any honest tier would."""
        wanted = (ask.query.valence, ask.query.arousal)
        left = [t for t in self.library.values() if t.id not in ask.query.exclude]
        if not ask.query.allow_explicit:
            left = [t for t in left if not t.explicit]
        left.sort(key=lambda t: abs(t.valence - wanted[0]) + abs(t.arousal - wanted[1]))
        reason = Reason(kind=ReasonKind.MOOD, subject="happy")
        ranked = tuple(Ranked(track=t.id, score=1.0, reason=reason) for t in left)
        return events.RankingArrived(
            at=self.at, request=ask.request, tier=ask.tier, tracks=ranked[: ask.query.count]
        )
