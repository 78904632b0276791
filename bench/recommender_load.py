"""Simulated devices that ask real recommender workers over a real broker, each one at a time."""

from __future__ import annotations

import queue
import random
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench import timing
from cli.broker import EmbeddedBroker, free_port, wait_until_accepting
from contracts import topics
from contracts.bus import Bus, Publication
from contracts.messages import RecommendReply, RecommendRequest, decode, encode
from contracts.settings import BrokerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from contracts.track import TrackId

WARM_UP_ROUNDS = 3
WITHIN_SECONDS = 300.0
EXCLUDED = 30
DEADLINE_MS = 60_000
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


class Device:
    """Asks, waits for the answer, asks again; times are of its own answers."""

    def __init__(
        self, name: str, at: BrokerSettings, tracks: Sequence[TrackId], done: queue.SimpleQueue[str]
    ) -> None:
        self.name, self._done = name, done
        self.milliseconds: list[float] = []
        self.errors = 0
        self._chance, self._tracks = random.Random(name), tracks
        self._left, self._asked_at = 0, 0.0
        self._reply = topics.of_device(name, topics.RECOMMEND_REPLY)
        self._linked = threading.Event()
        self._bus = Bus(
            at,
            f"bench-{name}",
            subscriptions=[self._reply],
            received=self._received,
            link_changed=lambda _up: self._linked.set(),
        )

    def start(self) -> None:
        """Connect."""
        self._bus.start()
        if not self._linked.wait(WITHIN_SECONDS):
            msg = "the broker lets nobody in"
            raise LoadError(msg)

    def stop(self) -> None:
        """Disconnect."""
        self._bus.stop()

    def ask(self, times: int) -> None:
        """Ask so many times, one after another, then say so."""
        self._left = times
        self._ask()

    def _ask(self) -> None:
        request = RecommendRequest(
            valence=self._chance.uniform(-1, 1),
            arousal=self._chance.uniform(-1, 1),
            exclude=tuple(self._chance.sample(self._tracks, min(EXCLUDED, len(self._tracks)))),
            deadline_ms=DEADLINE_MS,
        )
        publication = Publication(
            topic=topics.of_device(self.name, topics.RECOMMEND_REQUEST),
            payload=encode(request),
            response_topic=self._reply,
            correlation=b"%d" % self._left,
        )
        self._asked_at = time.perf_counter()
        self._bus.publish(publication)

    def _received(self, publication: Publication) -> None:
        if publication.correlation != b"%d" % self._left:
            return
        self.milliseconds.append((time.perf_counter() - self._asked_at) * 1000)
        reply = decode(publication.payload, RecommendReply)
        self.errors += bool(reply.error) or not reply.tracks
        self._left -= 1
        if self._left:
            self._ask()
        else:
            self._done.put(self.name)


def loaded(
    devices: Sequence[str],
    requests: int,
    at: BrokerSettings,
    servers: Sequence[int],
    tracks: Sequence[TrackId],
) -> dict[str, Any]:
    """Figures of all these devices asking at once, `requests` in all, their packs made before."""
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    clients = [Device(name, at, tracks, done) for name in devices]
    try:
        for client in clients:
            client.start()
        for _ in range(WARM_UP_ROUNDS * len(servers)):
            random.Random(len(clients)).shuffle(clients)
            for client in clients:  # one by one, so that workers take turns
                client.ask(1)
                done.get(timeout=WITHIN_SECONDS)
        for client in clients:
            client.milliseconds.clear()
        each = max(1, requests // len(clients))
        cpu, began = sum(map(timing.cpu_seconds, servers)), time.perf_counter()
        for client in clients:
            client.ask(each)
        for _ in clients:
            done.get(timeout=WITHIN_SECONDS)
        took = time.perf_counter() - began
        cpu = sum(map(timing.cpu_seconds, servers)) - cpu
    finally:
        for client in clients:
            client.stop()
    times = sorted(ms for client in clients for ms in client.milliseconds)
    return {
        "requests": len(times),
        "requests_per_second": round(len(times) / took, 1),
        "p50_ms": round(times[len(times) // 2], 2),
        "p99_ms": round(times[min(len(times) - 1, len(times) * 99 // 100)], 2),
        "server_cpu_ms_per_request": round(cpu / len(times) * 1000, 3),
        "errors": sum(client.errors for client in clients),
        "workers_mb": [timing.memory_mb(pid)["rss"] for pid in servers],
    }
