"""One of two workers is killed while devices ask: real workers, a real broker."""

from __future__ import annotations

import os
import queue
import signal
from pathlib import Path

from bench.recommender_load import broker, workers
from contracts.messages import LibraryAck, RecommendReply, RecommendRequest, decode
from contracts.settings import to_toml
from recommender_server.settings import RecommenderSettings
from tests.recommender_stage import Device, chunk

ASKED = 20
PATIENCE_SECONDS = 3.0
"""After which a device asks again; a late answer to the first time is one too."""
TRIES = 20


def answered(device: Device, number: int) -> int:
    """How often a device must ask until it is answered."""
    request = RecommendRequest(library="library-1", deadline_ms=60_000)
    for tries in range(1, TRIES + 1):
        device.say("recommend/request", request, correlation=b"%d" % number)
        try:
            while True:
                got = device.heard.get(timeout=PATIENCE_SECONDS)
                if got.correlation == b"%d" % number:
                    assert decode(got.payload, RecommendReply).tracks
                    return tries
        except queue.Empty:
            continue
    raise AssertionError(number)


def test_a_killed_worker_takes_at_most_one_question_along(tmp_path: Path) -> None:
    """Of two workers one is killed with a question in its hands; the device asks once more and is
    answered, and every question after that is answered by the other.
    """
    toml, data = tmp_path / "server.toml", tmp_path / "data"
    toml.write_text(to_toml(RecommenderSettings()), encoding="utf-8")
    with (
        broker(tmp_path) as (_, at),
        workers(2, at, toml, data) as servers,
        Device(at, "asker") as device,
    ):
        assert not decode(device.ask("library", chunk()).payload, LibraryAck).missing
        assert answered(device, 0) >= 1
        asked_again = 0
        for number in range(1, ASKED + 1):
            if number == ASKED // 2:
                # Stopped before it is killed: what it is given until then is in its hands.
                os.kill(servers[0], signal.SIGSTOP)
                device.say("recommend/request", b"in nobody's way", correlation=b"other")
                os.kill(servers[0], signal.SIGKILL)
            asked_again += answered(device, number) > 1
        assert asked_again <= 1
