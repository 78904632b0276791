"""What waits for core's one thread: bounded, and of some things the newest alone.

Failure policy, stream by stream, when core is slower than what comes:

- commands: beyond 64 each is answered with a refusal at once, never dropped in silence; of
  volumes and places one after another only the last waits, and the others are told so.
- what vision says: only the newest faces wait; of 64 packets the oldest yields.
- the link to the broker: its present state, and that it broke in between.
- messages of the broker: at most 500 and 8 MiB; what comes then is dropped and counted, since
  whoever sent it, or we who asked, does so again. Of the server's availability and of packs the
  newest takes the place of the one before, and no bound keeps it out.
- what the device's own parts report: each answers something that core did, so few wait; of 2,000
  the oldest yields.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter, deque
from typing import TYPE_CHECKING

from contracts import topics
from contracts.bus import Publication
from contracts.tally import Tally
from device import events
from device.effects import Answered

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from device.events import Event

    Item = Event | Publication | bool

log = logging.getLogger(__name__)

MOST_COMMANDS = 64
"""Each is on the disk before the next is looked at, which takes a card some 50 ms."""
MOST_SEEN = 64
MOST_MESSAGES, MOST_MESSAGE_BYTES = 500, 8 * 1024 * 1024
MOST_OWN = 2_000
COMMANDS, SEEN, LINK, MESSAGES, OWN = "commands", "seen", "link", "messages", "own"
ABSOLUTE = frozenset({"volume", "volume_ceiling", "seek"})
"""Commands of which only the last of several in a row matters, unless they say by how much."""
NEWEST_TOPICS = frozenset({topics.PACK})
NEWEST_EVENTS = (
    events.LibraryChanged,
    events.ListsRead,
    events.PackChanged,
    events.StoreChanged,
)
"""States, not deeds: the newest says all."""


class _Waiting:
    """One that waits, in its place in the line."""

    __slots__ = ("item", "stream")

    def __init__(self, item: Item, stream: str) -> None:
        self.item, self.stream = item, stream


class Inbox:
    """The line before core: any thread puts, core alone takes.

    Args:
        refused: told of each command that will not come to core, on the thread that gave it.
        clock: monotonic seconds.

    """

    def __init__(self, refused: Callable[[Answered], None], clock: Callable[[], float]) -> None:
        self._refused = refused
        self._line: deque[_Waiting] = deque()
        self._newest: dict[Hashable, _Waiting] = {}
        """The last of each stream, topic or kind of which a newer one may take the place."""
        self._count: Counter[str] = Counter()
        self._bytes = 0
        self._there = threading.Condition()
        self._dropped = Tally(log, "things dropped, core is too slow for them", clock)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._line)

    def put(self, item: Item) -> None:
        """Let it wait, in the place of what it makes pointless; never blocks."""
        with self._there:
            left_out = self._take_in(item)
            self._there.notify()
        if left_out is None:
            return
        if isinstance(left_out, events.CommandGiven):
            self._refused(_refusal(left_out, item))
        elif not isinstance(left_out, bool):
            self._dropped.count(repr(left_out)[:80])

    def get(self, timeout: float) -> Item:
        """The one that waits longest.

        Raises:
            queue.Empty: none came within so many seconds.

        """
        with self._there:
            if not self._there.wait_for(self._line.__len__, timeout):
                raise queue.Empty
            return self._leave(self._line.popleft())

    def _take_in(self, item: Item) -> Item | None:
        """What does not come to core for it: itself, or one that was there."""
        stream, before = _stream_of(item), self._newest.get(_key_of(item))
        if before is not None and _replaces(item, before.item):
            old, before.item = before.item, item
            self._bytes += _size(item) - _size(old)
            return old if isinstance(old, events.CommandGiven) else None
        if stream == LINK and self._count[LINK] > 1:
            self._take_out(self._newest[LINK])  # up, down, up: it is up, and broke before
            self._newest[LINK] = next(one for one in self._line if one.stream == LINK)
            return None
        yields = None
        if self._full(item, stream):
            if stream in {COMMANDS, MESSAGES}:
                return item
            yields = self._take_out(next(one for one in self._line if one.stream == stream))
        self._append(_Waiting(item, stream))
        return yields

    def _append(self, waiting: _Waiting) -> None:
        self._line.append(waiting)
        self._newest[_key_of(waiting.item)] = waiting
        self._count[waiting.stream] += 1
        self._bytes += _size(waiting.item)

    def _take_out(self, waiting: _Waiting) -> Item:
        """Out of the middle; what it was."""
        self._line.remove(waiting)
        return self._leave(waiting)

    def _full(self, item: Item, stream: str) -> bool:
        if stream == MESSAGES:
            heavy = self._bytes and self._bytes + _size(item) > MOST_MESSAGE_BYTES
            known = _key_of(item) != MESSAGES  # of these topics one each
            return not known and (bool(heavy) or self._count[MESSAGES] >= MOST_MESSAGES)
        most = {COMMANDS: MOST_COMMANDS, SEEN: MOST_SEEN, OWN: MOST_OWN}
        return stream in most and self._count[stream] >= most[stream]

    def _leave(self, waiting: _Waiting) -> Item:
        self._count[waiting.stream] -= 1
        self._bytes -= _size(waiting.item)
        key = _key_of(waiting.item)
        if self._newest.get(key) is waiting:
            del self._newest[key]
        return waiting.item


def _stream_of(item: Item) -> str:
    if isinstance(item, bool):
        return LINK
    if isinstance(item, Publication):
        return MESSAGES
    if isinstance(item, events.CommandGiven):
        return COMMANDS
    seen = (events.FacesSeen, events.CameraChanged, events.VisionLost)
    return SEEN if isinstance(item, seen) else OWN


def _key_of(item: Item) -> Hashable:
    """Within what a newer one may take its place."""
    if isinstance(item, NEWEST_EVENTS):
        return type(item)
    if isinstance(item, Publication):
        last = item.topic.rpartition("/")[2]
        known = item.topic == topics.SERVER_AVAILABILITY or last in NEWEST_TOPICS
        return (MESSAGES, item.topic) if known else MESSAGES
    return _stream_of(item)


def _replaces(item: Item, before: Item) -> bool:
    """Whether core need not see the last one of its stream that waits; nothing lies between."""
    if isinstance(item, events.CommandGiven) and isinstance(before, events.CommandGiven):
        by = ("+", "-")
        steps = item.argument.startswith(by) or before.argument.startswith(by)
        return item.name == before.name and item.name in ABSOLUTE and not steps
    if isinstance(item, bool):
        return item is before
    if isinstance(item, Publication):
        return _key_of(item) != MESSAGES
    return type(item) is type(before) and isinstance(item, (events.FacesSeen, *NEWEST_EVENTS))


def _size(item: Item) -> int:
    return len(item.payload) if isinstance(item, Publication) else 0


def _refusal(given: events.CommandGiven, newer: Item) -> Answered:
    if newer is given:
        text = f"{MOST_COMMANDS} commands wait already: try again in a moment"
        code, ticket = "core_busy", given.ticket
        return Answered(name=given.name, text=text, refused=True, code=code, ticket=ticket)
    said = newer.argument if isinstance(newer, events.CommandGiven) else ""
    text = f"overtaken: {given.name} {said} was said since"
    return Answered(name=given.name, text=text, ticket=given.ticket)
