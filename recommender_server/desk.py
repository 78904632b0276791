"""The desk: what arrives over MQTT becomes what goes out; values in, values out.

Answers go to the topics of the device whose topic the request came on, never to a topic that a
message names: whoever may publish as a device can only make the server speak to that device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contracts import topics
from contracts.bus import Publication
from contracts.errors import ContractError
from contracts.forgetting import Forget
from contracts.messages import (
    Identifier,
    InteractionsAck,
    LibraryAck,
    LibraryChange,
    LibraryChunk,
    Message,
    MessageError,
    PackRequest,
    RecommendReply,
    RecommendRequest,
    decode,
    encode,
)
from contracts.ranking import pack_bytes, rank
from recommender_server import catalogue, interactions
from recommender_server.packs import Packs

if TYPE_CHECKING:
    from collections.abc import Callable

    from recommender_server.generation import Generation
    from recommender_server.settings import RecommenderSettings
    from recommender_server.storage import Storage

REQUESTS = (
    topics.RECOMMEND_REQUEST,
    topics.INTERACTIONS,
    topics.LIBRARY,
    topics.LIBRARY_CHANGE,
    topics.PACK_REQUEST,
    topics.FORGET,
)
REPLIES = {
    topics.RECOMMEND_REQUEST: topics.RECOMMEND_REPLY,
    topics.INTERACTIONS: topics.INTERACTIONS_ACK,
    topics.LIBRARY: topics.LIBRARY_ACK,
    topics.LIBRARY_CHANGE: topics.LIBRARY_ACK,
    topics.PACK_REQUEST: topics.PACK,
    topics.FORGET: topics.FORGET_ACK,
}


UNREADABLE = "unreadable"
"""Named in the answer to a message about a library that does not say which."""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A message, and when it came."""

    publication: Publication
    at: float
    """Seconds on the monotonic clock."""


class RefusedError(ContractError):
    """A message that is not dealt with; says why, to its sender too when there is a `reply`."""

    def __init__(self, why: str, reply: Publication | None = None) -> None:
        super().__init__(why)
        self.reply = reply


class _Named(msgspec.Struct, frozen=True):
    """What can be told of a malformed message about a library."""

    library: Identifier


