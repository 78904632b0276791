"""The functional core: events in, effects out, and no other way to the world.

It owns all that the device decides: which mood is believed, which tier is asked, what plays.
`handle` reads no clock, file or network, so that a recorded session replays exactly. Each theme
has its module; the core holds what they share, and says who hears of what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import DeviceEvent, DeviceEventKind, InteractionKind, Playback
from contracts.mood import UNKNOWN_MOOD, Mood, MoodClass
from device import choosing, events, guest, keeping, planning, watching
from device.albums import Albums
from device.announcing import Announcer, state_of
from device.asking import Asking
from device.commands import obey
from device.deck import Deck
from device.dialogue import Chain, Dialogue
from device.effects import Answered, Effect, MarkBroken, Note, Tell
from device.mood import MoodFilter
from device.planning import Plan
from device.playlist import Playlist
from device.policy import OwnWord
from device.presence import Presence
from device.session import Hold, Repeat
from device.sleep import FADE_SECONDS, SleepTimer
from device.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contracts.messages import Policy, State
    from contracts.track import Track, TrackId
    from contracts.vision_wire import Box
    from device.questions import Questions
    from device.settings import DeviceSettings

REFILL_BELOW = 5
"""With fewer tracks in the queue, the next ranking is asked for."""
STRENGTH = (Hold.ABSENCE, Hold.QUIET, Hold.SLEEP, Hold.LISTENER)
"""A later one takes over from an earlier: who comes back at night does not wake the house."""


class Core:
    """All behaviour of a device; `library` is a view that the shell keeps up to date."""

    def __init__(
        self,
        settings: DeviceSettings,
        library: Mapping[TrackId, Track],
        boot: str,
        questions: Questions,
    ) -> None:
        music = settings.music
        self.settings, self.library = settings, library
        self.albums = Albums(library)
        self.asking, self.wishes = Asking(music), choosing.Wishes()
        self.filter = MoodFilter(settings.mood)
        self.playlist = Playlist(library, music.repeat_after_hours * 3600)
        self.playlist.allows = lambda: choosing.allowed(self)
        self.deck = Deck(self.playlist, music.crossfade_seconds, boot, self.albums.go_on)
        self.volume = Volume(music.volume, music.volume_ceiling)
        self.auto_play = True
        self.presence = Presence(settings.presence.pause_after_minutes * 60)
        self.plan, self.sleep, self.guest = Plan(), SleepTimer(), guest.GuestSession()
        self.dialogue, self.chain = Dialogue(questions), Chain()
        self.mood, self.hand = UNKNOWN_MOOD, OwnWord()
        self.policy_by_hand: Policy | None = None
        self.masks_by_hand: tuple[Box, ...] | None = None
        self.hold: Hold | None = None
        self.repeat = Repeat.OFF
        self.lists: Mapping[str, tuple[TrackId, ...]] = {}
        self.liked: set[TrackId] = set()
        self.banned: set[TrackId] = set()
        self.camera = "off"
        self.tracks_since_mood = 0
        self._unix_ahead = 0.0
        self.keeper, self._announcer = keeping.Keeper(), Announcer()
        self._handlers = self._who_hears()

    def _who_hears(self) -> dict[type[events.Event], Callable[..., list[Effect]]]:
        return {
            events.Tick: self._tick,
            events.FacesSeen: lambda e: watching.faces(self, e),
            events.CameraChanged: lambda e: watching.camera_changed(self, e),
            events.VisionLost: lambda e: watching.vision_lost(self, e),
            events.TrackStarted: self._track_started,
            events.TrackEnding: self.deck.ending,
            events.TrackEnded: self._track_ended,
            events.TrackFailed: self._track_failed,
            events.SoundLost: self._sound_lost,
            events.SoundBack: self._sound_back,
            events.RankingArrived: lambda e: choosing.ranked(self, e),
            events.ServerChanged: self._server_changed,
            events.PackChanged: self.asking.pack_changed,
            events.LibraryChanged: self._library_changed,
            events.ListsRead: lambda e: choosing.lists_read(self, e),
            events.Restored: lambda e: keeping.restored(self, e),
            events.StoreChanged: lambda e: keeping.store_changed(self, e),
            events.CommandGiven: lambda e: obey(self, e),
        }

    def handle(self, event: events.Event) -> list[Effect]:
        """What to do about an event, in order; who waits for an answer is told last of all."""
        effects = [*self._handlers[type(event)](event), *self.settle(event.at)]
        effects.sort(key=lambda effect: isinstance(effect, Answered))  # done and kept before
        return guest.discreet(effects) if self.settings.web.cafe else effects

    def settle(self, at: float) -> list[Effect]:
        """What time and the other events have made due."""
        waited = self.asking.waiting
        effects = self.asking.overdue(at)
        if waited and not self.asking.waiting:
            effects += choosing.last_resort(self, at)
        if self.sleep.due(at):
            self.sleep.clear()
            effects.append(Note(text="the sleep timer ends the music"))
            effects += self.hold_music(Hold.SLEEP, at, FADE_SECONDS)
        if self.hand.over(at):
            effects += self.mood_changed(at, now=False)
        goes_on = self._goes_on_by_itself
        if goes_on and self.deck.handover_due(at):
            effects += self.leave(InteractionKind.COMPLETED, at)
            effects += self.play_next(at, crossfade=True)
        self.dialogue.expire(at)
        effects += self.deck.follow(nothing=not goes_on)
        return [*effects, *self.keeper.due(self, at), *self._announcer.due(self, at)]

    def state(self, at: float) -> State:
        """What the device tells the world about itself."""
        return state_of(self, at)

    @property
    def believed(self) -> Mood:
        """The mood that counts: the listener's own word before the camera's."""
        return self.hand.mood or self.mood

    @property
    def policy(self) -> Policy:
        """What was picked by hand, else the daypart's, else that of the settings."""
        planned = self.plan.part.policy if self.plan.part else None
        return self.policy_by_hand or planned or self.settings.music.policy

    @property
    def wants_music(self) -> bool:
        """Whether nobody holds it."""
        return self.hold is None

    @property
    def explicit_allowed(self) -> bool:
        """By the settings and by the daypart."""
        part = self.plan.part
        return self.settings.music.allow_explicit and (part is None or part.allow_explicit)

    @property
    def masks(self) -> tuple[Box, ...]:
        """Regions that never count: drawn by hand, else those of the settings."""
        drawn = self.masks_by_hand
        return self.settings.camera.masks if drawn is None else drawn

    def may_come(self, track: TrackId) -> bool:
        """Whether a ranking may bring a track now."""
        known = self.library.get(track)
        return known is not None and choosing.allowed(self)(known)

    def may_be_offered(self, track: TrackId) -> bool:
        """Whether a listener may choose a track now."""
        known = self.library.get(track)
        refused = known is None or self.playlist.is_refused(track)
        return not refused and (self.explicit_allowed or not known.explicit)  # type: ignore[union-attr]

    def unix_seconds(self, at: float) -> float:
        """Wall clock at a monotonic second."""
        return at + self._unix_ahead

    # What the themes have in common

    def ask(self, at: float, *, refill: bool = False, **wishes: object) -> list[Effect]:
        """Ask for a ranking that fits the mood, and the wishes if there are any."""
        return choosing.ask(self, at, refill=refill, **wishes)

    def first_list(self, at: float) -> list[Effect]:
        """The listener's own list for the mood that counts, else a ranking."""
        return choosing.first_list(self, at)

    def play_next(self, at: float, *, crossfade: bool) -> list[Effect]:
        """Play what comes next, and see that more will come."""
        effects = self.deck.play_next(at, crossfade=crossfade)
        playing = self.deck.playing
        self.tracks_since_mood += 1
        if playing and self.chain.seen(at):
            self.chain.grow([playing.track], at)
        if playing and self.repeat is Repeat.ALBUM:
            self.playlist.put_rest_of(self.albums.of(self.library[playing.track]))
        lifting = self.believed.mood is MoodClass.NEGATIVE and not choosing.keep_own_list(self)
        stuck = self.playlist.next() is None
        if lifting or stuck or len(self.playlist.upcoming) < REFILL_BELOW:
            effects += self.ask(at, refill=not lifting)
        return effects

    def go_on(self, at: float, *, crossfade: bool) -> list[Effect]:
        """After the track on the deck: the next, unless it was paused and nobody wants music."""
        paused = self.deck.playback is Playback.PAUSED
        return self.deck.stop() if paused else self.play_next(at, crossfade=crossfade)

    def leave(self, kind: InteractionKind, at: float) -> list[Effect]:
        """Remember what became of the track on the deck."""
        return self.deck.remember(kind, at, self.unix_seconds(at), self.believed)

    def mood_changed(self, at: float, *, now: bool) -> list[Effect]:
        """Another mood counts: its music comes; `now` does not wait for the track's end."""
        self.tracks_since_mood = 0
        self.chain.end()
        if now:
            self.switch_when_answered()
        told = DeviceEvent(kind=DeviceEventKind.MOOD_CHANGED, subject=self.believed.mood)
        return [Tell(event=told), *self.first_list(at)]

    def switch_when_answered(self, kind: InteractionKind = InteractionKind.PLAYED) -> None:
        """Play the next ranking's first track at once: what plays is left so, what repeats ends."""
        self.wishes.switch = kind
        choosing.end_repeat(self)

    def hold_music(self, who: Hold, at: float, fade_seconds: float = 0.0) -> list[Effect]:
        """Hold the music, unless somebody stronger does."""
        if self.hold is None or STRENGTH.index(who) > STRENGTH.index(self.hold):
            self.hold = who
        return self.deck.pause(at, fade_seconds)

    def release(self, who: Hold, at: float, fade_seconds: float = 0.0) -> list[Effect]:
        """Let the music go on if it is held so; where it was, or with what comes next."""
        if self.hold is not who:
            return []
        if not self.auto_play and who is not Hold.LISTENER:
            self.hold = Hold.LISTENER
            return []
        if who is not Hold.ABSENCE and who is not Hold.LISTENER and self.presence.absent(at):
            self.hold = Hold.ABSENCE
            return []
        self.hold = None
        if self.deck.playback is Playback.PAUSED:
            return self.deck.resume(at, fade_seconds)
        return [] if self.deck.playing else self.play_next(at, crossfade=False)

    # Events

    def _tick(self, event: events.Tick) -> list[Effect]:
        self._unix_ahead = event.unix_seconds - event.at
        return planning.clock(self, event) + watching.time_passed(self, event.at)

    def _track_started(self, event: events.TrackStarted) -> list[Effect]:
        if self.deck.playing and self.deck.playing.track == event.track:
            self.deck.started(event.at)
        return []

    def _track_ended(self, event: events.TrackEnded) -> list[Effect]:
        if self.deck.playing is None or self.deck.playing.track != event.track:
            return []
        done = self.leave(InteractionKind.COMPLETED, event.at)
        if self.sleep.at_track_end:
            self.sleep.clear()
            return [*done, *self.hold_music(Hold.SLEEP, event.at), *self.deck.stop()]
        if self.repeat is Repeat.TRACK and self.deck.playback is Playback.PLAYING:
            return done + self.deck.play_again(event.at)
        return done + self.go_on(event.at, crossfade=False)

    def _track_failed(self, event: events.TrackFailed) -> list[Effect]:
        self.playlist.refuse(event.track)
        effects: list[Effect] = [MarkBroken(track=event.track, why=event.why)]
        if self.deck.playing and self.deck.playing.track == event.track:
            effects += self.go_on(event.at, crossfade=False)
        return effects

    def _sound_lost(self, event: events.SoundLost) -> list[Effect]:
        self.deck.card_lost(event.at)
        return [Note(text="the sound card is gone: the music waits where it is")]

    def _sound_back(self, event: events.SoundBack) -> list[Effect]:
        self.deck.card_back(event.at)
        return [Note(text="the sound card is back")]

    def _server_changed(self, event: events.ServerChanged) -> list[Effect]:
        came = event.online and not self.asking.server_online
        self.asking.server_came(event.online)
        wanted = came and self.wants_music and choosing.improvable(self)
        return self.ask(event.at) if wanted else []

    def _library_changed(self, event: events.LibraryChanged) -> list[Effect]:
        self.playlist.library_changed()
        self.albums.library_changed()
        starved = self.deck.playback is Playback.IDLE and self.wants_music
        return self.ask(event.at) if event.tracks and starved else []

    @property
    def _goes_on_by_itself(self) -> bool:
        return not self.sleep.at_track_end and self.repeat is not Repeat.TRACK
