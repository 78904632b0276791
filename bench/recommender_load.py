"""Simulated devices that ask real recommender workers over a real broker, at a given rate."""

from __future__ import annotations

import asyncio
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench import swarm, timing
from cli.broker import EmbeddedBroker, free_port, wait_until_accepting
from contracts import topics
from contracts.bus import Bus
from contracts.messages import RecommendReply, RecommendRequest, decode, encode
from contracts.settings import BrokerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from contracts.track import TrackId

WITHIN_SECONDS = 300.0
ANSWER_SECONDS = 60.0
"""What is not answered so long after the last question is unanswered."""
EXCLUDED = 30
DEADLINE_MS = 60_000
ASKING_AT_ONCE = 8
"""While packs are made: each takes the server a while, and all of it counts for nothing."""
_MOSQUITTO = "listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"


class LoadError(RuntimeError):
    """The measurement cannot be made; says why."""


@contextmanager
def broker(folder: Path) -> Iterator[tuple[str, BrokerSettings]]:
    """Mosquitto where it is installed, else our own; its name and where it listens."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        with EmbeddedBroker() as embedded:
            yield "embedded", BrokerSettings(host=embedded.host, port=embedded.port)
        return
    port = free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(_MOSQUITTO.format(port=port), encoding="utf-8")
    process = subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        if not wait_until_accepting(port, process):
            msg = f"{program} does not start: try `{program} -c {settings}`"
            raise LoadError(msg)
        yield "mosquitto", BrokerSettings(port=port)
    finally:
        process.kill()
        process.wait()


@contextmanager
def workers(count: int, at: BrokerSettings, settings: Path, data: Path) -> Iterator[list[int]]:
    """So many workers of the server; their process ids, once all of them answer."""
    command = [sys.executable, "-m", "recommender_server", "serve", "--data", str(data)]
    command += ["--settings", str(settings), "--broker", f"{at.host}:{at.port}"]
    online: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    watch = Bus(
        at,
        "bench-watch",
        subscriptions=[topics.SERVER_AVAILABILITY],
        received=lambda publication: online.put(publication.payload),
        link_changed=lambda _up: online.put(b"linked"),
    )
    watch.start()
    started: list[subprocess.Popen[bytes]] = []
    try:
        _wait_for(b"linked", online)
        for _ in range(count):
            started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
            _wait_for(topics.ONLINE, online)
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
        watch.stop()


def _wait_for(wanted: bytes, heard: queue.SimpleQueue[bytes]) -> None:
    try:
        while heard.get(timeout=WITHIN_SECONDS) != wanted:
            pass
    except queue.Empty as error:
        msg = "no worker came up: `./mlfym recommender serve` says why"
        raise LoadError(msg) from error


class Fleet:
    """Devices that ask, each with a library of its own on the server."""

    def __init__(self, names: Sequence[str], at: BrokerSettings, tracks: Sequence[TrackId]) -> None:
        self._at, self._tracks = at, tracks
        self._chance = random.Random(len(names))
        self.seconds: list[float] = []
        self.errors = 0
        self.motes = [swarm.Mote(name, self._answered) for name in names]

    @property
    def unanswered(self) -> int:
        """Questions of all devices without an answer."""
        return sum(mote.unanswered for mote in self.motes)

    async def join(self) -> None:
        """Connect them all.

        Raises:
            SwarmError: the broker refuses.

        """
        joins = [
            mote.join(
                self._at.host, self._at.port, topics.of_device(mote.name, topics.RECOMMEND_REPLY)
            )
            for mote in self.motes
        ]
        await swarm.in_groups(list(joins), 50)

    def leave(self) -> None:
        """Hang up."""
        for mote in self.motes:
            mote.leave()

    async def warm_up(self, rounds: int) -> None:
        """So many questions of every device, so that its pack is made."""
        for _ in range(rounds):
            self._chance.shuffle(self.motes)
            for start in range(0, len(self.motes), ASKING_AT_ONCE):
                for mote in self.motes[start : start + ASKING_AT_ONCE]:
                    self.ask(mote)
                if not await swarm.until(lambda: not self.unanswered, WITHIN_SECONDS):
                    msg = f"{self.unanswered} devices were not answered at first"
                    raise LoadError(msg)
        self.seconds.clear()

    def ask(self, mote: swarm.Mote) -> None:
        """Let one of them ask."""
        request = RecommendRequest(
            valence=self._chance.uniform(-1, 1),
            arousal=self._chance.uniform(-1, 1),
            exclude=tuple(self._chance.sample(self._tracks, min(EXCLUDED, len(self._tracks) // 2))),
            deadline_ms=DEADLINE_MS,
        )
        mote.ask(topics.of_device(mote.name, topics.RECOMMEND_REQUEST), encode(request))

    def _answered(self, seconds: float, payload: bytes) -> None:
        self.seconds.append(seconds)
        reply = decode(payload, RecommendReply)
        self.errors += bool(reply.error) or not reply.tracks


def loaded(
    devices: Sequence[str],
    requests: int,
    at: BrokerSettings,
    servers: Sequence[int],
    tracks: Sequence[TrackId],
    *,
    a_second: float = 100.0,
    kill_one: bool = False,
) -> dict[str, Any]:
    """Figures of these devices asking in turn, their packs made before.

    Args:
        devices: their names.
        requests: of all together.
        at: the broker.
        servers: process ids of the workers.
        tracks: of their libraries.
        a_second: questions of all together, whatever becomes of them.
        kill_one: end the first worker in the middle without warning.

    """
    fleet = Fleet(devices, at, tracks)
    return asyncio.run(_loaded(fleet, requests, servers, a_second, kill_one=kill_one))


async def _loaded(
    fleet: Fleet, requests: int, servers: Sequence[int], a_second: float, *, kill_one: bool
) -> dict[str, Any]:
    await fleet.join()
    await fleet.warm_up(2 * len(servers) if len(servers) > 1 else 1)
    motes, left = fleet.motes, list(servers)
    spent, own = sum(map(timing.cpu_seconds, left)), time.process_time()

    def step(number: int) -> None:
        if kill_one and number == requests // 2:
            os.kill(left.pop(0), signal.SIGKILL)
        fleet.ask(motes[number % len(motes)])

    began = time.perf_counter()
    late = await swarm.paced(requests, a_second, step)
    offered = time.perf_counter() - began
    if kill_one:
        await _settled(fleet)
    else:
        await swarm.until(lambda: not fleet.unanswered, ANSWER_SECONDS)
    took = time.perf_counter() - began
    own = time.process_time() - own
    figures = _figures(fleet, requests)
    if kill_one:
        figures["answered_when_asked_again"] = await _asked_again(fleet)
    else:
        spent = sum(map(timing.cpu_seconds, left)) - spent
        figures["server_cpu_ms_per_request"] = round(spent / requests * 1000, 3)
    fleet.leave()
    return {
        **figures,
        "offered_per_second": round(requests / offered, 1),
        "held_per_second": round(len(fleet.seconds) / took, 1),
        "latest_question_ms": round(late * 1000, 1),
        "bench_cpu_ms_per_request": round(own / requests * 1000, 3),
        "workers_mb": [timing.memory_mb(pid)["rss"] for pid in left],
    }


def _figures(fleet: Fleet, requests: int) -> dict[str, Any]:
    times = sorted(fleet.seconds)
    return {
        "requests": requests,
        "unanswered": fleet.unanswered,
        "errors": fleet.errors,
        "p50_ms": round(times[len(times) // 2] * 1000, 2),
        "p99_ms": round(times[min(len(times) - 1, len(times) * 99 // 100)] * 1000, 2),
    }


async def _asked_again(fleet: Fleet) -> bool:
    """Whether those that a killed worker took along are answered when they ask once more."""
    waiting = [mote for mote in fleet.motes if mote.unanswered]
    before, answered = fleet.unanswered, len(fleet.seconds) + len(waiting)
    for mote in waiting:
        fleet.ask(mote)
    all_came = await swarm.until(lambda: len(fleet.seconds) >= answered, ANSWER_SECONDS)
    return all_came and fleet.unanswered == before


async def _settled(fleet: Fleet) -> bool:
    """Whether the worker that is left answered all that came to it: it keeps their order."""
    last = fleet.motes[0]
    before = last.unanswered
    fleet.ask(last)
    return await swarm.until(lambda: last.unanswered <= before, ANSWER_SECONDS)