class Desk:
    """Answers one message after another; owns nothing but the store and its packs."""

    def __init__(
        self,
        store: Storage,
        settings: RecommenderSettings,
        generation: Generation,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self.generation = generation
        """Replaced when a new one was trained."""
        self._packs = Packs(store, settings)

    def answer(self, arrived: Arrived) -> list[Publication]:
        """What to publish in answer to a message.

        Raises:
            ContractError: it is malformed, or none of ours, or not to be answered.
            StoreError: the disk failed; nothing is acknowledged, and the device asks again.

        """
        asked = arrived.publication
        device, leaf = topics.split(asked.topic)
        if leaf not in REPLIES:
            msg = f"{leaf!r} is nothing that a server answers"
            raise RefusedError(msg)
        if asked.retain:
            msg = f"{asked.topic} is retained: whoever asked may be long gone"
            raise RefusedError(msg)
        reply = topics.of_device(device, REPLIES[leaf])
        if asked.response_topic not in ("", reply):
            msg = f"{device} asks to be answered on {asked.response_topic!r}, not on {reply}"
            raise RefusedError(msg)
        limit = self._settings.limits.payload_bytes
        if len(asked.payload) > limit:
            msg = f"{asked.topic} brought {len(asked.payload)} bytes, at most {limit} are read"
            unread = msgspec.structs.replace(asked, payload=b"")
            raise RefusedError(msg, _complaint(leaf, device, unread, msg))
        try:
            return self._answers(leaf, device, reply, arrived)
        except MessageError as error:
            raise RefusedError(str(error), _complaint(leaf, device, asked, str(error))) from error

    def _answers(self, leaf: str, device: str, reply: str, arrived: Arrived) -> list[Publication]:
        asked = arrived.publication
        if leaf == topics.RECOMMEND_REQUEST:
            return self._recommend(device, reply, arrived)
        if leaf == topics.PACK_REQUEST:
            return [self._pack(device, reply, asked)]
        if leaf == topics.LIBRARY:
            chunk = decode(asked.payload, LibraryChunk)
            ack = catalogue.take_chunk(self._store, device, chunk, self._settings.limits)
            return [_reply(reply, ack, asked)]
        if leaf == topics.LIBRARY_CHANGE:
            change = decode(asked.payload, LibraryChange)
            ack = catalogue.take_change(self._store, device, change, self._settings.limits)
            return [_reply(reply, ack, asked)]
        if leaf == topics.FORGET:
            return self._forget(device, reply, arrived)
        kept = interactions.keep_readable(self._store, device, asked.payload)
        return [_reply(reply, kept, asked)]

    def _recommend(self, device: str, reply: str, arrived: Arrived) -> list[Publication]:
        asked = arrived.publication
        request = decode(asked.payload, RecommendRequest)
        if self._late(arrived, request):
            return []
        answer = self._ranking(device, request)
        if self._late(arrived, request):
            return []
        left = request.deadline_ms / 1000 - (self._clock() - arrived.at)
        return [_reply(reply, answer, asked, expiry_seconds=max(1, round(left)))]

    def _forget(self, device: str, reply: str, arrived: Arrived) -> list[Publication]:
        wish = decode(arrived.publication.payload, Forget)
        if self._late(arrived, wish):
            return []
        done = interactions.forget(self._store, device, wish)
        return [_reply(reply, done, arrived.publication)]

    def _late(self, arrived: Arrived, request: RecommendRequest | Forget) -> bool:
        return self._clock() - arrived.at > request.deadline_ms / 1000

    def _ranking(self, device: str, request: RecommendRequest) -> RecommendReply:
        pack = self._packs.of(device, request.library, request.listener, self.generation)
        if pack is None:
            return RecommendReply(error=_unknown_library(request.library))
        return RecommendReply(tracks=rank(pack, request), generation=self.generation.name)

    def _pack(self, device: str, reply: str, asked: Publication) -> Publication:
        request = decode(asked.payload, PackRequest)
        pack = self._packs.of(device, request.library, request.listener, self.generation)
        if pack is None:
            error = _unknown_library(request.library)
            ack = LibraryAck(library=request.library, error=error)
            return _reply(topics.of_device(device, topics.LIBRARY_ACK), ack, asked)
        return Publication(topic=reply, payload=pack_bytes(pack), correlation=asked.correlation)


def _complaint(leaf: str, device: str, asked: Publication, why: str) -> Publication | None:
    """The answer to a message that cannot be read: what is wrong, where its answer is awaited."""
    if leaf == topics.RECOMMEND_REQUEST:
        return _reply(topics.of_device(device, REPLIES[leaf]), RecommendReply(error=why), asked)
    if leaf == topics.FORGET:
        return None  # it is not done: the device asks again
    if leaf == topics.INTERACTIONS:
        ack = InteractionsAck(ids=(), error=why)
        return _reply(topics.of_device(device, REPLIES[leaf]), ack, asked)
    told = LibraryAck(library=_library_named(asked.payload), error=why)
    return _reply(topics.of_device(device, topics.LIBRARY_ACK), told, asked)


def _library_named(payload: bytes) -> str:
    try:
        return msgspec.json.decode(payload, type=_Named).library
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UNREADABLE


def _unknown_library(library: str) -> str:
    return (
        f"the library {library or 'of this device'} has not arrived here: send it, then ask again"
    )


def _reply(
    topic: str, message: Message, asked: Publication, *, expiry_seconds: int = 0
) -> Publication:
    return Publication(
        topic=topic,
        payload=encode(message),
        correlation=asked.correlation,
        expiry_seconds=expiry_seconds,
    )
