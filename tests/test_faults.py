"""The harness that injects faults, and a short version of what it does."""

from __future__ import annotations

import contextlib
import math
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bench.faults import killing, network, sounding
from bench.faults.ear import Ear
from bench.faults.fault import Fault, Ground, Trial
from bench.faults.house import House
from bench.faults.killing import FAULTS as KILLS
from bench.faults.proxy import Proxy
from bench.faults.registry import FAULTS
from bench.faults.report import BEGIN, END, NoMarkersError, Row, table
from bench.faults.supervision import UNITS, Supervisor, unit
from bench.soak.gauges import Reading, growth, slope, slope_interval
from bench.swarm import correlation_of, packet, question, varint
from cli.demonstration.programs import Program
from cli.test import run
from device.demo.library import make_library
from device.demo.pieces import PIECES

PATIENCE_SECONDS = 60.0
"""Not a figure: whatever takes longer does not come."""


def until(shown: object) -> None:
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE_SECONDS
    while not shown():  # type: ignore[operator]
        assert time.monotonic() < deadline
        pause.wait(0.02)


# The table


def fault(name: str = "kill-core") -> Fault:
    return Fault(name, "kill -9", lambda _: iter(()))


def test_music_that_comes_too_late_is_not_survived() -> None:
    """More than 5 s; where no music is part of it, nothing is late."""
    late = fault().judged(Trial(music_seconds=5.1))
    assert not late.survived
    assert "5.1 s" in late.why
    assert fault().judged(Trial(music_seconds=5.0)).survived
    assert fault().judged(Trial()).survived


def test_a_row_replaces_its_own_and_no_other() -> None:
    """Rows that were not measured anew keep their figures and their day; what is around stays."""
    document = f"before\n{BEGIN}\n{END}\nafter\n"
    first = Row(fault(), [Trial(music_seconds=2.0), Trial(music_seconds=4.0, survived=False)])
    other = Row(fault("partition"), [Trial(music_seconds=0.0, lost=2, survived=False)])
    document = table(document, [first, other], "2030-01-01", "./mlfym test --slow")
    assert "| kill-core | kill -9 | 2 | 1 | 0 | 3.0; 4.0 | 2030-01-01 |" in document
    again = Row(fault(), [Trial(count=1000)])
    document = table(document, [again], "2030-02-02", "./mlfym test --slow")
    assert "| kill-core | kill -9 | 1,000 | 1,000 | 0 | - | 2030-02-02 |" in document
    assert "| partition | kill -9 | 1 | 0 | 2 | 0.0; 0.0 | 2030-01-01 |" in document
    assert document.count("kill-core") == 1
    assert document.startswith("before\n")
    assert document.endswith("\nafter\n")
    with pytest.raises(NoMarkersError, match=BEGIN):
        table("nothing", [first], "2030-01-01", "")


def test_the_document_has_a_place_for_the_table() -> None:
    """And a row for nothing that is no fault."""
    document = Path(__file__).parents[1] / "docs" / "reliability.md"
    inside = document.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [line.split("|")[1].strip() for line in inside.splitlines() if line.startswith("| ")]
    assert {name for name in rows if name != "fault"} <= set(FAULTS)


# What it listens to, and what looks after programs


def test_silence_is_measured_from_the_last_sound_to_the_next(tmp_path: Path) -> None:
    """What lies before the injection does not count, nor a gap as short as a buffer."""
    ear = Ear(tmp_path / "sound")
    ear.close()
    loud, quiet = np.full(100, 900, np.int16).tobytes(), bytes(200)
    began = time.monotonic()
    for at, raw in ((0.0, loud), (0.4, loud), (1.0, quiet), (3.4, loud), (5.0, quiet)):
        ear._take(raw, began - 100 + at)
    assert [(round(g.began - began, 1), round(g.ended - began, 1)) for g in ear.gaps] == [
        (-99.6, -96.6)
    ]
    ear.heard_at = time.monotonic()
    assert ear.silent_since(began - 98.6) == pytest.approx(2.0)
    assert ear.silent_since(began - 96.0) == 0.0


