"""The functional core: events in, effects out, and no other way to the world.

It owns all that the device decides: which mood is believed, which tier is asked, what plays.
`handle` reads no clock, file or network, so that a recorded session replays exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import (
    DeviceEvent,
    DeviceEventKind,
    InteractionKind,
    Playback,
    RecommendRequest,
    State,
    Tier,
)
from contracts.mood import UNKNOWN_MOOD, Mood, MoodClass
from device import events
from device.asking import Asking
from device.commands import obey
from device.deck import Deck
from device.effects import Announce, Effect, MarkBroken, Note, SetVolume, Tell
from device.mood import MoodFilter
from device.playlist import Playlist
from device.policy import aim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contracts.messages import Policy
    from contracts.track import Track, TrackId
    from device.settings import DeviceSettings

REFILL_BELOW = 5
"""With fewer tracks in the queue, the next ranking is asked for."""
SHOWN_OF_QUEUE = 5
NEUTRAL_MOOD_WEIGHT = 0.5
"""A neutral face says little: taste counts for more."""
RELIEF_VALENCE = 0.2
"""What is asked for at least when the next track may not be sad."""
PRESENCE_SECONDS = 20.0
"""A listener who was not seen for so long has left."""


class Core:
    """All behaviour of a device; `library` is a view that the shell keeps up to date."""

    def __init__(
        self, settings: DeviceSettings, library: Mapping[TrackId, Track], boot: str
    ) -> None:
        music = settings.music
        self._settings, self._library = settings, library
        self.asking = Asking(music)
        self.filter = MoodFilter(settings.mood)
        self.playlist = Playlist(library, music.repeat_after_hours * 3600)
        self.deck = Deck(self.playlist, music.crossfade_seconds, boot)
        self.policy: Policy = music.policy
        self.volume = min(music.volume, music.volume_ceiling)
        self.mood = UNKNOWN_MOOD
        self.mood_by_hand: Mood | None = None
        self.wants_music = True
        self._camera = "off"
        self._unix_ahead = 0.0
        self._last_seen_at: float | None = None
        self._switch_when_answered = False
        self._tracks_since_mood = 0
        self._tier = Tier.DEFAULTS
        self._announced: State | None = None
        self._handlers: dict[type[events.Event], Callable[..., list[Effect]]] = {
            events.Tick: self._tick,
            events.FacesSeen: self._faces,
            events.CameraChanged: self._camera_changed,
            events.VisionLost: self._vision_lost,
            events.TrackStarted: self._track_started,
            events.TrackEnding: self.deck.ending,
            events.TrackEnded: self._track_ended,
            events.TrackFailed: self._track_failed,
            events.SoundLost: lambda _: [Note(text="the sound card is gone")],
            events.SoundBack: lambda _: [Note(text="the sound card is back")],
            events.RankingArrived: self._ranking,
            events.ServerChanged: self._server_changed,
            events.PackChanged: self._pack_changed,
            events.LibraryChanged: self._library_changed,
        }

    def handle(self, event: events.Event) -> list[Effect]:
        """What to do about an event, in order."""
        if isinstance(event, events.CommandGiven):
            effects = obey(self, event)
        else:
            effects = self._handlers[type(event)](event)
        return [*effects, *self.settle(event.at)]

    def settle(self, at: float) -> list[Effect]:
        """What time and the other events have made due."""
        effects = self.asking.overdue(at)
        if self.deck.handover_due(at):
            effects += self.leave(InteractionKind.COMPLETED, at)
            effects += self.play_next(at, crossfade=True)
        effects += self._tier_changed(at)
        state = self.state(at)
        if state != self._announced:
            self._announced = state
            effects.append(Announce(state=state))
        return effects

    def state(self, at: float) -> State:
        """What the device tells the world about itself."""
        mood = self.believed
        rounded = Mood(
            mood=mood.mood,
            valence=round(mood.valence, 1),
            arousal=round(mood.arousal, 1),
            confidence=round(mood.confidence, 1),
            chosen_by_hand=mood.chosen_by_hand,
        )
        playing = self.deck.playing
        shown = self.playlist.upcoming[:SHOWN_OF_QUEUE]
        return State(
            playback=self.deck.playback,
            playing=self.playlist.choice(playing) if playing else None,
            volume=self.volume,
            mood=rounded,
            tier=self.asking.best_tier(at),
            camera=self._camera,
            policy=self.policy,
            queued=tuple(self.playlist.choice(queued) for queued in shown),
        )

    @property
    def believed(self) -> Mood:
        """The mood that counts: the listener's own word before the camera's."""
        return self.mood_by_hand or self.mood

    def unix_seconds(self, at: float) -> float:
        """Wall clock at a monotonic second."""
        return at + self._unix_ahead

    def ask(self, at: float, **wishes: object) -> list[Effect]:
        """Ask for a ranking that fits the mood, and the wishes if there are any."""
        if not self._library:
            return []
        mood = self.believed
        valence, arousal = aim(mood, self.policy, self._tracks_since_mood)
        if self.playlist.sad_enough:
            valence = max(valence, RELIEF_VALENCE)
        known = mood.mood is not MoodClass.UNKNOWN
        weight = NEUTRAL_MOOD_WEIGHT if mood.mood is MoodClass.NEUTRAL else 1.0
        barred = (*self.playlist.refused, *self.playlist.barred(at))
        query = {
            "valence": valence if known else 0.0,
            "arousal": arousal if known else 0.0,
            "mood_weight": weight if known else 0.0,
            "exclude": barred[:2000],
            "count": self._settings.music.ask_for,
            "allow_explicit": self._settings.music.allow_explicit,
            "deadline_ms": int(self._settings.music.answer_within_seconds * 1000),
            **wishes,
        }
        return self.asking.ask(RecommendRequest(**query), at)  # type: ignore[arg-type]

    def play_next(self, at: float, *, crossfade: bool) -> list[Effect]:
        """Play what comes next, and see that more will come."""
        effects = self.deck.play_next(at, crossfade=crossfade)
        self._tracks_since_mood += 1
        lifting = self.believed.mood is MoodClass.NEGATIVE
        stuck = self.playlist.next() is None
        if lifting or stuck or len(self.playlist.upcoming) < REFILL_BELOW:
            effects += self.ask(at)
        return effects

    def go_on(self, at: float, *, crossfade: bool) -> list[Effect]:
        """After the track on the deck: the next, unless it was paused and nobody wants music."""
        paused = self.deck.playback is Playback.PAUSED
        return self.deck.stop() if paused else self.play_next(at, crossfade=crossfade)

    def leave(self, kind: InteractionKind, at: float) -> list[Effect]:
        """Remember what became of the track on the deck."""
        return self.deck.remember(kind, at, self.unix_seconds(at), self.believed)

    def mood_changed(self, at: float, *, now: bool) -> list[Effect]:
        """Another mood counts: ask for its music; `now` does not wait for the track's end."""
        self._tracks_since_mood = 0
        self._switch_when_answered = self._switch_when_answered or now
        told = DeviceEvent(kind=DeviceEventKind.MOOD_CHANGED, subject=self.believed.mood)
        return [Tell(event=told), *self.ask(at)]

    def switch_when_answered(self) -> None:
        """Play the first track of the next ranking at once."""
        self._switch_when_answered = True

    def set_volume(self, volume: float) -> list[Effect]:
        """Volume within the ceiling."""
        self.volume = max(0.0, min(volume, self._settings.music.volume_ceiling))
        return [SetVolume(volume=self.volume)]

    # Events

    def _tick(self, event: events.Tick) -> list[Effect]:
        self._unix_ahead = event.unix_seconds - event.at
        effects = self._believe(self.filter.wait(event.at), event.at)
        seen = self._last_seen_at
        if seen is not None and event.at - seen > PRESENCE_SECONDS:
            self._last_seen_at = None
            effects.append(Tell(event=DeviceEvent(kind=DeviceEventKind.LISTENER_LEFT)))
        return effects

    def _faces(self, event: events.FacesSeen) -> list[Effect]:
        effects: list[Effect] = []
        if event.faces:
            if self._last_seen_at is None:
                effects.append(Tell(event=DeviceEvent(kind=DeviceEventKind.LISTENER_ARRIVED)))
            self._last_seen_at = event.at
        return effects + self._believe(self.filter.see(event.faces, event.at), event.at)

    def _believe(self, mood: Mood, at: float) -> list[Effect]:
        before, self.mood = self.mood, mood
        if self.mood_by_hand or before.mood is mood.mood:
            return []
        known = mood.mood is not MoodClass.UNKNOWN  # nobody's mood is no reason to end a song
        return self.mood_changed(at, now=self._settings.music.act_at_once and known)

    def _camera_changed(self, event: events.CameraChanged) -> list[Effect]:
        self._camera = str(event.state)
        return [Note(text=f"camera {event.state} {event.detail}".strip())]

    def _vision_lost(self, _event: events.VisionLost) -> list[Effect]:
        self._camera = "off"
        return [Note(text="the vision program is gone; music goes on without it")]

    def _track_started(self, event: events.TrackStarted) -> list[Effect]:
        if self.deck.playing and self.deck.playing.track == event.track:
            self.deck.started(event.at)
        return []

    def _track_ended(self, event: events.TrackEnded) -> list[Effect]:
        if self.deck.playing is None or self.deck.playing.track != event.track:
            return []
        done = self.leave(InteractionKind.COMPLETED, event.at)
        return done + self.go_on(event.at, crossfade=False)

    def _track_failed(self, event: events.TrackFailed) -> list[Effect]:
        self.playlist.refuse(event.track)
        effects: list[Effect] = [MarkBroken(track=event.track, why=event.why)]
        if self.deck.playing and self.deck.playing.track == event.track:
            effects += self.go_on(event.at, crossfade=False)
        return effects

    def _ranking(self, event: events.RankingArrived) -> list[Effect]:
        effects: list[Effect] = [Note(text=event.error)] if event.error else []
        playable = self.playlist.playable(event.tracks, event.tier, event.at)
        if not self.asking.answered(event, usable=bool(playable)):
            return effects
        self.playlist.replace(playable)
        effects.append(Note(text=f"{event.tier} ranked {len(playable)} tracks ({event.request})"))
        switch = self._switch_when_answered and self.deck.playback is Playback.PLAYING
        starved = self.deck.playback is Playback.IDLE and self.wants_music
        self._switch_when_answered = False
        if not (switch or starved):
            return effects
        effects += self.leave(InteractionKind.PLAYED, event.at)
        return effects + self.play_next(event.at, crossfade=switch)

    def _server_changed(self, event: events.ServerChanged) -> list[Effect]:
        came = event.online and not self.asking.server_online
        self.asking.server_came(event.online)
        return self.ask(event.at) if came and self._library and self.wants_music else []

    def _pack_changed(self, event: events.PackChanged) -> list[Effect]:
        self.asking.pack_usable = event.usable
        return []

    def _library_changed(self, event: events.LibraryChanged) -> list[Effect]:
        self.playlist.library_changed()
        starved = self.deck.playback is Playback.IDLE and self.wants_music
        return self.ask(event.at) if event.tracks and starved else []

    def _tier_changed(self, at: float) -> list[Effect]:
        tier = self.asking.best_tier(at)
        fell = list(Tier).index(tier) > list(Tier).index(self._tier)
        self._tier = tier
        told = DeviceEvent(kind=DeviceEventKind.FALLBACK_ENTERED, subject=tier)
        return [Tell(event=told)] if fell else []
