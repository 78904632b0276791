"""The desk: values in, values out, without a broker."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import topics
from contracts.bus import Publication
from contracts.errors import ContractError
from contracts.forgetting import Forget, ForgetAck
from contracts.library import library_hash
from contracts.messages import (
    Interaction,
    InteractionBatch,
    InteractionKind,
    InteractionsAck,
    LibraryAck,
    LibraryChange,
    Message,
    PackRequest,
    ReasonKind,
    RecommendReply,
    RecommendRequest,
    decode,
    encode,
)
from contracts.ranking import read_pack
from contracts.track import Track
from recommender_server.complaints import Complaints
from recommender_server.desk import REQUESTS, UNREADABLE, Arrived, Desk, RefusedError
from recommender_server.generation import untrained
from recommender_server.settings import LimitSettings, RecommenderSettings
from recommender_server.storage import StoreError
from recommender_server.store import open_store
from tests.recommender_stage import LIBRARY, chunk, shipped_tags, track


class Stage:
    """A desk, its store, and a clock that stands still until it is moved."""

    def __init__(self, folder: Path, limits: LimitSettings | None = None) -> None:
        self.now = 100.0
        self.store = open_store(folder)
        given = RecommenderSettings(data_folder=str(folder), limits=limits or LimitSettings())
        self.desk = Desk(self.store, given, untrained(shipped_tags()), lambda: self.now)

    def send(
        self, leaf: str, message: Message | bytes, device: str = "d", **more: object
    ) -> list[Publication]:
        payload = message if isinstance(message, bytes) else encode(message)
        publication = Publication(topic=f"mlfym/v1/{device}/{leaf}", payload=payload, **more)
        return self.desk.answer(Arrived(publication=publication, at=100.0))

    def ack(self, message: Message, device: str = "d", leaf: str = "library") -> LibraryAck:
        return decode(self.send(leaf, message, device)[0].payload, LibraryAck)

    def ranking(self, request: RecommendRequest, device: str = "d") -> RecommendReply:
        answer = self.send("recommend/request", request, device)[0]
        return decode(answer.payload, RecommendReply)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def deed(number: str, track_id: str, kind: str, **more: object) -> Interaction:
    return Interaction(
        id=number, track=track_id, kind=InteractionKind(kind), at_unix_seconds=1e9, **more
    )


def test_chunks_arrive_in_any_order_and_twice(stage: Stage) -> None:
    """Missing chunks are named until the last one, whichever it is, completes the library."""
    parts = [chunk(index=n, total=3, tracks=LIBRARY[n * 3 : n * 3 + 3]) for n in range(3)]
    assert stage.ack(parts[2]).missing == (0, 1)
    assert stage.ack(parts[0]).missing == (1,)
    assert stage.ack(parts[0]).missing == (1,)
    assert "has not arrived" in stage.ranking(RecommendRequest(library="library-1")).error
    assert stage.ack(parts[1]) == LibraryAck(library="library-1")
    assert stage.ack(parts[1]) == LibraryAck(library="library-1")
    assert len(stage.ranking(RecommendRequest(library="library-1")).tracks) == 8


def test_another_worker_completes_a_library(stage: Stage, tmp_path: Path) -> None:
    """Two desks on one folder share the chunks."""
    other = Stage(tmp_path)
    stage.send("library", chunk(index=0, total=2, tracks=LIBRARY[:5]))
    assert other.ack(chunk(index=1, total=2, tracks=LIBRARY[5:])).missing == ()
    assert len(stage.ranking(RecommendRequest(library="library-1")).tracks) == 8


def test_a_chunk_beyond_its_total_is_refused_in_words(stage: Stage) -> None:
    """Index 2 of 2 does not exist."""
    assert "count from 0" in stage.ack(chunk(index=2, total=2)).error


def test_a_library_beyond_the_limit_is_refused_in_words(tmp_path: Path) -> None:
    """Eight tracks do not enter a server that takes seven."""
    stage = Stage(tmp_path, LimitSettings(library_tracks=7))
    assert "7" in stage.ack(chunk()).error


def test_half_sent_libraries_give_way(tmp_path: Path) -> None:
    """Of five libraries that never complete, the newest three keep their chunks."""
    stage = Stage(tmp_path)
    for n in range(5):
        stage.send("library", chunk(library=f"l{n}", index=0, total=2))
    kept = stage.store.connection.execute(
        "SELECT DISTINCT library FROM chunk ORDER BY 1"
    ).fetchall()
    assert kept == [("l2",), ("l3",), ("l4",)]


def test_devices_share_recordings(stage: Stage) -> None:
    """The same artist and title, ISRC or MusicBrainz id is one item, whoever has it."""
    one = track(1, artist="The Band", isrc="KR-A1")
    other = msgspec.structs.replace(track(9), title="title 1 (Remastered)", artist="the band!")
    third = msgspec.structs.replace(track(7), isrc="kra1")
    stage.send("library", chunk(tracks=(one,)))
    stage.send("library", chunk(tracks=(other,)), "e")
    stage.send("library", chunk(tracks=(third,)), "f")
    assert stage.store.connection.execute("SELECT count(*) FROM item").fetchone() == (1,)


def change(before: tuple[Track, ...], after: tuple[Track, ...], base: str = "") -> LibraryChange:
    """What a device sends; the hashes are the real ones."""
    ids = {t.id for t in after}
    return LibraryChange(
        library=library_hash(after),
        base=base or library_hash(before),
        added=tuple(t for t in after if t not in before),
        removed=tuple(t.id for t in before if t.id not in ids),
    )


def test_a_library_is_made_of_the_one_before_and_a_change(stage: Stage) -> None:
    """It ranks as the whole would: one track gone, one new, one with other tags."""
    stage.send("library", chunk(library=library_hash(LIBRARY)))
    sung = msgspec.structs.replace(LIBRARY[1], tags=("happy",))
    after = (sung, *LIBRARY[2:], track(9, "happy"))
    told = change(LIBRARY, after)
    for _ in range(2):
        assert stage.ack(told, leaf="library/change") == LibraryAck(library=told.library)
    request = RecommendRequest(library=told.library, valence=0.8, arousal=0.4)
    by_change = stage.ranking(request).tracks
    stage.send("library", chunk(library=told.library, tracks=after), "e")
    assert {r.track for r in by_change} == {t.id for t in after}
    assert {(r.track, r.score) for r in by_change} == {
        (r.track, r.score) for r in stage.ranking(request, "e").tracks
    }


def test_a_change_of_an_unknown_library_asks_for_the_whole(stage: Stage) -> None:
    """So does one whose result has another hash, and a question after an unknown library."""
    whole = change(LIBRARY, LIBRARY[1:])
    assert stage.ack(whole, leaf="library/change").whole
    assert stage.ack(change(LIBRARY, LIBRARY), leaf="library/change").whole
    stage.send("library", chunk(library="base"))
    wrong = msgspec.structs.replace(whole, base="base", removed=(LIBRARY[1].id,))
    assert stage.ack(wrong, leaf="library/change").whole
    assert "has not arrived" in stage.ranking(RecommendRequest(library=whole.library)).error


def test_a_known_library_is_acknowledged_without_its_tracks(stage: Stage) -> None:
    """That is how a device asks after a restart."""
    name = library_hash(LIBRARY)
    stage.send("library", chunk(library=name))
    ack = stage.ack(LibraryChange(library=name, base=name), leaf="library/change")
    assert ack == LibraryAck(library=name)


def test_one_bad_interaction_does_not_hold_up_the_others(stage: Stage) -> None:
    """The good ones are kept; the bad one is named, so that it is not sent again for ever."""
    good = encode(deed("i1", LIBRARY[0].id, "liked"))
    bad = good.replace(b'"i1"', b'"i2"').replace(b"liked", b"adored")
    payload = b'{"interactions":[' + bad + b"," + good + b"]}"
    (answer,) = stage.send("interactions", payload)
    ack = decode(answer.payload, InteractionsAck)
    assert (ack.ids, ack.refused) == (("i1",), ("i2",))
    assert "adored" in ack.error


def test_an_interaction_counts_once(stage: Stage) -> None:
    """Sent twice, alone and in a batch, an id is one row; another device's same id another."""
    stage.send("library", chunk())
    like = deed("i1", LIBRARY[0].id, "liked")
    for device, batch in (("d", (like,)), ("d", (like, deed("i2", "x", "played"))), ("e", (like,))):
        stage.send("interactions", InteractionBatch(interactions=batch), device)
    rows = stage.store.connection.execute(
        "SELECT device, id FROM interaction ORDER BY number"
    ).fetchall()
    assert rows == [("d", "i1"), ("d", "i2"), ("e", "i1")]