def test_the_ear_hears_a_program_that_writes_and_outlives_it(tmp_path: Path) -> None:
    """Two programs one after the other write into the same card."""
    ear = Ear(tmp_path / "sound")
    for _ in range(2):
        before = ear.heard_bytes
        (tmp_path / "sound").write_bytes(np.full(4000, 900, np.int16).tobytes())
        until(lambda before=before: ear.heard_bytes >= before + 8000)
    ear.close()


CHILD = (
    "import os, socket, threading;"
    "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
    "s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET']);"
    "threading.Event().wait()"
)


def test_a_program_that_falls_silent_is_killed_and_started_again(tmp_path: Path) -> None:
    """As WatchdogSec, TimeoutAbortSec and RestartSec of its unit say."""
    program = Program("child", ["-c", CHILD], tmp_path / "child.log")
    supervisor = Supervisor(tmp_path, {"mlfym-core.service": program})
    watched = supervisor.watched("mlfym-core.service")
    assert (watched.watchdog_seconds, watched.restart_seconds) == (10.0, 1.0)
    watched.unit = {"WatchdogSec": "0.3", "TimeoutAbortSec": "0.2", "RestartSec": "0.1"}
    program.start()
    first = program.pid
    supervisor.start()
    until(lambda: watched.killed >= 1 and program.pid != first)
    supervisor.stop()
    program.kill()


@pytest.mark.parametrize(("status", "again"), [(78, False), (3, True)])
def test_a_refusal_stays_refused(tmp_path: Path, status: int, *, again: bool) -> None:
    """A status that no restart mends ends the matter; any other does not."""
    line = f"open('started', 'a').write('x'); raise SystemExit({status})"
    arguments = ["-c", f"import os; os.chdir({str(tmp_path)!r}); {line}"]
    program = Program("child", arguments, tmp_path / "child.log")
    supervisor = Supervisor(tmp_path, {"mlfym-vision.service": program})
    supervisor.watched("mlfym-vision.service").unit = {
        "RestartSec": "0.1",
        "RestartPreventExitStatus": "2 78",
    }
    program.start()
    started = tmp_path / "started"
    until(lambda: program.exit_code() is not None and started.exists())
    supervisor.start()
    if again:
        until(lambda: len(started.read_text()) > 2)
    else:
        threading.Event().wait(0.5)
        assert len(started.read_text()) == 1
    supervisor.stop()
    program.kill()


def test_every_lasting_unit_can_be_followed() -> None:
    """The harness reads what systemd reads."""
    for name, seconds in {"core": 1.0, "vision": 2.0, "recommender@": 2.0}.items():
        assert float(unit(f"mlfym-{name}.service")["RestartSec"]) == seconds
    assert (UNITS / "mlfym-core.service").is_file()


# The network


