"""What the core's shell asks of a player. The pygame player and the fake both keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from contracts.track import TrackId


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
        gain: float = 1.0,
    ) -> None:
        """Start a track now; what plays fades out while it fades in."""

    def prepare(self, track: TrackId, path: Path) -> None:
        """Decode a track that will probably be played next."""

    def pause(self) -> None:
        """Fade out and hold the position."""

    def resume(self) -> None:
        """Go on where `pause` stopped."""

    def stop(self) -> None:
        """Fade out and forget the track."""

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1."""

    def position_seconds(self) -> float:
        """Position in the playing track; 0 when nothing plays."""

    def measured(self) -> SoundMeasured:
        """What was heard so far."""

    def close(self) -> None:
        """Fade out and let go of the sound card."""
