"""A small library with known moods, and a client that speaks to a recommender over a broker."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Self

from contracts import topics
from contracts.bus import Bus, Publication
from contracts.messages import LibraryChunk, Message, encode
from contracts.settings import BrokerSettings
from contracts.tag_space import TagSpace, read_tag_space
from contracts.track import Track, TrackId

TAGS_MANIFEST = Path(__file__).parents[1] / "models" / "tags.json"
WITHIN_SECONDS = 20.0


def shipped_tags() -> TagSpace:
    return read_tag_space(TAGS_MANIFEST)


def track(number: int, *tags: str, artist: str = "", **more: object) -> Track:
    named = artist or f"Artist {number}"
    return Track(
        id=TrackId(f"{number:016x}"), title=f"Title {number}", artist=named, tags=tags, **more
    )


LIBRARY = (
    track(1, "happy", "dance pop"),
    track(2, "sad", "ballad"),
    track(3, "calm", "piano"),
    track(4, "angry", "metal"),
    track(5, "joyful", "disco"),
    track(6, "melancholy", "rain"),
    track(7, "잔잔한", "acoustic"),
    track(8, "aggressive", "punk", explicit=True),
)


def chunk(
    library: str = "library-1", index: int = 0, total: int = 1, tracks: tuple[Track, ...] = LIBRARY
) -> LibraryChunk:
    return LibraryChunk(library=library, index=index, total=total, tracks=tracks)


class Device:
    """A device as the server sees it: asks on its topics, hears what comes back on them."""

    def __init__(self, broker: BrokerSettings, name: str) -> None:
        self.name = name
        self.heard: queue.Queue[Publication] = queue.Queue()
        self._linked: queue.Queue[bool] = queue.Queue()
        replies = ("recommend/reply", "interactions/ack", "library/ack", "pack", "elsewhere")
        self._bus = Bus(
            broker,
            f"test-{name}",
            subscriptions=[*(topics.of_device(name, leaf) for leaf in replies)],
            received=self.heard.put,
            link_changed=self._linked.put,
        )

    def __enter__(self) -> Self:
        self._bus.start()
        self._linked.get(timeout=WITHIN_SECONDS)
        return self

    def __exit__(self, *_error: object) -> None:
        self._bus.stop()

    def say(self, leaf: str, message: Message | bytes, **more: object) -> None:
        payload = message if isinstance(message, bytes) else encode(message)
        topic = topics.of_device(self.name, leaf)
        self._bus.publish(Publication(topic=topic, payload=payload, **more))

    def ask(self, leaf: str, message: Message | bytes, **more: object) -> Publication:
        self.say(leaf, message, **more)
        return self.heard.get(timeout=WITHIN_SECONDS)