def test_what_is_liked_comes_first_and_what_is_banned_never(stage: Stage) -> None:
    """A like and a ban change the very next answer, before any training, for that listener."""
    stage.send("library", chunk())
    neutral = RecommendRequest(mood_weight=0)
    stage.ranking(neutral)
    deeds = (deed("1", LIBRARY[3].id, "liked"), deed("2", LIBRARY[0].id, "banned"))
    stage.send("interactions", InteractionBatch(interactions=deeds))
    tracks = stage.ranking(neutral).tracks
    assert tracks[0].track == LIBRARY[3].id
    assert (tracks[0].reason.kind, tracks[0].reason.subject) == (ReasonKind.LIKED, LIBRARY[3].id)
    assert LIBRARY[0].id not in [t.track for t in tracks]
    other = stage.ranking(RecommendRequest(mood_weight=0, listener="guest"))
    assert LIBRARY[0].id in [t.track for t in other.tracks]


def test_late_work_is_dropped(stage: Stage) -> None:
    """After its deadline a request gets no answer; before it, one that expires with it."""
    stage.send("library", chunk())
    request = RecommendRequest(deadline_ms=2000)
    stage.now = 101.0
    assert stage.send("recommend/request", request)[0].expiry_seconds == 1
    stage.now = 102.1
    assert stage.send("recommend/request", request) == []


