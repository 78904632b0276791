"""What holds of the core after any order of events and commands."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.messages import Playback, Policy, Ranked, Reason, ReasonKind, Tier
from contracts.track import TrackId
from contracts.vision_wire import CameraState
from device import effects, events
from device.commands import ARGUMENTS, COMMANDS
from device.policy import SAD_STREAK_CAP, is_sad
from device.settings import DeviceSettings, MusicSettings
from tests.stage import QUICK, Stage, make_face, make_library, make_track

CEILING = 0.7
NOWHERE = TrackId("f" * 16)
SIMPLE = sorted(set(COMMANDS) - {"volume", "tags", *ARGUMENTS})
GIVEN = st.one_of(
    st.tuples(st.sampled_from(SIMPLE), st.just("")),
    st.tuples(st.just("volume"), st.integers(0, 120).map(str)),
    st.tuples(st.just("tags"), st.sampled_from(["", "calm", "sad, slow"])),
    *(st.tuples(st.just(name), st.sampled_from(words)) for name, words in ARGUMENTS.items()),
)
EMOTIONS = st.sampled_from(["happiness", "sadness", "anger", "neutral"])


class Moody(Stage):
    """A stage whose upper tiers may answer with what is not there, or with one kind alone."""

    def __init__(self, settings: DeviceSettings, size: int) -> None:
        super().__init__(settings, make_library(size))
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


class CoreMachine(RuleBasedStateMachine):
    """A device that anything may happen to."""

    stage: Moody

    @initialize(
        size=st.integers(0, 24),
        policy=st.sampled_from(Policy),
        act_at_once=st.booleans(),
        repeat_after_hours=st.sampled_from([0.0, 4.0]),
    )
    def begin(
        self, size: int, policy: Policy, *, act_at_once: bool, repeat_after_hours: float
    ) -> None:
        music = MusicSettings(
            policy=policy,
            act_at_once=act_at_once,
            repeat_after_hours=repeat_after_hours,
            crossfade_seconds=2.0,
            volume_ceiling=CEILING,
            ask_for=8,
        )
        self.stage = Moody(DeviceSettings(mood=QUICK.mood, music=music), size)
        self.known = dict(self.stage.library)
        self.refused: set[TrackId] = set()
        self.looked_at = 0
        self.streak = 0
        self.stage.begin()

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0]), emotion=st.none() | EMOTIONS)
    def wait(self, seconds: float, emotion: str | None) -> None:
        faces = None if emotion is None else (make_face(emotion),)
        self.stage.wait(seconds, faces)

    @rule(given=GIVEN)
    def command(self, given: tuple[str, str]) -> None:
        playing = self.stage.core.deck.playing
        if given[0] == "ban" and playing:
            self.refused.add(playing.track)
        self.stage.command(*given)

    @precondition(lambda self: self.stage.plays)
    @rule(kind=st.sampled_from(["started", "ending", "ended", "ended", "ended", "failed"]))
    def player(self, kind: str) -> None:
        at, track = self.stage.at, self.stage.plays[-1].track
        if kind == "failed":
            self.refused.add(track)
        event: events.AnyEvent = {
            "started": events.TrackStarted(at=at, track=track),
            "ending": events.TrackEnding(at=at, track=track, seconds_left=2.5),
            "ended": events.TrackEnded(at=at, track=track),
            "failed": events.TrackFailed(at=at, track=track, why="damaged"),
        }[kind]
        self.stage.happen(event)

    @rule(online=st.booleans())
    def server(self, *, online: bool) -> None:
        self.stage.happen(events.ServerChanged(at=self.stage.at, online=online))

    @rule(usable=st.booleans())
    def pack(self, *, usable: bool) -> None:
        self.stage.happen(events.PackChanged(at=self.stage.at, usable=usable))

    @rule(
        tier=st.sampled_from([Tier.SERVER, Tier.PACK]),
        way=st.sampled_from(["silent", "foolish", "honest"]),
    )
    def tiers(self, tier: Tier, way: str) -> None:
        self.stage.silent.discard(tier)
        self.stage.foolish.discard(tier)
        if way != "honest":
            {"silent": self.stage.silent, "foolish": self.stage.foolish}[way].add(tier)

    @rule(tiers=st.sets(st.sampled_from(Tier)))
    def rank_sad_tracks_only(self, tiers: set[Tier]) -> None:
        self.stage.sad_only = tiers

    @rule(
        gone=st.lists(st.integers(0, 30), max_size=12),
        come=st.lists(st.integers(30, 40), max_size=3, unique=True),
        sad=st.booleans(),
    )
    def library(self, gone: list[int], come: list[int], *, sad: bool) -> None:
        for number in gone:
            self.stage.library.pop(TrackId(f"{number:016x}"), None)
        for number in come:
            track = make_track(number, valence=-0.7 if sad else 0.5, arousal=-0.5)
            # A track that comes again is what it was: its id is of its file.
            self.stage.library[track.id] = self.known.setdefault(track.id, track)
        tracks = tuple(self.stage.library)
        self.stage.happen(events.LibraryChanged(at=self.stage.at, tracks=tracks))

    @rule(state=st.sampled_from(CameraState))
    def camera(self, state: CameraState) -> None:
        self.stage.happen(events.CameraChanged(at=self.stage.at, state=state))

    @rule()
    def vision_lost(self) -> None:
        self.stage.happen(events.VisionLost(at=self.stage.at))

    @invariant()
    def deck_and_state_agree(self) -> None:
        """Exactly one of playing, paused and idle; a track is on the deck unless it is idle."""
        state, deck = self.stage.core.state(self.stage.at), self.stage.core.deck
        assert state.playback in Playback
        assert (state.playback is Playback.IDLE) == (deck.playing is None)
        assert (state.playing is None) == (deck.playing is None)
        if state.playback is not Playback.IDLE:
            assert (state.playback is Playback.PLAYING) == self.stage.core.wants_music

    @invariant()
    def effects_lead_to_the_state(self) -> None:
        """The player, told the same, is where the deck says."""
        player = Playback.IDLE
        for effect in self.stage.done:
            if isinstance(effect, effects.Play | effects.Resume):
                player = Playback.PLAYING
            elif isinstance(effect, effects.Pause | effects.FadeOut):
                player = Playback.PAUSED
            elif isinstance(effect, effects.Stop):
                player = Playback.IDLE
        assert player is self.stage.core.deck.playback

    @invariant()
    def volume_is_within_the_ceiling(self) -> None:
        """Whoever sets it."""
        assert 0 <= self.stage.core.volume.level <= CEILING
        assert all(0 <= e.volume <= CEILING for e in self.stage.done if hasattr(e, "volume"))

    @invariant()
    def what_plays_may_be_played(self) -> None:
        """In the library, never refused, and no third sad one while there is another kind."""
        core, plays = self.stage.core, self.stage.plays
        playable = {t for t in self.stage.library if t not in self.refused}
        others = [t for t in playable if not is_sad(self.known[t])]
        for play in plays[self.looked_at :]:
            assert play.track in self.stage.library
            assert play.track not in self.refused
            self.streak = self.streak + 1 if is_sad(self.known[play.track]) else 0
            assert self.streak <= SAD_STREAK_CAP or not others
        self.looked_at = len(plays)
        assert set(core.playlist.refused) == self.refused

    @invariant()
    def music_is_wanted_and_comes(self) -> None:
        """It plays, or is asked for, unless nobody wants it or nothing can be played."""
        core = self.stage.core
        if core.wants_music and set(self.stage.library) - self.refused:
            assert core.deck.playback is Playback.PLAYING or core.asking.waiting


CoreMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, derandomize=True
)
TestCore = CoreMachine.TestCase
