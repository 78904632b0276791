"""What staff see and set on their page: schedule, wishes, the day, the play log, the restart."""

from __future__ import annotations

import asyncio
import hashlib
import io
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from device.dayparts import Daypart
from device.frontends.web.day_view import day_view
from device.frontends.web.giving import give
from device.frontends.web.requests import json_of, query_of
from device.frontends.web.words import RefusedError, answer
from device.history import Heard, read_history
from device.licence_report import write_csv
from device.schedule import AS_SET, ScheduleError, schedule_of
from device.store import StoreError

if TYPE_CHECKING:
    from starlette.requests import Request

    from device.frontends.web.site import Site

DAY_SECONDS = 86_400.0
MAX_SCHEDULE_BYTES = 131_072
"""48 dayparts with 16 long tags each, twice."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as the page gives it; None: that of the settings."""

    parts: msgspec.Raw
    was: Annotated[str, msgspec.Meta(max_length=64)]
    """`tag` of the schedule that it was made from."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """What holds, for the page."""

    parts: tuple[Daypart, ...]
    own: bool
    """Made here, not in the settings."""
    tag: str
    """Another for another schedule."""


class RulesChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of the rules for wishes is to be another; core says what it may be."""

    open: bool | None = None
    minutes: float | None = None
    explicit: bool | None = None
    most_waiting: int | None = None


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the play log."""

    days: Annotated[float, msgspec.Meta(gt=0, le=400)] = 1.0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class DayQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which day: so many before today."""

    ago: Annotated[int, msgspec.Meta(ge=0, le=30)] = 0


class StaffRoutes:
    """For staff alone, every one of them."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._writing = asyncio.Lock()

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/api/staff/dayparts", self.dayparts),
            Route("/api/staff/dayparts", self.set_dayparts, methods=["POST"]),
            Route("/api/staff/wishes", self.wishes),
            Route("/api/staff/wishes", self.set_wishes, methods=["POST"]),
            Route("/api/staff/log", self.log),
            Route("/api/staff/log.csv", self.log_file),
            Route("/api/staff/day", self.day),
            Route("/api/staff/restart", self.restart, methods=["POST"]),
        ]

    async def dayparts(self, request: Request) -> Response:
        """The schedule that holds."""
        self._site.people.need_staff(request)
        return answer(self._schedule())

    async def set_dayparts(self, request: Request) -> Response:
        """Another schedule, from now on; all faults of one that cannot be."""
        self._site.people.need_staff(request)
        given = await json_of(request, Given, most=MAX_SCHEDULE_BYTES)
        async with self._writing:
            if given.was != self._schedule().tag:
                text = "somebody else changed the schedule meanwhile: look at it again"
                raise RefusedError(409, "schedule_changed", text)
            await give(self._site.house, "dayparts", _checked(bytes(given.parts)))
        return answer(self._schedule())

    async def wishes(self, request: Request) -> Response:
        """The rules for guests' wishes."""
        self._site.people.need_staff(request)
        return answer(self._site.wishes.rules)

    async def set_wishes(self, request: Request) -> Response:
        """Other rules, from now on."""
        self._site.people.need_staff(request)
        change = await json_of(request, RulesChange)
        await give(self._site.house, "wishes", msgspec.json.encode(change).decode())
        return answer(self._site.wishes.rules)

    async def restart(self, request: Request) -> Response:
        """End core; whatever supervises it starts it again."""
        self._site.people.need_staff(request)
        response = answer({"restarting": True})
        asyncio.get_running_loop().call_later(0.3, self._site.house.restart)
        return response

    async def log(self, request: Request) -> Response:
        """What was heard, newest first."""
        self._site.people.need_staff(request)
        query = query_of(request, LogQuery)
        since = self._site.house.unix_clock() - query.days * DAY_SECONDS
        heard = await self._heard(since, query.limit)
        return answer(
            [
                {
                    "at": one.began_unix_seconds,
                    "seconds": round(one.seconds),
                    "how": one.how,
                    "id": one.track.id,
                    "title": one.track.title,
                    "artist": one.track.artist,
                }
                for one in heard
            ]
        )

    async def log_file(self, request: Request) -> Response:
        """The same as a CSV file, for the licence report."""
        self._site.people.need_staff(request)
        query, house = query_of(request, LogQuery), self._site.house
        heard = await self._heard(house.unix_clock() - query.days * DAY_SECONDS)
        file = io.StringIO(newline="")
        write_csv(file, heard)
        day = datetime.fromtimestamp(house.unix_clock()).astimezone().date().isoformat()
        return Response(
            file.getvalue().encode("utf-8-sig"),  # without it, Excel shows Korean as nonsense
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="mlfym-{day}.csv"'},
        )

    async def day(self, request: Request) -> Response:
        """One day in sums: plays by the hour, and the moods of a café's guests."""
        self._site.people.need_staff(request)
        house, ago = self._site.house, query_of(request, DayQuery).ago
        today = datetime.fromtimestamp(house.unix_clock()).astimezone()
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight.timestamp() - ago * DAY_SECONDS
        heard = await self._heard(first)
        totals = house.status().controls.totals
        return answer(day_view(heard, totals, first, cafe=house.settings.web.cafe))

    async def _heard(self, since: float, limit: int = 1_000_000) -> list[Heard]:
        file = self._site.house.folder / "device.sqlite"
        if not file.exists():
            return []
        try:
            return await asyncio.to_thread(
                read_history, file, since_unix_seconds=since, limit=limit
            )
        except StoreError as error:
            raise RefusedError(503, "log_unreadable", str(error)) from error

    def _schedule(self) -> Schedule:
        controls = self._site.house.status().controls
        encoded = msgspec.json.encode((controls.dayparts, controls.dayparts_by_hand))
        tag = hashlib.sha256(encoded).hexdigest()[:16]
        return Schedule(parts=controls.dayparts, own=controls.dayparts_by_hand, tag=tag)


def _checked(parts: bytes) -> str:
    """A schedule as core's command takes it.

    Raises:
        RefusedError: with every fault of every daypart.

    """
    if parts == b"null":
        return AS_SET
    try:
        schedule_of(parts)
    except ScheduleError as error:
        faults = [{"part": f.part, "field": f.field, "why": f.why} for f in error.faults]
        raise RefusedError(422, "dayparts_wrong", str(error), more={"faults": faults}) from error
    return parts.decode()
