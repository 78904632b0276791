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
from device.effects import (
    Effect,
    FadeOut,
    Pause,
    Play,
    Prepare,
    Remember,
    Resume,
    Seek,
    Stop,
    Tell,
    Unprepare,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.mood import Mood
    from contracts.track import TrackId
    from device.events import TrackEnding
    from device.playlist import Playlist
    from device.session import Queued

LEAVING = frozenset(
    {
        InteractionKind.PLAYED,
        InteractionKind.COMPLETED,
        InteractionKind.SKIPPED,
        InteractionKind.BANNED,
    }
)
"""What ends a track; its mood is then that of the next one's beginning."""


class Deck:
    """Exactly one of playing, paused and idle; every track that leaves it is remembered.

    `gapless` says whether a track follows another without a crossfade.
    """

    def __init__(
        self,
        playlist: Playlist,
        crossfade_seconds: float,
        boot: str,
        gapless: Callable[[TrackId, TrackId], bool] = lambda _one, _other: False,
    ) -> None:
        self._playlist, self._crossfade, self._boot = playlist, crossfade_seconds, boot
        self._gapless = gapless
        self.playing: Queued | None = None
        self.playback = Playback.IDLE
        self._loaded = True
        """False after a restart in a pause: the player has yet to be given the track."""
        self._started_at = 0.0
        self._starts_from = 0.0
        self._held_at = 0.0
        self._handover_at: float | None = None
        self._lost_at: float | None = None
        self._ending = False
        self._prepared: TrackId | None = None
        self._remembered = 0
        self._valence_at_start: float | None = None

    def position_seconds(self, at: float) -> float:
        """How far the track has come; 0 when nothing is on the deck."""
        if self.playing is None:
            return 0.0
        now = min(at, self._held_at) if self.playback is Playback.PAUSED else at
        now = now if self._lost_at is None else min(now, self._lost_at)
        return max(0.0, now - self._started_at)

    def play_next(self, at: float, *, crossfade: bool) -> list[Effect]:
        """Put the next track on; idle when there is none."""
        self._forget_ending()
        self.playing = self._playlist.take(at)
        if self.playing is None:
            self.playback = Playback.IDLE
            return [Stop()]
        return self._put_on(at, self._crossfade if crossfade else 0.0)

    def play_again(self, at: float) -> list[Effect]:
        """The same track from its beginning, as if it were the next."""
        self._forget_ending()
        assert self.playing is not None  # noqa: S101 - told to the type checker
        self._playlist.began(self.playing.track, at)
        return self._put_on(at, 0.0)

    def restore(self, queued: Queued, position: float, playback: Playback, at: float) -> None:
        """Lay on a track as it lay before a restart; it sounds from `resume` on."""
        self.playing, self._loaded = queued, False
        self.playback = Playback.IDLE if playback is Playback.IDLE else Playback.PAUSED
        self._started_at, self._held_at = at - position, at

    def started(self, at: float) -> None:
        """Count the first sample went out now, not when it was asked for."""
        self._started_at = at - self._starts_from

    def ending(self, event: TrackEnding) -> list[Effect]:
        """Get the next track ready and plan the crossfade."""
        if self.playing is None or event.track != self.playing.track:
            return []
        self._ending = True
        self._handover_at = event.at + max(0.0, event.seconds_left - self._crossfade)
        return []  # `follow` has the player ready

    def follow(self, *, nothing: bool) -> list[Effect]:
        """Have the player ready for what is next, which may change until the very end.

        With `nothing` the track that plays is the last, or comes again.
        """
        following = None if nothing else self._playlist.next()
        next_track = following.track if following else None
        if not self._ending or self.playing is None or next_track == self._prepared:
            return []
        self._prepared = next_track
        if next_track is None:
            return [Unprepare()]
        return [Prepare(track=next_track, gapless=self._gapless(self.playing.track, next_track))]

    def handover_due(self, at: float) -> bool:
        """Whether the next track should start over the end of this one."""
        due = self._handover_at is not None and at >= self._handover_at and self._lost_at is None
        following = self._playlist.next()
        if not due or self.playback is not Playback.PLAYING or not following or not self.playing:
            return False
        return not self._gapless(self.playing.track, following.track)

    def seek(self, seconds: float, at: float) -> list[Effect]:
        """Go to a position; paused stays paused."""
        self._forget_ending()
        self._started_at, self._held_at, self._starts_from = at - seconds, at, seconds
        return [Seek(seconds=seconds)] if self._loaded else []

    def card_lost(self, at: float) -> None:
        """The sound card is gone: the player waits where it is."""
        self._lost_at = at if self._lost_at is None else self._lost_at

    def card_back(self, at: float) -> None:
        """The player goes on; the time without a card was no music."""
        lost_at, self._lost_at = self._lost_at, None
        if lost_at is not None and self.playback is Playback.PLAYING:
            self._started_at += at - lost_at
            if self._handover_at is not None:
                self._handover_at += at - lost_at

    def pause(self, at: float, fade_seconds: float = 0.0) -> list[Effect]:
        """Hold, fading out first if it is to; nothing happens unless something plays."""
        if self.playback is not Playback.PLAYING:
            return []
        self.playback, self._held_at = Playback.PAUSED, at + fade_seconds
        return [FadeOut(seconds=fade_seconds) if fade_seconds else Pause()]

    def resume(self, at: float, fade_seconds: float = 0.0) -> list[Effect]:
        """Go on; nothing happens unless it is paused."""
        if self.playback is not Playback.PAUSED or self.playing is None:
            return []
        position = self.position_seconds(at)
        held = max(0.0, at - self._held_at)
        self._started_at += held
        if self._handover_at is not None:
            self._handover_at += held
        self.playback = Playback.PLAYING
        if not self._loaded:
            self._loaded, self._starts_from = True, position
            return [Play(track=self.playing.track, start_seconds=position)]
        return [Resume(fade_seconds=fade_seconds) if fade_seconds else Resume()]

    def stop(self) -> list[Effect]:
        """Take the track off."""
        self.playing = self._valence_at_start = None
        self._forget_ending()
        self.playback = Playback.IDLE
        return [Stop()]

    def remember(
        self,
        kind: InteractionKind,
        at: float,
        unix_seconds: float,
        mood: Mood,
        track: TrackId | None = None,
    ) -> list[Effect]:
        """What the listener did with the track on the deck, or with another."""
        on_deck = self.playing.track if self.playing else None
        subject = track or on_deck
        if subject is None:
            return []
        self._remembered += 1
        known = mood.confidence > 0
        if kind in LEAVING:
            before, self._valence_at_start = self._valence_at_start, mood.valence if known else None
        else:
            before = self._valence_at_start
        interaction = Interaction(
            id=f"{self._boot}-{self._remembered}",
            track=subject,
            kind=kind,
            at_unix_seconds=unix_seconds,
            position_seconds=self.position_seconds(at) if subject == on_deck else 0.0,
            valence=mood.valence if known else None,
            arousal=mood.arousal if known else None,
            valence_change=mood.valence - before if known and before is not None else None,
        )
        return [Remember(interaction=interaction)]

    def _put_on(self, at: float, crossfade_seconds: float) -> list[Effect]:
        assert self.playing is not None  # noqa: S101 - told to the type checker
        self.playback, self._loaded = Playback.PLAYING, True
        self._started_at, self._starts_from = at, 0.0
        title = self._playlist.choice(self.playing).title
        changed = DeviceEvent(kind=DeviceEventKind.TRACK_CHANGED, subject=title)
        play = Play(track=self.playing.track, crossfade_seconds=crossfade_seconds)
        return [play, Tell(event=changed)]

    def _forget_ending(self) -> None:
        self._ending, self._handover_at, self._prepared = False, None, None
