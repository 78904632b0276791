"""Makes the status: one place that reads all that a person may want to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.status import Heard, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.track import Track, TrackId
    from device.core import Core
    from device.events import FacesSeen
    from device.journal import Journal
    from device.music.ports import Player
    from device.recommend.remote import RemoteRecommender


def look(
    core: Core,
    *,
    library: Mapping[TrackId, Track],
    faces: FacesSeen | None,
    remote: RemoteRecommender,
    player: Player,
    sound_driver: str,
    journal: Journal,
    scanned: tuple[int, int],
    now: float,
) -> Status:
    """A snapshot of the device at monotonic second `now`."""
    state = core.state(now)
    playing = library.get(state.playing.track) if state.playing else None
    heard, trips = player.measured(), remote.round_trips_ms
    return Status(
        state=state,
        faces=faces.faces if faces else (),
        faces_age_seconds=now - faces.at if faces else None,
        emotions=core.filter.emotions,
        position_seconds=core.deck.position_seconds(now),
        duration_seconds=playing.duration_seconds if playing else 0.0,
        library_tracks=len(library),
        scanned=scanned,
        server_online=remote.online,
        requests_sent=remote.sent,
        requests_answered=remote.answered,
        round_trip_ms=remote.median_round_trip_ms,
        last_round_trip_ms=trips[-1] if trips else None,
        sound_driver=sound_driver,
        heard=Heard(seconds=heard.seconds, rms=heard.rms, first_at=heard.first_at),
        happenings=journal.happenings,
    )
