"""Makes the status: one place that reads all that a person may want to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from device import guest, planning
from device.first_lists import decade_words
from device.status import Controls, Heard, NowPlaying, QueueRow, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.messages import Reason
    from contracts.track import Track, TrackId
    from device.core import Core
    from device.events import FacesSeen
    from device.journal import Journal
    from device.music.ports import Player
    from device.recommend.remote import RemoteRecommender
    from device.session import Queued

SHOWN = 50
"""Of the queue."""


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
    heard, trips = player.measured(), remote.round_trips
    return Status(
        state=state,
        controls=controls(core, now),
        faces=faces.faces if faces else (),
        faces_age_seconds=now - faces.at if faces else None,
        emotions=core.filter.emotions,
        position_seconds=core.deck.position_seconds(now),
        duration_seconds=playing.duration_seconds if playing else 0.0,
        library_tracks=len(library),
        scanned=scanned,
        server_online=remote.online,
        requests_sent=trips.sent,
        requests_answered=trips.answered,
        round_trip_ms=trips.median_ms,
        last_round_trip_ms=trips.milliseconds[-1] if trips.milliseconds else None,
        sound_driver=sound_driver,
        heard=Heard(seconds=heard.seconds, rms=heard.rms, first_at=heard.first_at),
        happenings=journal.happenings,
    )


def controls(core: Core, now: float) -> Controls:
    """What can be changed by commands, as it is at monotonic second `now`."""
    queue, playing = core.playlist.upcoming, core.deck.playing
    part, era = core.plan.part, core.wishes.era
    return Controls(
        queue=tuple(
            QueueRow(choice=core.playlist.choice(q), by_hand=q.by_hand, why=_why(core, q.reason))
            for q in queue[:SHOWN]
        ),
        queued=len(queue),
        now=_now(core, playing) if playing else None,
        hold=core.hold or "",
        question=core.dialogue.open,
        liked=playing is not None and playing.track in core.liked,
        volume_ceiling=core.volume.ceiling,
        muted=core.volume.muted,
        auto_play=core.auto_play,
        repeat=core.repeat,
        era=decade_words(era) if era else "",
        mood_word=core.hand.word,
        mood_seconds_left=_left(core.hand.until, now),
        sleep_seconds_left=_left(core.sleep.until, now),
        sleep_at_track_end=core.sleep.at_track_end,
        daypart=part.name if part else "",
        dayparts=planning.schedule(core),
        dayparts_by_hand=core.plan.by_hand is not None,
        wish_rules=guest.wish_rules(core),
        wishes_taken=guest.taking(core),
        pin_reset=core.guest.pin.seen(now),
        totals=core.guest.tally.days,
        explicit_allowed=core.explicit_allowed,
        somebody_seen=core.presence.seen,
        masks=core.masks,
        own_lists=tuple(sorted(core.lists)),
    )


def _now(core: Core, playing: Queued) -> NowPlaying:
    track = core.library.get(playing.track)
    if track is None:
        return NowPlaying(why=_why(core, playing.reason))
    return NowPlaying(
        album=track.album,
        year=track.year,
        bpm=track.bpm,
        valence=track.valence,
        arousal=track.arousal,
        explicit=track.explicit,
        artwork=bool(track.artwork),
        why=_why(core, playing.reason),
    )


def _why(core: Core, reason: Reason) -> Reason:
    """The reason, with a track named by its title."""
    track = core.library.get(reason.subject)  # type: ignore[call-overload] # an id, or a word
    return msgspec.structs.replace(reason, subject=track.title) if track else reason


def _left(until: float | None, now: float) -> float | None:
    return None if until is None else round(max(0.0, until - now), 1)
