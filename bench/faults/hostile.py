"""Hostile payloads: at every decoder by the ten thousand, and at the running programs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench.faults.fault import Fault, NotSurvivedError, Trial
from bench.faults.hostile_payloads import bent, sample
from bench.faults.house import House
from contracts import topics
from contracts.bus import Bus, Publication
from contracts.messages import (
    InteractionBatch,
    InteractionsAck,
    LibraryAck,
    LibraryChange,
    LibraryChunk,
    PackRequest,
    RecommendReply,
    RecommendRequest,
)
from contracts.settings import BrokerSettings
from device.commands import COMMANDS
from device.control import MAX_REQUEST_BYTES, ControlRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.faults.fault import Ground

ROOT = Path(__file__).resolve().parents[2]
CASES_A_DOOR = 8000
"""Of tests/test_hostile.py; the slower doors get a quarter."""
MESSAGES, PACKETS = 2000, 500
LINK_SECONDS = 20.0
DEVICE = "demo"
KINDS = {
    topics.RECOMMEND_REQUEST: RecommendRequest,
    topics.RECOMMEND_REPLY: RecommendReply,
    topics.INTERACTIONS: InteractionBatch,
    topics.INTERACTIONS_ACK: InteractionsAck,
    topics.LIBRARY: LibraryChunk,
    topics.LIBRARY_CHANGE: LibraryChange,
    topics.LIBRARY_ACK: LibraryAck,
    topics.PACK_REQUEST: PackRequest,
    topics.PACK: PackRequest,
}
HARMLESS = ("like", "seek", "queue_add", "wish", "volume", "mood", "era", "policy", "announce")
"""Commands whose effect is none that a later trial stumbles over."""


def decoders(ground: Ground) -> Iterator[Trial]:
    """tests/test_hostile.py with many cases, which it counts."""
    told = ground.folder.parent / "counted.json"
    for _ in range(ground.times):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/test_hostile.py"],
            cwd=ROOT,
            env={
                **os.environ,
                "MLFYM_HOSTILE_CASES": str(CASES_A_DOOR),
                "MLFYM_HOSTILE_COUNT": str(told),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        cases = sum(json.loads(told.read_text(encoding="utf-8")).values())
        why = "" if done.returncode == 0 else done.stdout[-500:]
        yield Trial(survived=not why, count=cases, why=why)


def at_the_programs(ground: Ground) -> Iterator[Trial]:
    """A stranger on the broker and one on the control socket, at once with the music."""
    turns = iter(range(ground.times))

    def inject(house: House) -> None:
        turn = next(turns)
        _flood_broker(house, turn)
        _flood_control(house.appliance.control_socket, turn)
        for program in house.appliance.programs:
            if program.exit_code() is not None:
                msg = f"{program.name} ended: {program.last_words(2)}"
                raise NotSurvivedError(msg)

    with House(ground, broker="embedded") as house:
        for trial in house.play_out(ground, inject):
            yield msgspec.structs.replace(trial, count=MESSAGES + PACKETS)


def _flood_broker(house: House, turn: int) -> None:
    linked, arrived = threading.Event(), threading.Event()
    echo = f"stranger/{turn}"
    bus = Bus(
        BrokerSettings(host=house.broker.host, port=house.broker.port),
        f"stranger-{turn}",
        subscriptions=[echo],
        received=lambda _: arrived.set(),
        link_changed=lambda _up: linked.set(),
    )
    bus.start()
    if not linked.wait(LINK_SECONDS):
        msg = "the broker lets no stranger in"
        raise NotSurvivedError(msg)
    places = list(KINDS.items())
    for number in range(MESSAGES):
        leaf, kind = places[number % len(places)]
        payload = bent(sample(kind), turn * MESSAGES + number)
        if number % 5 == 0:
            leaf = f"{topics.COMMAND}/{HARMLESS[number // 5 % len(HARMLESS)]}"
            payload = payload[:40]
        bus.publish(Publication(topic=topics.of_device(DEVICE, leaf), payload=payload))
    bus.publish(Publication(topic=echo))  # the broker has all that came before it
    if not arrived.wait(LINK_SECONDS):
        msg = "the broker did not take all of them"
        raise NotSurvivedError(msg)
    bus.stop()


def _flood_control(path: Path, turn: int) -> None:
    trees = [sample(ControlRequest), *({"command": name, "argument": "\0"} for name in HARMLESS)]
    for number in range(PACKETS):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
            peer.settimeout(LINK_SECONDS)
            peer.connect(str(path))
            packet = bent(trees[number % len(trees)], turn * PACKETS + number)
            if packet and len(packet) <= MAX_REQUEST_BYTES:
                peer.send(packet)
                if not peer.recv(MAX_REQUEST_BYTES, socket.MSG_TRUNC):
                    msg = "the control socket gave no answer"
                    raise NotSurvivedError(msg)


FAULTS = (
    Fault(
        "hostile-decoders",
        "hostile payloads at every decoder, topic and door",
        decoders,
        times=1,
        limit_seconds=1800.0,
    ),
    Fault(
        "hostile-programs",
        "hostile messages and packets at the running programs",
        at_the_programs,
        times=3,
    ),
)
assert set(HARMLESS) <= set(COMMANDS)  # noqa: S101 - a command that was renamed
