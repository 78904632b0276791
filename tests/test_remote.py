"""The device's side of the conversation with the recommender server."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from contracts import topics
from contracts.bus import Publication
from contracts.forgetting import Forget, ForgetAck
from contracts.messages import (
    Interaction,
    InteractionBatch,
    InteractionKind,
    InteractionsAck,
    LibraryAck,
    LibraryChange,
    LibraryChunk,
    Message,
    PackRequest,
    Ranked,
    Reason,
    ReasonKind,
    RecommendReply,
    RecommendRequest,
    Tier,
    decode,
    encode,
)
from contracts.track import TrackId
from device.events import Event, RankingArrived, ServerChanged
from device.recommend import forgetting
from device.recommend.forgetting import (
    AGAIN_SECONDS,
    OUTBOX_WAITS_TRIES,
    RARELY_SECONDS,
    MemoryShelf,
)
from device.recommend.remote import (
    CHUNK_TRACKS,
    RESEND_SECONDS,
    RemoteRecommender,
)
from device.recommend.round_trips import QUESTIONS_KEPT
from device.vision.fakes import HandClock
from tests.stage import make_track

TRACKS = tuple(make_track(number) for number in range(2 * CHUNK_TRACKS + 1))
QUERY = RecommendRequest(library="hash")
REPLY = RecommendReply(
    tracks=(Ranked(track=TRACKS[0].id, score=1.0, reason=Reason(kind=ReasonKind.NEW)),)
)


class MemoryOutbox:
    """An outbox in memory."""

    def __init__(self) -> None:
        self.waiting: list[Interaction] = []

    def unsent(self, limit: int) -> Sequence[Interaction]:
        return self.waiting[:limit]

    def forget(self, ids: Sequence[str]) -> None:
        self.waiting = [i for i in self.waiting if i.id not in ids]


class Wire:
    """A recommender whose broker and server the test plays."""

    def __init__(self) -> None:
        self.clock, self.outbox, self.shelf = HandClock(), MemoryOutbox(), MemoryShelf()
        self.sent: list[Publication] = []
        self.events: list[Event] = []
        self.packs: list[tuple[str, bytes]] = []
        self.remote = RemoteRecommender(
            "d1",
            self.publish,
            self.outbox,
            put=self.events.append,
            take_pack=lambda library, content: self.packs.append((library, content)),
            clock=self.clock.now,
            shelf=self.shelf,
        )

    def publish(self, publication: Publication) -> bool:
        self.sent.append(publication)
        return True

    def server(self, payload: bytes = topics.ONLINE, *, knows: bool = False) -> None:
        """The server comes; one that does not know the library asks for the whole."""
        self.remote.receive(Publication(topic=topics.SERVER_AVAILABILITY, payload=payload))
        if self.of(topics.LIBRARY_CHANGE) and not knows:
            self.say(topics.LIBRARY_ACK, LibraryAck(library=self.remote.library, whole=True))

    def changes(self) -> list[LibraryChange]:
        """Changes sent since the last look."""
        taken = [decode(p.payload, LibraryChange) for p in self.of(topics.LIBRARY_CHANGE)]
        self.sent.clear()
        return taken

    def say(self, leaf: str, message: Message | bytes, correlation: str = "") -> None:
        payload = message if isinstance(message, bytes) else encode(message)
        topic = topics.of_device("d1", leaf)
        self.remote.receive(
            Publication(topic=topic, payload=payload, correlation=correlation.encode())
        )

    def acknowledge(self, **kind: object) -> None:
        self.say(topics.LIBRARY_ACK, LibraryAck(library="hash", **kind))  # type: ignore[arg-type]

    def pass_seconds(self, seconds: float) -> None:
        self.clock.wait(seconds)
        self.remote.tick()

    def chunks(self) -> list[int]:
        """Chunks sent since the last look."""
        topic = topics.of_device("d1", topics.LIBRARY)
        taken = [decode(p.payload, LibraryChunk).index for p in self.sent if p.topic == topic]
        self.sent.clear()
        return taken

    def of(self, leaf: str) -> list[Publication]:
        return [p for p in self.sent if p.topic == topics.of_device("d1", leaf)]


@pytest.fixture
def wire() -> Wire:
    """A device with a library of three chunks, and nobody there."""
    wire = Wire()
    wire.remote.set_library("hash", TRACKS)
    return wire


@pytest.fixture
def known(wire: Wire) -> Wire:
    """The same when the server has acknowledged the library."""
    wire.server()
    wire.acknowledge()
    wire.sent.clear()
    wire.events.clear()
    return wire


def test_a_library_is_told_in_chunks_as_soon_as_a_server_is_there(wire: Wire) -> None:
    """Nothing before; then each track once; the server counts once it has them all."""
    assert wire.sent == []
    wire.server()
    rows = [decode(p.payload, LibraryChunk) for p in wire.of(topics.LIBRARY)]
    assert [(row.index, row.total, len(row.tracks)) for row in rows] == [
        (0, 3, CHUNK_TRACKS),
        (1, 3, CHUNK_TRACKS),
        (2, 3, 1),
    ]
    assert tuple(track for row in rows for track in row.tracks) == TRACKS
    assert not wire.remote.online
    wire.acknowledge()
    assert wire.remote.online
    assert wire.events == [ServerChanged(at=100.0, online=True)]


def test_an_empty_library_is_not_told() -> None:
    """There is nothing to recommend from."""
    wire = Wire()
    wire.server()
    wire.remote.set_library("empty", ())
    wire.pass_seconds(60)
    assert wire.sent == []


def test_a_known_library_is_not_told_again(wire: Wire) -> None:
    """A server that comes back is only asked whether it knows it, in one small message."""
    wire.server(knows=True)
    assert [len(p.payload) < 200 for p in wire.of(topics.LIBRARY_CHANGE)] == [True]
    assert wire.changes() == [LibraryChange(library="hash", base="hash")]
    wire.acknowledge()
    assert wire.remote.online
    assert wire.chunks() == []


def test_a_changed_library_is_told_as_its_change(known: Wire) -> None:
    """Two tracks gone, one new, one described otherwise; the next change starts from there."""
    other = msgspec.structs.replace(TRACKS[3], title="Other")
    fresh = make_track(9999)
    changed = (*TRACKS[2:3], other, *TRACKS[4:], fresh)
    known.remote.set_library("next", changed)
    assert not known.remote.online
    gone = (TRACKS[0].id, TRACKS[1].id)
    expected = LibraryChange(library="next", base="hash", added=(other, fresh), removed=gone)
    assert known.changes() == [expected]
    known.say(topics.LIBRARY_ACK, LibraryAck(library="next"))
    assert known.remote.online
    known.sent.clear()
    known.remote.set_library("last", changed[:-1])
    change = LibraryChange(library="last", base="next", removed=(fresh.id,))
    assert known.changes() == [change]


def test_a_library_that_changed_before_a_server_came_is_tried_as_a_change(wire: Wire) -> None:
    """What was stored before the restart is likely what the server knows."""
    wire.remote.set_library("next", TRACKS[1:])
    wire.server(knows=True)
    assert wire.changes() == [LibraryChange(library="next", base="hash", removed=(TRACKS[0].id,))]


def test_a_server_that_lacks_the_base_gets_the_whole_once(known: Wire) -> None:
    """At once, and not again for a second copy of its answer."""
    known.remote.set_library("next", TRACKS[1:])
    known.changes()
    for _ in range(2):
        known.say(topics.LIBRARY_ACK, LibraryAck(library="next", whole=True))
    assert known.chunks() == [0, 1]


def test_a_server_that_knows_no_changes_gets_the_whole(known: Wire) -> None:
    """One of an earlier version does not answer; after RESEND_SECONDS all is told."""
    known.remote.set_library("next", TRACKS[1:])
    known.changes()
    known.pass_seconds(RESEND_SECONDS)
    assert known.chunks() == [0, 1]


def test_a_library_that_is_mostly_new_is_told_whole(known: Wire) -> None:
    """Only whether it is known is asked first."""
    many = tuple(make_track(number) for number in range(5000, 5000 + CHUNK_TRACKS))
    known.remote.set_library("next", many)
    assert known.changes() == [LibraryChange(library="next", base="next")]
    known.say(topics.LIBRARY_ACK, LibraryAck(library="next", whole=True))
    assert known.chunks() == [0]


def test_an_unacknowledged_library_is_told_again_not_too_often(wire: Wire) -> None:
    """All of it, once in RESEND_SECONDS."""
    wire.server()
    assert wire.chunks() == [0, 1, 2]
    wire.pass_seconds(RESEND_SECONDS - 0.25)
    assert wire.chunks() == []
    wire.pass_seconds(0.25)
    assert wire.chunks() == [0, 1, 2]


def test_only_missing_chunks_are_sent_again(wire: Wire) -> None:
    """When due, those that the latest answer names; numbers that are no chunk are ignored."""
    wire.server()
    wire.chunks()
    wire.acknowledge(missing=(1, 2))
    wire.acknowledge(missing=(1, 7))
    assert wire.chunks() == []
    wire.pass_seconds(RESEND_SECONDS)
    assert wire.chunks() == [1]
    wire.acknowledge(missing=(9,))
    wire.pass_seconds(RESEND_SECONDS)
    assert wire.chunks() == [0, 1, 2]
    wire.acknowledge()
    assert wire.remote.online


def test_a_late_count_of_missing_chunks_changes_nothing(known: Wire) -> None:
    """Answers of several workers may overtake one another."""
    known.acknowledge(missing=(0,))
    known.pass_seconds(RESEND_SECONDS)
    assert known.remote.online
    assert known.chunks() == []


def test_an_error_reply_has_the_library_sent_again(known: Wire) -> None:
    """A server that lost its catalogue is told again when due, and is away until it knows."""
    known.clock.wait(2)
    known.remote.ask("r1", QUERY)
    known.say(topics.RECOMMEND_REPLY, RecommendReply(error="unknown library"), "r1")
    assert known.events == [
        RankingArrived(at=102.0, request="r1", tier=Tier.SERVER, error="unknown library"),
        ServerChanged(at=102.0, online=False),
    ]
    assert known.chunks() == []
    known.pass_seconds(RESEND_SECONDS - 2)
    assert known.chunks() == [0, 1, 2]
    known.acknowledge()
    assert known.remote.online


def test_a_refused_pack_has_the_library_sent_again(known: Wire) -> None:
    """A LibraryAck with an error says that the library is not known; another's is ignored."""
    known.clock.wait(RESEND_SECONDS)
    known.say(topics.LIBRARY_ACK, LibraryAck(library="other", error="unknown"))
    assert known.remote.online
    known.acknowledge(error="unknown")
    assert not known.remote.online
    assert known.chunks() == [0, 1, 2]


