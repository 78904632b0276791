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
from device.music.ports import PAUSE_SECONDS, Join, SoundMeasured
from device.music.sound.pcm import Pcm

RMS = 0.1
"""Loudness of all music here."""
HANDOVER_SECONDS = 2.0


@dataclass
class _Playing:
    track: TrackId
    duration_seconds: float
    position_seconds: float
    gain_db: float = 0.0
    announced: bool = False
    by_itself: bool = False
    """Began as prepared, and no `play` has confirmed it yet."""


class FakePlayer:
    """Keeps device.music.ports.Player.

    Args:
        put: takes the events.
        durations: seconds of each track; a track that is not in it cannot be decoded.
        now: monotonic seconds at the beginning.
        ending_seconds: TrackEnding comes so much before a track's end; `set_crossfade` makes it
            2 s more than the crossfade.

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
        self.join = Join.CROSSFADE
        """How what is prepared will follow."""
        self.output_name = ""
        self.tones = 0
        """Test tones so far."""
        self.announced: list[int] = []
        """Frames of each announcement."""
        self._prepared_gain_db = 0.0
        self._fade_left: float | None = None
        self._playing: _Playing | None = None
        self._seconds = 0.0
        self._first_at: float | None = None

    # The outside world

    def advance(self, seconds: float) -> None:
        """Let time pass: what would happen in it happens, in order."""
        until = self.now + seconds
        while self._playing and not (self.paused or self.card_lost):
            step = min(self._to_next(self._playing), until - self.now)
            if self._fade_left is not None:
                step = min(step, self._fade_left)
                self._fade_left -= step
            self._pass(self._playing, step)
            if self._fade_left is not None and self._fade_left <= 0:
                self.pause()
            if self.now >= until:
                break
        self.now = until

    @property
    def gain_db(self) -> float | None:
        """Gain that the playing track was asked for with; None when nothing plays."""
        return self._playing.gain_db if self._playing else None

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
        gain_db: float = 0.0,
    ) -> None:
        """Start a track now."""
        playing = self._playing
        if playing and playing.by_itself and playing.track == track and not start_seconds:
            playing.by_itself = False
            return
        self._begin(track, start_seconds, gain_db)

    def prepare(
        self,
        track: TrackId,
        path: Path,  # noqa: ARG002 - the contract's
        *,
        join: Join = Join.CROSSFADE,
        gain_db: float = 0.0,
    ) -> None:
        """Note what will probably be played."""
        self.prepared, self.join, self._prepared_gain_db = track, join, gain_db

    def unprepare(self) -> None:
        """Forget what was prepared."""
        self.prepared = None

    def seek(self, seconds: float) -> None:
        """Go to a position; beyond the end is the end."""
        playing = self._playing
        if playing is None:
            return
        playing.position_seconds = max(0.0, seconds)
        playing.announced = False
        if playing.position_seconds < playing.duration_seconds:
            self._announce(playing)
        else:
            self._end(playing)

    def pause(self) -> None:
        """Hold the position."""
        self.paused, self._fade_left = True, None

    def fade_out(self, seconds: float) -> None:
        """Hold the position after so many seconds."""
        if not self.paused:
            self._fade_left = seconds

    def resume(self, fade_seconds: float = PAUSE_SECONDS) -> None:  # noqa: ARG002 - the contract's
        """Go on where `pause` or `fade_out` stopped."""
        self.paused, self._fade_left = False, None

    def stop(self) -> None:
        """Forget the track and what follows it."""
        self._playing = self.prepared = None

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1."""
        self.volume = max(0.0, min(volume, 1.0))

    def set_crossfade(self, seconds: float) -> None:
        """Announce endings 2 s before this crossfade has to begin."""
        self._ending = seconds + HANDOVER_SECONDS

    def output(self, name: str) -> None:
        """Play through another output: the card goes and comes."""
        self.output_name = name
        self.lose_card()
        self.return_card()

    def test_tone(self) -> None:
        """Count a tone."""
        self.tones += 1

    def announce(self, sound: Pcm) -> None:
        """Play this over the lowered music."""
        self.announced.append(len(sound))

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
            self._end(playing)
        else:
            self._announce(playing)

    def _begin(self, track: TrackId, start_seconds: float, gain_db: float) -> None:
        duration = self._durations.get(track)
        if duration is None:
            self._put(TrackFailed(at=self.now, track=track, why="not in this fake's durations"))
            return
        self.paused, self._fade_left = False, None
        self.prepared = None
        playing = self._playing = _Playing(track, duration, start_seconds, gain_db)
        self._started(playing)

    def _started(self, playing: _Playing) -> None:
        self._put(TrackStarted(at=self.now, track=playing.track))
        if self._playing is playing:  # `put` may have stopped it
            self._announce(playing)

    def _end(self, ended: _Playing) -> None:
        """End a track; what was prepared to follow without a gap follows."""
        self._playing = following = self._follower()
        self._put(TrackEnded(at=self.now, track=ended.track))
        if following and self._playing is following:
            self._started(following)

    def _follower(self) -> _Playing | None:
        track, duration = self.prepared, self._durations.get(self.prepared or TrackId(""))
        if track is None or duration is None or self.join is not Join.GAPLESS:
            return None
        self.prepared = None
        return _Playing(track, duration, 0.0, self._prepared_gain_db, by_itself=True)

    def _announce(self, playing: _Playing) -> None:
        left = playing.duration_seconds - playing.position_seconds
        if not playing.announced and left <= self._ending + 1e-9:
            playing.announced = True
            self._put(TrackEnding(at=self.now, track=playing.track, seconds_left=left))
