from __future__ import annotations

import json

import pytest

from bench import recommender
from bench.made_up_music import deeds, library
from cli import bench
from contracts.messages import InteractionKind
from tests.recommender_stage import shipped_tags

TINY = "--tracks 40 --library 20 --devices 1,2 --workers 1 --requests 6 --interactions 100"
TINY += " --served-interactions 100 --runs 1"


def test_made_up_music_is_the_same_for_the_same_seed() -> None:
    """Twice the same tracks and deeds; another seed gives others; every deed is of a track."""
    space = shipped_tags()
    tracks = library(50, space)
    assert tracks == library(50, space)
    assert tracks != library(50, space, seed=2)
    assert len({track.id for track in tracks}) == 50
    done = [deed for batch in deeds(tracks, 4, 25) for deed in batch]
    assert done == [deed for batch in deeds(tracks, 4, 25) for deed in batch]
    assert {deed.track for deed in done} <= {track.id for track in tracks}
    assert {deed.kind for deed in done} >= {InteractionKind.COMPLETED, InteractionKind.SKIPPED}


def test_the_bench_is_listed() -> None:
    """Its helpers are not."""
    assert "recommender" in bench.benches()
    assert not any(name.startswith("recommender_") for name in bench.benches())


def test_a_tiny_bench_measures_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON on standard output: no request failed, each figure is there; progress is elsewhere."""
    assert recommender.run(TINY.split()) == 0
    told = capsys.readouterr()
    figures = json.loads(told.out)
    assert figures["pack"]["tracks"] == 40
    assert 0 < figures["pack"]["bytes"] < 4_000_000
    assert figures["requests"]["broker"] in {"mosquitto", "embedded"}
    rows = figures["requests"]["rows"]
    assert [(row["workers"], row["devices"], row["killed"]) for row in rows] == [
        (1, 1, False),
        (1, 2, False),
    ]
    for row in rows:
        assert (row["requests"], row["unanswered"], row["errors"]) == (6, 0, 0)
        assert 0 < row["p50_ms"] <= row["p99_ms"]
        assert row["server_cpu_ms_per_request"] > 0
    (training,) = figures["training"]
    assert (training["interactions"], training["tracks"]) == (100, 40)
    assert training["cpu_seconds"] > 0
    assert training["before_mb"] <= training["peak_mb"]
    assert "2 devices" in told.err
