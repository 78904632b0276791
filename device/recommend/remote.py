"""The first tier: the recommender server, over MQTT.

Runs on core's one thread: what paho receives comes through core's queue. It keeps the server
told of the library, sends the outbox until the server says it is on disk, and fetches a pack.

Failure policy: whatever is lost is sent again on a later tick; nothing here waits.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from contracts import topics
from contracts.bus import Publication
from contracts.messages import (
    Interaction,
    InteractionBatch,
    InteractionsAck,
    LibraryAck,
    LibraryChunk,
    MessageError,
    PackRequest,
    RecommendReply,
    Tier,
    decode,
    encode,
)
from contracts.tally import Tally
from device.events import RankingArrived, ServerChanged
from device.recommend.forgetting import Forgetting, MemoryShelf
from device.recommend.library_change import Library, change_between
from device.recommend.round_trips import RoundTrips

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contracts.messages import RecommendRequest
    from contracts.track import Track
    from device.events import Event
    from device.recommend.forgetting import Shelf

log = logging.getLogger(__name__)

CHUNK_TRACKS = 200
OUTBOX_BATCH = 200
RESEND_SECONDS = 5.0
"""Between two tries to bring library or outbox to the server."""
MOST_DOUBLINGS = 6
"""A server that refuses the library again and again is asked ever more rarely, at last every
5 minutes: a library may be megabytes.
"""
PACK_RENEW_SECONDS = 900.0
"""The pack carries the listener's state, so it is fetched anew now and then."""


class Outbox(Protocol):
    """Interactions that the server has not confirmed."""

    def unsent(self, limit: int) -> Sequence[Interaction]:
        """The oldest of them."""

    def forget(self, ids: Sequence[str]) -> None:
        """Drop what the server confirmed."""