def test_a_server_that_never_takes_the_library_is_tried_ever_more_rarely(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """5, 5, 10, 20 s: each chunk's refusal counts once a sending, and is said once."""
    wire.server()
    waits = []
    for _ in range(4):
        wire.chunks()
        for _ in range(3):
            wire.acknowledge(error="too many tracks")
        waited = 0.0
        while not wire.of(topics.LIBRARY):
            waited += 1
            wire.pass_seconds(1)
        waits.append(waited)
    assert waits == [5, 10, 20, 40]
    assert caplog.text.count("too many tracks") == 4


def test_an_answer_that_works_ends_the_caution(known: Wire) -> None:
    """After a good answer, the next loss is mended within RESEND_SECONDS again."""
    for number in range(4):
        known.remote.ask(f"r{number}", QUERY)
        known.say(topics.RECOMMEND_REPLY, RecommendReply(error="?"), f"r{number}")
        known.pass_seconds(RESEND_SECONDS)
        assert known.chunks() == [0, 1, 2]
        known.acknowledge()
        known.remote.ask("good", QUERY)
        known.say(topics.RECOMMEND_REPLY, REPLY, "good")


def test_an_error_about_another_library_loses_nothing(known: Wire) -> None:
    """The question was asked before the library changed."""
    known.remote.ask("r1", RecommendRequest(library="older"))
    known.say(topics.RECOMMEND_REPLY, RecommendReply(error="unknown library"), "r1")
    assert known.remote.online


def test_a_question_names_where_to_answer(known: Wire) -> None:
    """Response topic, correlation and a life no longer than its deadline."""
    known.remote.ask("r1", QUERY)
    assert known.sent == [
        Publication(
            topic="mlfym/v1/d1/recommend/request",
            payload=encode(QUERY),
            response_topic="mlfym/v1/d1/recommend/reply",
            correlation=b"r1",
            expiry_seconds=2,
        )
    ]


def test_an_answer_arrives_with_its_round_trip(known: Wire) -> None:
    """The answer to the present question becomes an event; its time is measured."""
    known.remote.ask("r1", QUERY)
    known.clock.wait(0.02)
    known.say(topics.RECOMMEND_REPLY, REPLY, "r1")
    assert known.events == [
        RankingArrived(at=100.02, request="r1", tier=Tier.SERVER, tracks=REPLY.tracks)
    ]
    assert known.remote.round_trips.median_ms == pytest.approx(20)


def test_a_late_or_repeated_answer_is_dropped(known: Wire) -> None:
    """Only the question asked last is answered, and once; an earlier answer counts too."""
    known.remote.ask("r1", QUERY)
    known.clock.wait(1)
    known.remote.ask("r2", QUERY)
    for correlation in ("r1", "r2", "r2", "\xff"):
        known.say(topics.RECOMMEND_REPLY, REPLY, correlation)
    assert [e.request for e in known.events if isinstance(e, RankingArrived)] == ["r2"]
    assert list(known.remote.round_trips.milliseconds) == [pytest.approx(1000), 0]
    assert (known.remote.round_trips.sent, known.remote.round_trips.answered) == (2, 2)


def test_questions_that_nobody_answers_are_forgotten(known: Wire) -> None:
    """Of a thousand the latest few are remembered."""
    for number in range(1000):
        known.remote.ask(f"r{number}", QUERY)
    kept = range(1000 - QUESTIONS_KEPT, 1000)
    assert known.remote.round_trips.open == tuple(f"r{n}" for n in kept)


def deed(number: int) -> Interaction:
    return Interaction(
        id=f"b-{number}",
        track=TrackId("a" * 16),
        kind=InteractionKind.LIKED,
        at_unix_seconds=1e9,
    )


def test_what_listeners_did_stays_until_it_is_acknowledged(known: Wire) -> None:
    """It is sent again until the server has it on disk, and then no more."""
    known.outbox.waiting = [deed(1), deed(2)]
    known.remote.send_outbox()
    known.pass_seconds(RESEND_SECONDS)
    batches = [decode(p.payload, InteractionBatch) for p in known.of(topics.INTERACTIONS)]
    assert batches == [InteractionBatch(interactions=(deed(1), deed(2)))] * 2
    known.say(topics.INTERACTIONS_ACK, InteractionsAck(ids=("b-1",)))
    assert known.outbox.waiting == [deed(2)]
    known.say(topics.INTERACTIONS_ACK, InteractionsAck(ids=(), refused=("b-2",), error="odd"))
    known.sent.clear()
    known.pass_seconds(RESEND_SECONDS)
    assert known.of(topics.INTERACTIONS) == []


def test_nothing_is_sent_to_nobody(wire: Wire) -> None:
    """Without a server that knows the library, the outbox waits."""
    wire.outbox.waiting = [deed(1)]
    wire.remote.send_outbox()
    wire.pass_seconds(60)
    assert wire.sent == []
    assert wire.outbox.waiting == [deed(1)]


def test_a_pack_is_asked_for_and_taken(wire: Wire) -> None:
    """As soon as the library is known; its bytes go to the local tiers, unread."""
    wire.server()
    wire.acknowledge()
    (asked,) = wire.of(topics.PACK_REQUEST)
    assert decode(asked.payload, PackRequest) == PackRequest(library="hash")
    wire.say(topics.PACK, b"\x00pack")
    assert wire.packs == [("hash", b"\x00pack")]


def test_a_server_that_went_may_have_forgotten(known: Wire) -> None:
    """Going is told once, and the library is told again when it is back."""
    known.server(topics.OFFLINE)
    known.server(topics.OFFLINE)
    assert known.events == [ServerChanged(at=100.0, online=False)]
    known.server()
    assert known.chunks() == [0, 1, 2]


def test_a_lost_broker_is_a_lost_server(known: Wire) -> None:
    """The link's end alone tells it: the server's will comes over that very link."""
    known.remote.link_changed(up=False)
    assert known.events == [ServerChanged(at=100.0, online=False)]


def test_another_library_is_another_conversation(known: Wire) -> None:
    """It is told at once; the same one again is not."""
    known.remote.set_library("hash", TRACKS)
    assert known.chunks() == []
    known.remote.set_library("new", TRACKS[:1])
    assert known.events == [ServerChanged(at=100.0, online=False)]
    assert [change.library for change in known.changes()] == ["new"]


@pytest.mark.parametrize(
    "leaf", [topics.RECOMMEND_REPLY, topics.LIBRARY_ACK, topics.INTERACTIONS_ACK]
)
@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"library":"\xff"}', b'{"ids":5}'])
def test_what_cannot_be_read_is_counted_and_dropped(
    known: Wire, leaf: str, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing changes, and the log says so."""
    known.say(leaf, payload)
    assert known.events == []
    assert known.remote.online
    if not (leaf == topics.RECOMMEND_REPLY and payload.startswith(b'{"')):
        assert "1 unreadable messages" in caplog.text


def test_the_subscriptions_are_the_devices_own() -> None:
    """The server's presence, and replies to this device alone."""
    assert Wire().remote.subscriptions == (
        "mlfym/v1/server/availability",
        "mlfym/v1/d1/recommend/reply",
        "mlfym/v1/d1/library/ack",
        "mlfym/v1/d1/interactions/ack",
        "mlfym/v1/d1/pack",
        "mlfym/v1/d1/forget/ack",
    )


def tries(wire: Wire) -> list[Forget]:
    """Wishes to be forgotten that were sent since the last look."""
    return [decode(p.payload, Forget) for p in wire.of(topics.FORGET)]


def test_the_server_is_asked_to_forget_until_it_has(known: Wire) -> None:
    """Each try has an id of its own; what was done since waits, and a new pack is fetched."""
    known.pass_seconds(AGAIN_SECONDS)
    known.outbox.waiting = [deed(1)]
    forgetting.wish(known.shelf, opinions=False)
    known.sent.clear()
    known.remote.send_outbox()
    assert known.of(topics.INTERACTIONS) == []
    known.pass_seconds(AGAIN_SECONDS)
    known.pass_seconds(AGAIN_SECONDS)
    first, second = tries(known)
    assert (first.id != second.id, first.opinions) == (True, False)
    known.say(topics.FORGET_ACK, ForgetAck(id=first.id))
    known.pass_seconds(0.25)
    assert known.of(topics.INTERACTIONS) == []
    known.say(topics.FORGET_ACK, ForgetAck(id=second.id))
    known.pass_seconds(AGAIN_SECONDS)
    assert len(known.of(topics.INTERACTIONS)) == 1
    assert len(known.of(topics.PACK_REQUEST)) == 1
    known.pass_seconds(RARELY_SECONDS)
    assert len(tries(known)) == 2


def test_the_wish_to_be_forgotten_waits_for_a_server(known: Wire) -> None:
    """Nothing is sent while none is there; it is asked for what was wanted most."""
    known.server(topics.OFFLINE)
    forgetting.wish(known.shelf, opinions=True)
    forgetting.wish(known.shelf, opinions=False)
    known.pass_seconds(AGAIN_SECONDS)
    assert tries(known) == []
    known.server(knows=True)
    assert [one.opinions for one in tries(known)] == [True]


def test_likes_and_bans_are_asked_for_when_they_are_meant_later(known: Wire) -> None:
    """The acknowledgement of the lesser wish does not end the greater."""
    known.pass_seconds(AGAIN_SECONDS)
    forgetting.wish(known.shelf, opinions=False)
    known.pass_seconds(AGAIN_SECONDS)
    forgetting.wish(known.shelf, opinions=True)
    known.say(topics.FORGET_ACK, ForgetAck(id=tries(known)[0].id))
    known.pass_seconds(AGAIN_SECONDS)
    assert [one.opinions for one in tries(known)] == [False, True]


def test_a_server_that_cannot_forget_still_gets_what_is_done(known: Wire) -> None:
    """After some tries the outbox waits no longer, and the wish is told rarely."""
    forgetting.wish(known.shelf, opinions=False)
    known.outbox.waiting = [deed(1)]
    for _ in range(OUTBOX_WAITS_TRIES):
        known.pass_seconds(AGAIN_SECONDS)
    assert known.of(topics.INTERACTIONS) == []
    known.pass_seconds(RARELY_SECONDS)
    known.pass_seconds(AGAIN_SECONDS)
    assert known.of(topics.INTERACTIONS) != []
    assert len(tries(known)) == OUTBOX_WAITS_TRIES + 1
