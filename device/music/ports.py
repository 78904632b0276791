"""What the core's shell asks of a player. The product's player and the fake both keep it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from contracts.track import TrackId
    from device.music.sound.pcm import Pcm

PAUSE_SECONDS = 0.2
"""Fade of pause and resume: soft, and soon enough to feel like an answer."""


class Join(StrEnum):
    """How a prepared track follows what plays."""

    CROSSFADE = "crossfade"
    """When `play` says so, over the end of what plays."""
    GAPLESS = "gapless"
    """By itself, on the sample after the last of what plays: the next track of an album."""


@dataclass(frozen=True)
class SoundMeasured:
    """What went to the sound card since the player started."""

    seconds: float
    """Seconds of music, pauses not counted."""
    rms: float
    """Root mean square of its samples, full scale 1."""
    first_at: float | None
    """Monotonic seconds when the first sample of music was handed over."""


class Player(Protocol):
    """Plays one track at a time; two while they cross over.

    Calls return at once; what comes of them arrives as events (device.events: TrackStarted,
    TrackEnding, TrackEnded, TrackFailed, SoundLost, SoundBack) through the `put` callback that
    the player was made with.
    """

    def play(
        self,
        track: TrackId,
        path: Path,
        *,
        start_seconds: float = 0.0,
        crossfade_seconds: float = 0.0,
        gain_db: float = 0.0,
    ) -> None:
        """Start a track now; what plays fades out while it fades in.

        What was prepared is played or forgotten.

        A track that began by itself, prepared with `Join.GAPLESS`, goes on: the first `play` of
        it from its beginning only confirms it.
        """

    def prepare(
        self,
        track: TrackId,
        path: Path,
        *,
        join: Join = Join.CROSSFADE,
        gain_db: float = 0.0,
    ) -> None:
        """Decode a track that will probably be played next, in the place of the last prepared.

        With `Join.GAPLESS` it begins by itself where what plays ends: TrackEnded of the one,
        then TrackStarted of the other; `play` confirms it.
        """

    def unprepare(self) -> None:
        """Forget what was prepared: what plays is the last."""

    def seek(self, seconds: float) -> None:
        """Go to a position in the playing track, 0 or more, paused or not.

        TrackEnding comes once more when the end is near; beyond the end is TrackEnded. What was
        prepared stays. Nothing happens when nothing plays.
        """

    def pause(self) -> None:
        """Fade out within PAUSE_SECONDS and hold the position."""

    def fade_out(self, seconds: float) -> None:
        """Fade out within so many seconds and then hold the position, as a pause does.

        Events go on while it fades; `resume` takes it back, at any moment.
        """

    def resume(self, fade_seconds: float = PAUSE_SECONDS) -> None:
        """Go on where `pause` or `fade_out` stopped, fading in."""

    def stop(self) -> None:
        """Fade out and forget the track, and what was prepared to follow it."""

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1."""

    def set_crossfade(self, seconds: float) -> None:
        """The usual crossfade: TrackEnding comes 2 s before it has to begin."""

    def output(self, name: str) -> None:
        """Play through the output of this name (device.music.sound.outputs); "" is the default.

        SoundLost and SoundBack tell how that goes; the music waits meanwhile.
        """

    def test_tone(self) -> None:
        """A short tone on the left, then on the right, at the volume that is set."""

    def announce(self, sound: Pcm) -> None:
        """Play this over the lowered music, paused or not; the music comes back after it."""

    def position_seconds(self) -> float:
        """Position in the playing track; 0 when nothing plays."""

    def measured(self) -> SoundMeasured:
        """What was heard so far."""

    def close(self) -> None:
        """Fade out and let go of the sound card."""