def test_a_retained_request_is_not_answered(stage: Stage) -> None:
    """Whoever left it there may be long gone."""
    with pytest.raises(RefusedError, match="retained") as refused:
        stage.send("recommend/request", RecommendRequest(), retain=True)
    assert refused.value.reply is None


def test_only_the_devices_own_reply_topic_is_answered(stage: Stage) -> None:
    """Its own reply topic is fine; another device's, or any other, is refused."""
    own = topics.of_device("d", "recommend/reply")
    assert stage.send("recommend/request", RecommendRequest(), response_topic=own)[0].topic == own
    for foreign in (topics.of_device("e", "recommend/reply"), "home/lamp", own + "/x"):
        with pytest.raises(ContractError, match="not on"):
            stage.send("recommend/request", RecommendRequest(), response_topic=foreign)


def test_a_pack_of_an_unknown_library_is_refused_on_its_ack(stage: Stage) -> None:
    """The answer comes where library answers come, and says to send the library."""
    answer = stage.send("pack/request", PackRequest(library="nope"))[0]
    assert answer.topic == topics.of_device("d", "library/ack")
    assert "send it" in decode(answer.payload, LibraryAck).error


def test_a_pack_carries_the_listener(stage: Stage) -> None:
    """The ban of a listener is in their pack and in nobody else's."""
    stage.send("library", chunk())
    ban = deed("1", LIBRARY[2].id, "banned", listener="ann")
    stage.send("interactions", InteractionBatch(interactions=(ban,)))
    for listener, banned in (("ann", True), ("device", False)):
        asked = PackRequest(library="library-1", listener=listener)
        pack = read_pack(stage.send("pack/request", asked)[0].payload)
        assert (pack.listener, bool(pack.banned[2])) == (listener, banned)


def test_a_failing_disk_acknowledges_nothing(stage: Stage) -> None:
    """A read-only database raises, and no ids come back."""
    stage.store.connection.execute("PRAGMA query_only = ON")
    batch = InteractionBatch(interactions=(deed("1", "x", "played"),))
    with pytest.raises(StoreError):
        stage.send("interactions", batch)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["library", "index", "total", "tracks", "interactions", "id", "track", "kind",
                 "listener", "count", "tags", "valence", "seed_track", "exclude", "title",
                 "at_unix_seconds", "deadline_ms"]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    leaf=st.sampled_from([*REQUESTS, "state", "recommend/reply", "", "#"]),
    device=st.sampled_from(["d", "server", "a/b", "+", "é", ""]),
    payload=st.binary(max_size=60) | JSON.map(msgspec.json.encode),
)
def test_hostile_messages_are_answered_in_words_or_refused(
    stage: Stage, leaf: str, device: str, payload: bytes
) -> None:
    """Nothing but a refusal ever comes of them, and answers stay on the device's own topics."""
    try:
        answers = stage.send(leaf, payload, device)
    except ContractError:
        return
    assert all(answer.topic.startswith("mlfym/v1/d/") for answer in answers)


