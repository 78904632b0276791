"""What holds of the core after any order of events and commands."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.messages import InteractionKind, Playback, Policy, Ranked, Reason, ReasonKind, Tier
from contracts.track import Track, TrackId
from contracts.vision_wire import CameraState
from device import effects, events
from device.commands import ARGUMENTS, COMMANDS
from device.policy import SAD_STREAK_CAP, is_sad
from device.session import Repeat
from device.settings import DeviceSettings, MusicSettings
from tests.stage import QUICK, Stage, make_face, make_library, make_track

CEILING = 0.7
LEFT = {InteractionKind.PLAYED, InteractionKind.COMPLETED, InteractionKind.SKIPPED}
"""What becomes of a track that was on the deck; a ban may be of any."""
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
BY_HAND = {ReasonKind.CHOSEN, ReasonKind.RELIEF, ReasonKind.LONGEST_AGO}
"""Reasons for which a track may come again soon."""


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
        self.broken: set[TrackId] = set()
        self.looked_at = self.heard = 0
        self.streak = 0
        self.player = Playback.IDLE
        self.loudness: float | None = None
        """What the player was told last; before, what the shell sets at the start."""
        self.repeat_after = repeat_after_hours * 3600
        self.smallest = size
        self.stage.begin()

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0]), emotion=st.none() | EMOTIONS)
    def wait(self, seconds: float, emotion: str | None) -> None:
        faces = None if emotion is None else (make_face(emotion),)
        self.stage.wait(seconds, faces)

    @rule(given=GIVEN)
    def command(self, given: tuple[str, str]) -> None:
        """Every command is answered, once (Stage.command sees to that)."""
        name, argument = given
        playing = self.stage.core.deck.playing
        meant = TrackId(argument) if argument else playing.track if playing else NOWHERE
        answer = self.stage.command(name, argument)
        assert answer.text
        assert answer.name == name
        if answer.refused:
            return
        if name == "ban":
            self.refused.add(meant)
        elif name in {"unban", "like"} and meant not in self.broken:
            self.refused.discard(meant)
        elif name == "erase_history" and argument == "all":
            self.refused = set(self.broken)

    @precondition(lambda self: self.stage.plays)
    @rule(kind=st.sampled_from(["started", "ending", "ended", "ended", "ended", "failed"]))
    def player(self, kind: str) -> None:
        at, track = self.stage.at, self.stage.plays[-1].track
        if kind == "failed":
            self.refused.add(track)
            self.broken.add(track)
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

    @rule(kind=st.sampled_from([events.SoundLost, events.SoundBack]))
    def sound_card(self, kind: type[events.SoundLost | events.SoundBack]) -> None:
        self.stage.happen(kind(at=self.stage.at))

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
        """The player, told the same, is where the deck says; no volume is over the ceiling."""
        for effect in self.stage.done[self.heard :]:
            if isinstance(effect, effects.Play | effects.Resume):
                self.player = Playback.PLAYING
            elif isinstance(effect, effects.Pause | effects.FadeOut):
                self.player = Playback.PAUSED
            elif isinstance(effect, effects.Stop):
                self.player = Playback.IDLE
            elif isinstance(effect, effects.SetVolume):
                self.loudness = effect.volume
                assert 0 <= effect.volume <= CEILING
        self.heard = len(self.stage.done)
        assert self.player is self.stage.core.deck.playback
        volume = self.stage.core.volume
        assert 0 <= volume.level <= volume.ceiling <= CEILING
        if self.loudness is not None:
            assert self.loudness == (0.0 if volume.muted else volume.level)

    @invariant()
    def what_plays_may_be_played(self) -> None:
        """In the library, never refused, no third sad one while there is another kind, and
        nothing again that was just heard; unless the listener chose it.
        """
        core, plays = self.stage.core, self.stage.plays
        playable = {t for t in self.stage.library if t not in self.refused}
        self.smallest = min(self.smallest, len(playable))
        others = [t for t in playable if not is_sad(self.known[t])]
        for number, play in enumerate(plays[self.looked_at :], start=self.looked_at):
            assert play.track in self.stage.library
            self.streak = self.streak + 1 if is_sad(self.known[play.track]) else 0
            queued = core.deck.playing
            by_itself = queued and not (queued.by_hand or queued.reason.kind in BY_HAND)
            again = core.repeat is Repeat.TRACK or play.start_seconds
            if number == len(plays) - 1 and by_itself and not again:
                assert self.streak <= SAD_STREAK_CAP or not others
                assert play.track not in self._lately(plays[:number])
        self.looked_at = len(plays)
        assert set(core.playlist.refused) == self.refused
        assert not self.refused & {q.track for q in core.playlist.upcoming}

    def _lately(self, plays: list[effects.Play]) -> set[TrackId]:
        """The latest tracks that must not come again yet, as few as ever were barred."""
        most = min(self.smallest - 1, max(1, self.smallest // 4))
        if self.repeat_after == 0 or most <= 0:
            return set()
        distinct = dict.fromkeys(play.track for play in reversed(plays))
        return set(list(distinct)[:most])

    @invariant()
    def what_was_heard_is_remembered_once(self) -> None:
        """Each interaction has an id of its own; a track is left no more often than it came."""
        told = [e.interaction for e in self.stage.done if isinstance(e, effects.Remember)]
        assert len({one.id for one in told}) == len(told)
        left = Counter(one.track for one in told if one.kind in LEFT)
        assert left <= Counter(play.track for play in self.stage.plays)

    @invariant()
    def music_is_wanted_and_comes(self) -> None:
        """It plays, or is asked for, unless nobody wants it or nothing can be played."""
        core = self.stage.core
        if core.wants_music and set(self.stage.library) - self.refused:
            assert core.deck.playback is Playback.PLAYING or core.asking.waiting


CoreMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)
TestCore = CoreMachine.TestCase
