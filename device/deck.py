"""The record deck: what plays, how far it is, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.messages import (
    DeviceEvent,
    DeviceEventKind,
    Interaction,
    InteractionKind,
    Playback,
)
from device.effects import Effect, Pause, Play, Prepare, Remember, Resume, Stop, Tell

if TYPE_CHECKING:
    from contracts.mood import Mood
    from device.events import TrackEnding
    from device.playlist import Playlist, Queued


class Deck:
    """Exactly one of playing, paused and idle; every track that leaves it is remembered."""

    def __init__(self, playlist: Playlist, crossfade_seconds: float, boot: str) -> None:
        self._playlist, self._crossfade, self._boot = playlist, crossfade_seconds, boot
        self.playing: Queued | None = None
        self.playback = Playback.IDLE
        self._started_at = 0.0
        self._held_at = 0.0
        self._handover_at: float | None = None
        self._remembered = 0

    def position_seconds(self, at: float) -> float:
        """How far the track has come; 0 when nothing is on the deck."""
        if self.playing is None:
            return 0.0
        now = self._held_at if self.playback is Playback.PAUSED else at
        return max(0.0, now - self._started_at)

    def play_next(self, at: float, *, crossfade: bool) -> list[Effect]:
        """Put the next track on; idle when there is none."""
        self._handover_at = None
        self.playing = self._playlist.take(at)
        if self.playing is None:
            self.playback = Playback.IDLE
            return [Stop()]
        self.playback, self._started_at = Playback.PLAYING, at
        seconds = self._crossfade if crossfade else 0.0
        return [
            Play(track=self.playing.track, crossfade_seconds=seconds),
            Tell(event=self._track_changed()),
        ]

    def put_on(self, queued: Queued, at: float) -> list[Effect]:
        """Put on a track out of turn."""
        self._playlist.upcoming.insert(0, queued)
        return self.play_next(at, crossfade=True)

    def started(self, at: float) -> None:
        """Count the first sample went out now, not when it was asked for."""
        self._started_at = at

    def ending(self, event: TrackEnding) -> list[Effect]:
        """Get the next track ready and plan the crossfade."""
        if self.playing is None or event.track != self.playing.track:
            return []
        self._handover_at = event.at + max(0.0, event.seconds_left - self._crossfade)
        following = self._playlist.next()
        return [Prepare(track=following.track)] if following else []

    def handover_due(self, at: float) -> bool:
        """Whether the next track should start over the end of this one."""
        due = self._handover_at is not None and at >= self._handover_at
        return due and self.playback is Playback.PLAYING and self._playlist.next() is not None

    def pause(self, at: float) -> list[Effect]:
        """Hold; nothing happens unless something plays."""
        if self.playback is not Playback.PLAYING:
            return []
        self.playback, self._held_at = Playback.PAUSED, at
        return [Pause()]

    def resume(self, at: float) -> list[Effect]:
        """Go on; nothing happens unless it is paused."""
        if self.playback is not Playback.PAUSED:
            return []
        held = at - self._held_at
        self._started_at += held
        if self._handover_at is not None:
            self._handover_at += held
        self.playback = Playback.PLAYING
        return [Resume()]

    def stop(self) -> list[Effect]:
        """Take the track off."""
        self.playing, self._handover_at = None, None
        self.playback = Playback.IDLE
        return [Stop()]

    def remember(
        self, kind: InteractionKind, at: float, unix_seconds: float, mood: Mood
    ) -> list[Effect]:
        """What the listener did with the track on the deck."""
        if self.playing is None:
            return []
        self._remembered += 1
        known = mood.confidence > 0
        interaction = Interaction(
            id=f"{self._boot}-{self._remembered}",
            track=self.playing.track,
            kind=kind,
            at_unix_seconds=unix_seconds,
            position_seconds=self.position_seconds(at),
            valence=mood.valence if known else None,
            arousal=mood.arousal if known else None,
        )
        return [Remember(interaction=interaction)]

    def _track_changed(self) -> DeviceEvent:
        assert self.playing is not None  # noqa: S101 - told to the type checker
        title = self._playlist.choice(self.playing).title
        return DeviceEvent(kind=DeviceEventKind.TRACK_CHANGED, subject=title)