class RemoteRecommender:
    """The device's side of the conversation with the server."""

    def __init__(
        self,
        device_id: str,
        publish: Callable[[Publication], bool],
        outbox: Outbox,
        *,
        put: Callable[[Event], None],
        take_pack: Callable[[str, bytes], None],
        clock: Callable[[], float],
        shelf: Shelf | None = None,
    ) -> None:
        self._device, self._publish, self._outbox = device_id, publish, outbox
        self._put, self._take_pack, self._clock = put, take_pack, clock
        self._tracks: Sequence[Track] = ()
        self._library = ""
        self._present = False
        self._acknowledged = False
        self._library_sent_at = self._outbox_sent_at = self._pack_asked_at = float("-inf")
        self._missing: tuple[int, ...] = ()
        self._base = Library("", ())
        self._whole = self._change_sent = False
        self._refusals, self._refused_since_sent = 0, False
        self._forgetting = Forgetting(shelf or MemoryShelf(), self._send, clock)
        self.round_trips = RoundTrips()
        self._malformed = Tally(log, "unreadable messages", clock)
        self._refused = Tally(log, "batches of interactions refused by the server", clock)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Topics that `receive` wants."""
        leaves = (
            topics.RECOMMEND_REPLY,
            topics.LIBRARY_ACK,
            topics.INTERACTIONS_ACK,
            topics.PACK,
            topics.FORGET_ACK,
        )
        own = tuple(topics.of_device(self._device, leaf) for leaf in leaves)
        return (topics.SERVER_AVAILABILITY, *own)

    @property
    def online(self) -> bool:
        """Whether the server is there and knows this library."""
        return self._present and self._acknowledged

    def set_library(self, library: str, tracks: Sequence[Track]) -> None:
        """The library that answers must come from."""
        if library == self._library:
            return
        if not self._base.tracks:
            self._base = Library(self._library, self._tracks)
        self._library, self._tracks = library, tracks
        self._forget_acknowledgement()
        self.tick()

    def link_changed(self, up: bool) -> None:  # noqa: FBT001 - the state itself
        """The broker came or went; the server's own availability follows when it came."""
        if not up:
            self._server(present=False)

    def tick(self) -> None:
        """Send again what was not acknowledged."""
        now = self._clock()
        if self._present:
            self._forgetting.tick(quiet_since=self._outbox_sent_at)
        if not self._present or not self._tracks:
            return
        if not self._acknowledged:
            if now - self._library_sent_at >= self._library_patience_seconds():
                self._send_library()
            return
        if now - self._outbox_sent_at >= RESEND_SECONDS:
            self.send_outbox()
        if now - self._pack_asked_at >= PACK_RENEW_SECONDS:
            self._pack_asked_at = now
            self._send(topics.PACK_REQUEST, encode(PackRequest(library=self._library)))

    def ask(self, request: str, query: RecommendRequest) -> None:
        """Ask the server; its answer comes as an event, or does not come."""
        self.round_trips.ask(request, query.library, self._clock())
        self._publish(
            Publication(
                topic=topics.of_device(self._device, topics.RECOMMEND_REQUEST),
                payload=encode(query),
                response_topic=topics.of_device(self._device, topics.RECOMMEND_REPLY),
                correlation=request.encode(),
                expiry_seconds=max(1, query.deadline_ms // 1000),
            )
        )

    @property
    def library(self) -> str:
        """Hash of the library that requests name."""
        return self._library

    def receive(self, publication: Publication) -> None:
        """Take a message of one of the subscriptions."""
        if publication.topic == topics.SERVER_AVAILABILITY:
            self._server(present=publication.payload == topics.ONLINE)
            return
        try:
            _, leaf = topics.split(publication.topic)
            self._take(leaf, publication)
        except (MessageError, topics.TopicError) as error:
            self._malformed.count(str(error))

    def send_outbox(self) -> None:
        """Send the oldest interactions; they stay until they are acknowledged."""
        if self._forgetting.holds_outbox:
            return
        self._outbox_sent_at = self._clock()
        batch = tuple(self._outbox.unsent(OUTBOX_BATCH))
        if batch and self.online:
            self._send(topics.INTERACTIONS, encode(InteractionBatch(interactions=batch)))

    def _take(self, leaf: str, publication: Publication) -> None:
        if leaf == topics.RECOMMEND_REPLY:
            self._take_reply(publication)
        elif leaf == topics.LIBRARY_ACK:
            self._take_library_ack(decode(publication.payload, LibraryAck))
        elif leaf == topics.INTERACTIONS_ACK:
            ack = decode(publication.payload, InteractionsAck)
            self._outbox.forget(ack.ids + ack.refused)
            if ack.error:
                self._refused.count(ack.error)
        elif leaf == topics.FORGET_ACK:
            if self._forgetting.take(publication.payload):
                self._pack_asked_at = float("-inf")  # the last one knows what is forgotten
        elif leaf == topics.PACK:
            self._take_pack(self._library, publication.payload)

    def _take_reply(self, publication: Publication) -> None:
        reply = decode(publication.payload, RecommendReply)
        request = publication.correlation.decode("ascii", "replace")
        now = self._clock()
        library = self.round_trips.answer(request, now)
        if library is None:
            return
        if request == self.round_trips.latest:  # else core has asked anew since: not played
            self._put(
                RankingArrived(
                    at=now,
                    request=request,
                    tier=Tier.SERVER,
                    tracks=reply.tracks,
                    error=reply.error,
                )
            )
        if not reply.error:
            self._refusals = 0
        elif library == self._library:
            self._library_refused(reply.error)

    def _take_library_ack(self, ack: LibraryAck) -> None:
        if ack.library != self._library:
            return
        if ack.error:
            self._library_refused(ack.error)
        elif not self._acknowledged:
            self._missing = ack.missing
            if ack.whole:
                if self._change_sent:  # each change is answered once, whatever comes twice
                    self._send_library()
                return
            if not ack.missing:
                self._acknowledged = True
                self._base = Library(self._library, self._tracks)
                self._put(ServerChanged(at=self._clock(), online=True))
                self.tick()

    def _library_refused(self, why: str) -> None:
        """The server has lost this library, or never took it: it is sent again when due."""
        if self._refused_since_sent:
            return  # each chunk of one sending may be refused, and each question asked since
        self._refused_since_sent = True
        self._refusals += 1
        log.warning("the server does not have this library, sending it again: %s", why)
        if self._acknowledged:
            self._put(ServerChanged(at=self._clock(), online=False))
        self._acknowledged, self._missing, self._whole = False, (), True
        self.tick()

    def _library_patience_seconds(self) -> float:
        return RESEND_SECONDS * 2.0 ** min(max(0, self._refusals - 1), MOST_DOUBLINGS)

    def _server(self, *, present: bool) -> None:
        if present == self._present:
            return
        self._present = present
        log.info("the recommender server is %s", "there" if present else "gone")
        # A server that was away may have been replaced by one that never saw this library.
        self._forget_acknowledgement()
        self.tick()

    def _forget_acknowledgement(self) -> None:
        if self._acknowledged:
            self._put(ServerChanged(at=self._clock(), online=False))
        self._acknowledged, self._missing, self._refusals = False, (), 0
        self._whole = False
        self._library_sent_at = self._pack_asked_at = float("-inf")

    def _send_library(self) -> None:
        """Send what changed, or asks whether it is known; when that was not enough, the chunks
        that the server said are missing, or all.
        """
        self._library_sent_at, self._refused_since_sent = self._clock(), False
        present = Library(self._library, self._tracks)
        change = None if self._whole else change_between(self._base, present)
        if change is None and not self._whole:
            change = change_between(present, present)
        # A server of an earlier version does not answer a change: the next time all is told.
        self._whole, self._change_sent = True, change is not None
        if change is not None:
            self._send(topics.LIBRARY_CHANGE, encode(change))
            return
        rows = self._tracks
        total = max(1, -(-len(rows) // CHUNK_TRACKS))
        for index in [i for i in self._missing if 0 <= i < total] or range(total):
            part = tuple(rows[index * CHUNK_TRACKS : (index + 1) * CHUNK_TRACKS])
            chunk = LibraryChunk(library=self._library, index=index, total=total, tracks=part)
            self._send(topics.LIBRARY, encode(chunk))

    def _send(self, leaf: str, payload: bytes) -> None:
        self._publish(Publication(topic=topics.of_device(self._device, leaf), payload=payload))
