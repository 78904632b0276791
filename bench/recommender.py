"""Time and memory of the recommender: requests over a broker, packs, ranking, training.

Every library, listener and interaction is made up. Processor time is the figure to compare by:
time by the wall includes whatever else the machine does, and the simulated devices too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from bench import timing
from bench.recommender_load import broker, loaded, workers
from bench.recommender_training import DEVICE, LIBRARY, filled, trained
from contracts.messages import RecommendRequest
from contracts.ranking import pack_bytes, rank, read_pack
from contracts.settings import to_toml
from recommender_server import catalogue, generation
from recommender_server.packs import Packs, trained_pack
from recommender_server.settings import LimitSettings, RecommenderSettings
from recommender_server.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contracts.track import TrackId
    from recommender_server.storage import LibraryRow, Storage

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
SERVED_INTERACTIONS = 100_000
"""What the model was trained on that answers in the load test."""


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    tracks: int
    devices: tuple[int, ...]
    workers: tuple[int, ...]
    requests: int
    rate: float
    library: int
    interactions: tuple[int, ...]
    served_interactions: int
    runs: int


def run(arguments: list[str]) -> int:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(prog="mlfym bench recommender", description=__doc__)
    parser.add_argument("--tracks", type=int, default=10_000, help="of the packs and the training")
    parser.add_argument("--devices", type=_numbers, default=(10, 1000), metavar="N,N")
    parser.add_argument("--workers", type=_numbers, default=(1, 2), metavar="N,N")
    parser.add_argument("--requests", type=int, default=3000, help="of all devices together")
    parser.add_argument("--rate", type=float, default=100.0, help="questions a second")
    parser.add_argument("--library", type=int, default=200, help="tracks of each asking device")
    parser.add_argument(
        "--interactions", type=_numbers, default=(10_000, 100_000, 1_000_000), metavar="N,N"
    )
    parser.add_argument("--served-interactions", type=int, default=SERVED_INTERACTIONS)
    parser.add_argument("--runs", type=int, default=100, help="of each ranking")
    options = parser.parse_args(arguments)
    sys.stdout.write(json.dumps(measured(Extent(**vars(options))), indent=2) + "\n")
    return 0


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


def measured(extent: Extent) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="mlfym-bench-") as name:
        folder = Path(name)
        _say(f"a model of {extent.served_interactions} interactions to serve with")
        settings = filled(folder / "served", extent.tracks, extent.served_interactions)
        trained(settings)
        figures: dict[str, Any] = {
            "machine": timing.machine(),
            "pack": pack_figures(settings, extent),
            "requests": request_figures(settings, extent, folder),
        }
        figures["training"] = [
            _trained_apart(count, extent.tracks, folder) for count in extent.interactions
        ]
    return figures


def pack_figures(settings: RecommenderSettings, extent: Extent) -> dict[str, Any]:
    """A pack's size and making, on the server; its reading and ranking, on a device."""
    _say("packs and rankings")
    store, known = open_store(Path(settings.data_folder)), generation.newest(_data(settings))
    assert known is not None  # noqa: S101 - trained just now
    number = catalogue.library_number(store, DEVICE, LIBRARY)
    tracks, items = catalogue.library_tracks(store, number or 0)
    build, library = _seconds(lambda: trained_pack(LIBRARY, tracks, items, known))
    pack = Packs(store, settings).of(DEVICE, LIBRARY, "l0", known) or library
    store.close()
    write, content = _seconds(lambda: pack_bytes(pack))
    read, back = _seconds(lambda: read_pack(content))
    recent = tuple(track.id for track in tracks[:: max(1, len(tracks) // 200)])
    requests = {
        "mood": RecommendRequest(valence=0.6, arousal=0.4),
        "taste": RecommendRequest(mood_weight=0, hour=20.0),
        "everything": RecommendRequest(
            valence=-0.5, arousal=0.3, tags=("calm", "80s"), seed_track=recent[0], exclude=recent
        ),
    }
    first, _ = _seconds(lambda: rank(back, requests["mood"]))
    return {
        "tracks": len(tracks),
        "factors": int(pack.factors.shape[1]),
        "neighbours": int(pack.neighbours.shape[1]),
        "neighbours_sent": int(back.neighbours.shape[1]),
        "bytes": len(content),
        "build_cpu_seconds": round(build + write, 3),
        "device_read_cpu_ms": round(read * 1000, 1),
        "device_first_ranking_cpu_ms": round(first * 1000, 1),
        "device_ranking_cpu_ms": {
            name: timing.timed(lambda asked=asked: rank(back, asked), extent.runs)["cpu_ms"]  # type: ignore[misc]
            for name, asked in requests.items()
        },
    }


def request_figures(settings: RecommenderSettings, extent: Extent, folder: Path) -> dict[str, Any]:
    """Requests of simulated devices, each with its own library, for each number of workers."""
    names = [f"d{number}" for number in range(max(extent.devices, default=0))]
    tracks = _given_to(names, settings, extent.library)
    limits = LimitSettings(packs_cached=len(names) + 1)
    toml = folder / "server.toml"
    served = msgspec.structs.replace(settings, limits=limits)
    toml.write_text(to_toml(served), encoding="utf-8")
    rows = []
    with broker(folder) as (program, at):
        for count in extent.workers:
            for devices in extent.devices:
                for kill in {False, count > 1}:
                    _say(f"{devices} devices, {count} workers, {program}, {'kill -9' * kill}")
                    with workers(count, at, toml, _data(settings)) as servers:
                        found = loaded(
                            names[:devices],
                            extent.requests,
                            at,
                            servers,
                            tracks,
                            a_second=extent.rate,
                            kill_one=kill,
                        )
                    rows.append({"workers": count, "devices": devices, "killed": kill, **found})
    return {
        "broker": program,
        "packs_cached": limits.packs_cached,
        "library_tracks": len(tracks),
        "load_average": os.getloadavg()[0],
        "rows": rows,
    }


def _given_to(names: Sequence[str], settings: RecommenderSettings, size: int) -> list[TrackId]:
    """Commit the first of the made-up tracks for every device; their ids."""
    store: Storage = open_store(_data(settings))
    number = store.library_number(DEVICE, LIBRARY) or 0
    rows: list[LibraryRow] = store.library_rows(number)[:size]
    for count, name in enumerate(names, start=1):
        with store.writing():
            store.commit_library(name, LIBRARY, rows, kept=2)
        if not count % 100:
            _say(f"  {count} libraries of {len(names)}")
    store.close()
    return [row.track.id for row in rows]


def _trained_apart(interactions: int, tracks: int, folder: Path) -> dict[str, Any]:
    """A training in a process of its own, so that its memory is its own."""
    data = folder / f"training-{interactions}"
    command = [sys.executable, "-m", "bench.recommender_training"]
    command += [str(interactions), str(tracks), str(data)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _data(settings: RecommenderSettings) -> Path:
    return Path(settings.data_folder)


def _seconds(step: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds of a step, and what it made."""
    began = time.process_time()
    made = step()
    return time.process_time() - began, made


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
