"""One training on made-up interactions, in a process of its own: time by stage, highest memory.

`python -m bench.recommender_training INTERACTIONS TRACKS FOLDER` prints JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from bench.made_up_music import deeds, library
from contracts.messages import LibraryChunk
from recommender_server import catalogue
from recommender_server.service import shipped_or_own_tags
from recommender_server.settings import RecommenderSettings
from recommender_server.store import open_store

EACH = 50
"""Interactions a listener."""
CHUNK = 200
DEVICE, LIBRARY = "bench", "made-up"
AT_UNIX_SECONDS = 1.8e9


def filled(folder: Path, tracks: int, interactions: int) -> RecommenderSettings:
    """A data folder with one device's library and what its listeners did."""
    settings = RecommenderSettings(data_folder=str(folder))
    made = library(tracks, shipped_or_own_tags(settings))
    store = open_store(folder)
    total = -(-len(made) // CHUNK)
    for index in range(total):
        part = made[index * CHUNK : (index + 1) * CHUNK]
        chunk = LibraryChunk(library=LIBRARY, index=index, total=total, tracks=part)
        catalogue.take_chunk(store, DEVICE, chunk, settings.limits)
    with store.writing():
        for batch in deeds(made, interactions // EACH, EACH):
            store.add_interactions(DEVICE, batch)
    store.close()
    return settings


def trained(settings: RecommenderSettings) -> dict[str, Any]:
    """Processor seconds by stage of one training, and the process's highest memory."""
    from recommender_server.training import train  # noqa: PLC0415 - so that memory is before it

    before = _highest_mb()
    began = time.process_time()
    marks: list[tuple[str, float]] = [("start", began)]

    def stepped(stage: str, _done: float) -> None:
        if stage != marks[-1][0]:
            sys.stderr.write(f"  {stage}\n")
            marks.append((stage, time.process_time()))

    train(settings, at_unix_seconds=AT_UNIX_SECONDS, stepped=stepped)
    ends = [at for _, at in marks[1:]] + [time.process_time()]
    stages: dict[str, float] = {}
    for (stage, at), end in zip(marks, ends, strict=True):
        stages[stage] = round(stages.get(stage, 0.0) + end - at, 2)
    return {
        "cpu_seconds": round(ends[-1] - began, 2),
        "stages_cpu_seconds": stages,
        "peak_mb": _highest_mb(),
        "before_mb": before,
    }


def _highest_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def main(interactions: int, tracks: int, folder: Path) -> dict[str, Any]:
    """Fill, train, and say what it took."""
    sys.stderr.write(f"training: {interactions} interactions\n")
    settings = filled(folder, tracks, interactions)
    return {"interactions": interactions, "tracks": tracks, **trained(settings)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