def test_an_oversized_payload_is_refused_unread(tmp_path: Path) -> None:
    """Above the limit not even JSON is parsed."""
    stage = Stage(tmp_path, LimitSettings(payload_bytes=100))
    with pytest.raises(RefusedError, match="at most 100") as refused:
        stage.send("library", b'{"library": "l"}' + b" " * 101)
    assert refused.value.reply is not None
    assert decode(refused.value.reply.payload, LibraryAck).library == UNREADABLE


BAD = (
    ("recommend/request", b'{"count": 0}', "recommend/reply", RecommendReply, "count"),
    ("recommend/request", b"\xff", "recommend/reply", RecommendReply, "RecommendRequest"),
    ("library", b'{"library": "l1"}', "library/ack", LibraryAck, "index"),
    ("library", b"[]", "library/ack", LibraryAck, "LibraryChunk"),
    ("pack/request", b"{}", "library/ack", LibraryAck, "library"),
    ("interactions", b'{"interactions": [{}]}', "interactions/ack", InteractionsAck, "id"),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad[0]} {bad[4]}")
def test_a_bad_message_is_answered_with_what_is_wrong(
    stage: Stage, bad: tuple[str, bytes, str, type[Message], str]
) -> None:
    """Where its sender awaits the answer, with its correlation data; it is counted as well."""
    leaf, payload, topic, kind, says = bad
    with pytest.raises(RefusedError) as refused:
        stage.send(leaf, payload, correlation=b"7")
    reply = refused.value.reply
    assert reply is not None
    assert (reply.topic, reply.correlation) == (f"mlfym/v1/d/{topic}", b"7")
    told = decode(reply.payload, kind)
    assert says in told.error
    if isinstance(told, LibraryAck):
        assert told.library == ("l1" if b"l1" in payload else UNREADABLE)


def test_complaints_are_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """Of a hundred in one minute one is logged; the next minute says how many there were."""
    now = [0.0]
    complaints = Complaints(lambda: now[0])
    assert [complaints.about("bad") for _ in range(100)].count(True) == 1
    now[0] = 61.0
    assert complaints.about("worse")
    assert complaints.total == 101
    assert "100 message(s)" in caplog.messages[-1]


def test_a_device_is_forgotten_when_it_asks(stage: Stage) -> None:
    """What was played goes, likes and bans when they are meant; taste goes with them at once."""
    done = (deed("1", LIBRARY[0].id, "completed"), deed("2", LIBRARY[1].id, "banned"))
    stage.send("library", chunk())
    stage.send("interactions", InteractionBatch(interactions=done))
    stage.send("interactions", InteractionBatch(interactions=done), device="other")
    request = RecommendRequest(library="library-1", mood_weight=0.0)
    assert LIBRARY[1].id not in {row.track for row in stage.ranking(request).tracks}

    (answer,) = stage.send("forget", Forget(id="try-1"))
    assert answer.topic == "mlfym/v1/d/forget/ack"
    assert decode(answer.payload, ForgetAck).id == "try-1"
    assert [left.kind for left in stage.store.deeds("d", "device")] == [InteractionKind.BANNED]
    assert LIBRARY[1].id not in {row.track for row in stage.ranking(request).tracks}

    stage.send("forget", Forget(id="try-2", opinions=True))
    assert stage.store.deeds("d", "device") == []
    assert LIBRARY[1].id in {row.track for row in stage.ranking(request).tracks}
    assert len(stage.store.deeds("other", "device")) == 2


def test_a_wish_to_be_forgotten_that_waited_too_long_is_left_to_the_next(stage: Stage) -> None:
    """What was done since is not erased."""
    done = (deed("1", LIBRARY[0].id, "completed"),)
    stage.send("interactions", InteractionBatch(interactions=done))
    stage.now += 6.0
    assert stage.send("forget", Forget(id="try-1")) == []
    assert len(stage.store.deeds("d", "device")) == 1


def test_an_unreadable_wish_to_be_forgotten_erases_nothing(stage: Stage) -> None:
    """Nobody is told that it was done."""
    with pytest.raises(RefusedError) as refused:
        stage.send("forget", b"{}")
    assert refused.value.reply is None
