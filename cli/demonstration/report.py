"""What a demo has shown, as JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cli.demonstration.programs import Usage

if TYPE_CHECKING:
    from device.status import Status


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """Questions to the recommender server."""

    sent: int
    answered: int
    median_ms: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run of the demo; times are seconds since its start."""

    seconds: float
    cold_start_seconds: float | None
    """Until the first PCM went to the sound card."""
    moods: list[dict[str, float | str]]
    requests: Requests
    tracks: list[dict[str, float | str]]
    tier_changes: list[dict[str, float | str]]
    pcm_seconds: float
    pcm_rms: float
    sound_driver: str
    faces_seen: bool
    programs: dict[str, Usage]
    complaints: dict[str, str]
    """Last words of programs that refused to run."""


def make_report(
    status: Status,
    *,
    began: float,
    ended: float,
    programs: dict[str, Usage],
    complaints: dict[str, str],
) -> Report:
    """The report of a run.

    Args:
        status: core's last status.
        began: CLOCK_MONOTONIC seconds when the demo was started.
        ended: the same when it was stopped.
        programs: what each program has cost.
        complaints: last words of each program that refused to run.

    """
    first = status.heard.first_at

    def rows(kind: str, **names: str) -> list[dict[str, float | str]]:
        return [
            {
                "after_seconds": round(h.at - began, 2),
                **{name: getattr(h, attribute) for name, attribute in names.items()},
            }
            for h in status.happenings
            if h.kind == kind
        ]

    return Report(
        seconds=round(ended - began, 2),
        cold_start_seconds=None if first is None else round(first - began, 2),
        moods=rows("mood", mood="what"),
        requests=Requests(
            sent=status.requests_sent,
            answered=status.requests_answered,
            median_ms=status.round_trip_ms,
        ),
        tracks=rows("track", title="what", reason="why", tier="tier"),
        tier_changes=rows("tier", tier="what"),
        pcm_seconds=round(status.heard.seconds, 2),
        pcm_rms=round(status.heard.rms, 4),
        sound_driver=status.sound_driver,
        faces_seen=status.faces_age_seconds is not None,
        programs=programs,
        complaints=complaints,
    )