@pytest.fixture
def echo() -> Iterator[int]:
    """A port that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(peer,), daemon=True).start()

        def answer(peer: socket.socket) -> None:
            with peer:
                while raw := peer.recv(1000):
                    peer.sendall(raw)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_network_that_swallows_tells_nobody_and_delivers_later(echo: int) -> None:
    """While it swallows nothing comes and nothing ends; afterwards all comes, in order."""
    with Proxy(echo) as bad, socket.create_connection(("127.0.0.1", bad.port)) as peer:
        peer.settimeout(PATIENCE_SECONDS)
        peer.sendall(b"one")
        assert peer.recv(10) == b"one"
        bad.swallowing = True
        peer.sendall(b"two")
        peer.settimeout(0.3)
        with pytest.raises(TimeoutError):
            peer.recv(10)
        bad.swallowing = False
        peer.settimeout(PATIENCE_SECONDS)
        assert peer.recv(10) == b"two"
        bad.cut()
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(10) == b""


# The soak and the swarm


def test_a_slope_is_not_moved_by_a_peak() -> None:
    """Half a KiB a thousand messages, with one reading far off."""
    across = [float(n) for n in range(20)]
    up = [0.5 * n + (1000 if n == 7 else 0) for n in across]
    assert slope(across, up) == pytest.approx(0.5, abs=0.01)
    assert slope([1.0], [1.0]) == 0.0


def test_a_slope_comes_with_what_it_lies_between() -> None:
    """Half a KiB a thousand messages under noise of ten: within, and not sure to be under 0.5;
    without noise it is sure; of a few readings nothing is.
    """
    chance = random.Random(3)
    across = [float(n) for n in range(240)]
    low, high = slope_interval(across, [0.5 * n + chance.gauss(0, 10) for n in across])
    assert 0.3 < low < 0.5 < high < 0.7
    assert slope_interval(across, [0.2 * n for n in across]) == pytest.approx((0.2, 0.2))
    assert slope_interval([1.0, 2.0], [1.0, 2.0]) == (-math.inf, math.inf)
    hidden = sum(
        not low <= 0.0 <= high
        for seed in range(200)
        for low, high in [slope_interval(across, noise(seed))]
    )
    assert hidden <= 20


def noise(seed: int) -> list[float]:
    """Readings that hang together from one to the next, and go nowhere."""
    chance, level, out = random.Random(seed), 0.0, []
    for _ in range(240):
        level = 0.6 * level + chance.gauss(0, 1)
        out.append(level)
    return out


def test_growth_is_that_after_the_caches_filled() -> None:
    """What grows in the first days is not counted; what grows later is, per 1,000 messages."""

    def reading(day: int) -> Reading:
        memory = 5000 * min(day, 2) + (2 * day if day > 2 else 0)
        return Reading(
            day=day,
            messages=10_000 * day,
            memory_kib={"core": memory},
            descriptors={"core": 10 + day},
            disk_kib=100 * day,
            log_kib=0,
        )

    grown = growth([reading(day) for day in range(8)], from_day=3)
    assert grown.memory_kib_per_1000 == {"core": 0.2}
    assert grown.descriptors == {"core": (13, 17)}
    assert (grown.disk_kib_a_day, grown.log_kib_a_day) == (100.0, 0.0)
    assert (grown.days, grown.messages) == (7, 70_000)


def test_packets_are_those_of_the_standard() -> None:
    """Known bytes of MQTT 5: 1.5.5's borders, and a PUBLISH with both properties."""
    borders = {0: "00", 127: "7f", 128: "8001", 16_383: "ff7f", 16_384: "808001"}
    assert {number: varint(number).hex() for number in borders} == borders
    assert packet(12, b"").hex() == "c000"
    asked = question("a/b", 258, "r", b"{}")
    properties = "08000172" + "09000400000102"
    assert asked.hex() == "3215" + "0003612f62" + "0103" + "0b" + properties + "7b7d"
    assert correlation_of(bytes.fromhex("02000000ff" + properties)) == 258
    assert correlation_of(b"") is None


# The real thing, once each


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    make_library(folder, pieces=PIECES[::4], length_seconds=12.0)
    return folder


def test_the_music_survives_one_fault_after_another(tmp_path: Path, music: Path) -> None:
    """Core and broker are killed, the network swallows, the card is unplugged: each time music,
    tier and camera come back and nothing that was promised is lost.
    """
    ground = Ground(tmp_path / "house", music, times=1, patience_seconds=180.0)
    faults = (killing.core_dies, killing.broker_dies, network.swallowed, sounding.unplugged)
    with House(ground) as house:
        trials = [msgspec.to_builtins(house.trial(inject)) for inject in faults]
    assert [(t.get("survived", True), t.get("lost", 0), t.get("why", "")) for t in trials] == [
        (True, 0, "")
    ] * len(faults)


def test_faults_have_names_that_can_be_typed() -> None:
    """Lower case and dashes, each once, each with a limit."""
    assert len(KILLS) >= 4
    assert all(name.replace("-", "").isalnum() and name.islower() for name in FAULTS)
    assert all(fault.limit_seconds > 0 and fault.times > 0 for fault in FAULTS.values())
    assert "bench.faults.registry" in sys.modules


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--only", "kill-core"], "faults need --slow"),
        (["--slow", "--only", "kill-cor"], "there is no fault 'kill-cor'"),
        (["--slow", "--only", "kill-core", "--times", "0"], "give 1 or more"),
    ],
)
def test_what_cannot_be_injected_is_said(
    capsys: pytest.CaptureFixture[str], asked: list[str], told: str
) -> None:
    """A fault by another name, without --slow, or not even once."""
    with pytest.raises(SystemExit, match="2"):
        run(asked)
    assert told in capsys.readouterr().err
