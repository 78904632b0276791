"""What holds of the core after any order of events and commands."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.messages import InteractionKind, Playback, Policy, ReasonKind, Tier
from contracts.track import TrackId
from contracts.vision_wire import CameraState
from device import effects, events
from device.core import Core
from device.policy import SAD_STREAK_CAP, is_sad
from device.session import Repeat
from device.settings import DeviceSettings, MusicSettings
from tests.kept import Disk, standing
from tests.moody import EMOTIONS, GIVEN, NOWHERE, Moody
from tests.stage import QUESTIONS, QUICK, make_face, make_track

CEILING = 0.7
LEFT = {InteractionKind.PLAYED, InteractionKind.COMPLETED, InteractionKind.SKIPPED}
"""What becomes of a track that was on the deck; a ban may be of any."""
BY_HAND = {ReasonKind.CHOSEN, ReasonKind.RELIEF, ReasonKind.LONGEST_AGO}
"""Reasons for which a track may come again soon."""


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
        self.disk, self.written, self.boots = Disk(), 0, 1
        self.resuming: tuple[int, TrackId] | None = None
        """Which play goes on with what the deck came back with."""
        self.torn: Counter[TrackId] = Counter()
        self.stage.happen(events.Restored(at=self.stage.at))
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

    @rule(
        given=st.none() | GIVEN,
        off=st.sampled_from([0.5, 20.0, 300.0]),
        behind=st.sampled_from([0.0, 1.9]),
    )
    def killed(self, given: tuple[str, str] | None, off: float, behind: float) -> None:
        """As by kill -9: what plays, its place, queue, volume and every word given are back."""
        if given:
            self.command(given)
        core, at = self.stage.core, self.stage.at + off
        before, place = standing(core, at), core.deck.position_seconds(self.stage.at)
        on = core.deck.playing
        gone = on and (on.track not in self.stage.library or on.track in self.broken)
        self._start_again(at, max(0.0, place - behind))
        after = standing(self.stage.core, at)
        differs = {n: (before[n], after[n]) for n in before if before[n] != after[n]}
        assert not differs.keys() - ({"playing", "playback"} if gone else set()), differs
        if on and not gone:
            place = max(0.0, place - behind)
            assert self.stage.core.deck.position_seconds(at) == pytest.approx(place)
        self.stage.happen(events.LibraryChanged(at=at, tracks=tuple(self.stage.library)))

    @rule(given=GIVEN, share=st.floats(0, 0.99))
    def killed_half_way(self, given: tuple[str, str], share: float) -> None:
        """With a part of a command done that nobody was told of: all the rest still holds."""
        stage = self.stage
        event = events.CommandGiven(at=stage.at, name=given[0], argument=given[1])
        if stage.core.deck.playing:
            self.torn[stage.core.deck.playing.track] += 1
        place = stage.core.deck.position_seconds(stage.at)
        done = stage.core.handle(event)
        stage.done += done[: int(share * len(done))]
        self._start_again(stage.at + 1, place)
        stage.happen(events.LibraryChanged(at=stage.at, tracks=tuple(stage.library)))

    def _start_again(self, at: float, place: float) -> None:
        """The shell's own order: volume, time, what was kept."""
        stage = self.stage
        self.disk.take(stage.done[self.written :])
        self.written = len(stage.done)
        for track in self.broken:  # the store knows, and offers them no more
            stage.library.pop(track, None)
        self.refused, self.broken = self.disk.judged("banned"), set()
        self.boots += 1
        boot = f"boot{self.boots}"
        stage.core, stage.at = Core(stage.core.settings, stage.library, boot, QUESTIONS), at
        stage.done.append(effects.SetVolume(volume=stage.core.volume.level))
        stage.happen(events.Tick(at=at, unix_seconds=1e9 + at))
        count = len(stage.plays)
        stage.happen(self.disk.restored(at, place))
        deck = stage.core.deck
        self.resuming = (count, deck.playing.track) if deck.playing else None
        self.player = Playback.PAUSED if deck.playback is Playback.PAUSED else Playback.IDLE

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
            if (number, play.track) == self.resuming:
                continue
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
        # What was done and not kept is done again, as a fresh start cannot know of it.
        assert left <= Counter(play.track for play in self.stage.plays) + self.torn

    @invariant()
    def music_is_wanted_and_comes(self) -> None:
        """It plays, or is asked for, unless nobody wants it or nothing can be played."""
        core = self.stage.core
        if core.wants_music and set(self.stage.library) - self.refused:
            assert core.deck.playback is Playback.PLAYING or core.asking.waiting


CoreMachine.TestCase.settings = settings(
    max_examples=120, stateful_step_count=30, deadline=None, derandomize=True
)
TestCore = CoreMachine.TestCase
