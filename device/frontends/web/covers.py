"""Pictures of tracks for every page at once: each is read once, however many phones ask.

A new song sends every open page to its picture in the same second, and a picture that is not kept
yet takes a second to make: without this they would all wait in threads that commands need.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from contracts.track import TrackId
from device.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 12
"""The one that plays, the next, and what people look at; about 60 kB each."""
FRESH_SECONDS = 60.0
"""A file may get another picture."""
MAX_BYTES = 400_000
"""A JPEG of 512 pixels is a quarter of that; what is larger is not sent."""


class Picture(NamedTuple):
    """A cover."""

    jpeg: bytes
    tag: str
    """For If-None-Match."""
    read_at: float
    """Monotonic seconds."""


class Covers:
    """The latest pictures; of one loop alone."""

    def __init__(
        self, cover: Callable[[TrackId], bytes | None], clock: Callable[[], float]
    ) -> None:
        self._cover, self._clock = cover, clock
        self._kept: OrderedDict[TrackId, Picture] = OrderedDict()
        self._coming: dict[TrackId, asyncio.Task[Picture | None]] = {}

    async def find(self, track: TrackId) -> Picture | None:
        """A track's picture; None when there is none, and then it is looked for again next time."""
        kept = self._kept.get(track)
        if kept and self._clock() - kept.read_at < FRESH_SECONDS:
            self._kept.move_to_end(track)
            return kept
        coming = self._coming.get(track)
        if coming is None:
            coming = self._coming[track] = asyncio.create_task(self._read(track))
            coming.add_done_callback(lambda _: self._coming.pop(track, None))
        # One phone that hangs up does not take the picture from the others.
        return await asyncio.shield(coming)

    async def _read(self, track: TrackId) -> Picture | None:
        try:
            jpeg = await asyncio.to_thread(self._cover, track)
        except StoreError:
            return None
        if jpeg is None or len(jpeg) > MAX_BYTES:
            return None
        picture = Picture(jpeg, f'"{hashlib.sha256(jpeg).hexdigest()[:16]}"', self._clock())
        self._kept[track] = picture
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return picture
