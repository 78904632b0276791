"""A player without sound: time passes when `advance` says so, tracks are as long as told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.track import TrackId
from device.events import (
    Event,
    SoundBack,
    SoundLost,
    TrackEnded,
    TrackEnding,
    TrackFailed,
    TrackStarted,
)
from device.music.ports import SoundMeasured

RMS = 0.1
"""Loudness of all music here."""


@dataclass
class _Playing:
    track: TrackId
    duration_seconds: float
    position_seconds: float
    announced: bool = False


class FakePlayer:
    """Keeps device.music.ports.Player.

    Args:
        put: takes the events.
        durations: seconds of each track; a track that is not in it cannot be decoded.
        now: monotonic seconds at the beginning.
        ending_seconds: TrackEnding comes so much before a track's end.

    """

    def __init__(
        self,
        put: Callable[[Event], None],
        *,
        durations: Mapping[TrackId, float],
        now: float = 0.0,
        ending_seconds: float = 6.0,
    ) -> None:
        self._put, self._durations, self._ending = put, durations, ending_seconds
        self.now = now
        self.volume = 1.0
        self.paused = self.card_lost = False
        self.prepared: TrackId | None = None
        self._playing: _Playing | None = None
        self._seconds = 0.0
        self._first_at: float | None = None

    # The outside world

    def advance(self, seconds: float) -> None:
        """Let time pass: what would happen in it happens, in order."""
        until = self.now + seconds
        while self._playing and not (self.paused or self.card_lost):
            step = min(self._to_next(self._playing), until - self.now)
            self._pass(self._playing, step)
            if self.now >= until:
                break
        self.now = until

    def lose_card(self) -> None:
        """Pull the sound card out."""
        self.card_lost = True
        self._put(SoundLost(at=self.now))

    def return_card(self) -> None:
        """Put the sound card back."""
        self.card_lost = False
        self._put(SoundBack(at=self.now))

    # The contract

    def play(
        self,
        track: TrackId,
        path: Path,  # noqa: ARG002 - the contract's
        *,
        start_seconds: float = 0.0,
        crossfade_seconds: float = 0.0,  # noqa: ARG002 - the contract's
        gain: float = 1.0,  # noqa: ARG002 - the contract's
    ) -> None:
        """Start a track now."""
        duration = self._durations.get(track)
        if duration is None:
            self._put(TrackFailed(at=self.now, track=track, why="not in this fake's durations"))
            return
        self.paused = False
        playing = self._playing = _Playing(track, duration, start_seconds)
        self._put(TrackStarted(at=self.now, track=track))
        if self._playing is playing:  # `put` may have stopped it
            self._announce(playing)

    def prepare(self, track: TrackId, path: Path) -> None:  # noqa: ARG002 - the contract's
        """Note what will probably be played."""
        self.prepared = track

    def pause(self) -> None:
        """Hold the position."""
        self.paused = True

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        self.paused = False

    def stop(self) -> None:
        """Forget the track."""
        self._playing = None

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1."""
        self.volume = max(0.0, min(volume, 1.0))

    def position_seconds(self) -> float:
        """Position in the playing track; 0 when nothing plays."""
        return self._playing.position_seconds if self._playing else 0.0

    def measured(self) -> SoundMeasured:
        """What would have been heard."""
        rms = RMS if self._seconds else 0.0
        return SoundMeasured(seconds=self._seconds, rms=rms, first_at=self._first_at)

    def close(self) -> None:
        """Forget everything."""
        self._playing = None

    def _to_next(self, playing: _Playing) -> float:
        left = playing.duration_seconds - playing.position_seconds
        return left if playing.announced else left - self._ending

    def _pass(self, playing: _Playing, seconds: float) -> None:
        if self._first_at is None:
            self._first_at = self.now
        self.now += seconds
        self._seconds += seconds
        playing.position_seconds += seconds
        if playing.announced and playing.position_seconds >= playing.duration_seconds:
            self._playing = None
            self._put(TrackEnded(at=self.now, track=playing.track))
        else:
            self._announce(playing)

    def _announce(self, playing: _Playing) -> None:
        left = playing.duration_seconds - playing.position_seconds
        if not playing.announced and left <= self._ending + 1e-9:
            playing.announced = True
            self._put(TrackEnding(at=self.now, track=playing.track, seconds_left=left))
