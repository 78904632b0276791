"""What strangers send to a running worker: thousands of messages bent out of shape."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.bus import Publication
from contracts.messages import (
    Interaction,
    InteractionBatch,
    InteractionKind,
    LibraryChange,
    Message,
    PackRequest,
    RecommendRequest,
    encode,
)
from contracts.settings import BrokerSettings
from contracts.tag_space import plain_space
from contracts.track import TrackId
from device.recommend.defaults import MOOD_WORDS
from recommender_server.service import Worker
from recommender_server.settings import RecommenderSettings
from tests.recommender_stage import LIBRARY, chunk

EXAMPLES, MESSAGES_EACH = 60, 200
DEED = Interaction(
    id="i", track=LIBRARY[0].id, kind=InteractionKind.LIKED, at_unix_seconds=1e9, valence=0.5
)
RIGHT: dict[str, Message] = {
    "recommend/request": RecommendRequest(
        library="library-1",
        valence=0.5,
        hour=12.5,
        seed_track=LIBRARY[1].id,
        tags=("calm",),
        avoid_tags=("metal",),
        exclude=(TrackId("x"),),
    ),
    "interactions": InteractionBatch(interactions=(DEED,)),
    "library": chunk(tracks=LIBRARY[:2]),
    "library/change": LibraryChange(
        library="library-2", base="library-1", added=LIBRARY[:1], removed=(LIBRARY[2].id,)
    ),
    "pack/request": PackRequest(library="library-1"),
}
HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 2**64, 10**400, 1e308, -1e308, 5e-324, "", " ", "\0", "\ud800",
    "+", "#", "$share/x/y", "../..", "'; DROP TABLE item; --", "가" * 64, "x" * 5000, [], {},
    [[]], [None], {"": {}}, [0] * 3000, "2020-01-01", "NaN",
)  # fmt: skip


def bent(message: Message, chance: random.Random) -> bytes:
    """The message with up to three of its values made hostile, or its bytes damaged."""
    tree = {**msgspec.to_builtins(message)}
    for _ in range(chance.randrange(1, 4)):
        _bend(tree, chance)
    payload = bytearray(json.dumps(tree).encode("utf-8", "surrogatepass"))
    how = chance.randrange(8)
    if how == 0:
        payload[chance.randrange(len(payload))] = chance.randrange(256)
    elif how == 1:
        del payload[chance.randrange(len(payload)) :]
    elif how == 2:
        return chance.randbytes(chance.randrange(40))
    return bytes(payload)


def _bend(node: Any, chance: random.Random) -> None:  # noqa: ANN401 - a tree of JSON
    while True:
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places:
            return
        place = chance.choice(places)
        if isinstance(node[place], dict | list) and chance.random() < 0.7:
            node = node[place]
        elif chance.random() < 0.15:
            del node[place]
            return
        else:
            node[place] = copy.deepcopy(chance.choice(HOSTILE))
            return


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Worker:
    """A worker that knows eight tracks and has no broker: answers go nowhere."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    made = Worker(RecommenderSettings(data_folder=str(folder), broker=BrokerSettings(port=1)))
    # The smallest tag space there is, so that many packs are made in no time.
    made._desk.generation = replace(made._desk.generation, space=plain_space(MOOD_WORDS))
    send(made, "library", encode(chunk()))
    return made


def send(worker: Worker, leaf: str, payload: bytes, device: str = "d", **more: object) -> None:
    topic = f"mlfym/v1/{device}/{leaf}"
    worker._received(Publication(topic=topic, payload=payload, **more))  # type: ignore[arg-type]
    worker._step()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_nothing_that_is_sent_ends_or_upsets_a_worker(
    worker: Worker, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """Twelve thousand hostile messages: each is answered or refused, none is a fault of ours, and
    a right request after them is answered.
    """
    chance = random.Random(seed)
    caplog.clear()
    for _ in range(MESSAGES_EACH):
        leaf = chance.choice(list(RIGHT))
        device = chance.choice(["d", "d", "e", "server", "a+b", ""])
        response = chance.choice(["", "", "mlfym/v1/d/recommend/reply", "home/lamp", "#"])
        correlation = chance.randbytes(chance.randrange(5))
        payload = bent(RIGHT[leaf], chance)
        send(worker, leaf, payload, device, response_topic=response, correlation=correlation)
    assert not [record for record in caplog.records if record.exc_info]
    before = worker.answered
    send(worker, "recommend/request", encode(RecommendRequest(library="")))
    assert worker.answered == before + 1
