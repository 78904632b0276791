from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bench import finding_faces, footage, pages, timing
from cli import bench

if TYPE_CHECKING:
    from pathlib import Path


def test_every_bench_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name, the command tells which there are."""
    assert bench.run([]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in ("vision", "smoothing", "finding-faces"))
    assert "timing" not in told


def test_an_unknown_bench_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and the list again."""
    assert bench.run(["nothing"]) == 2
    assert "there is no 'nothing'" in capsys.readouterr().err


def test_a_page_keeps_what_a_bench_did_not_measure(tmp_path: Path) -> None:
    """Only the named table is filled in."""
    page = tmp_path / "page.md"
    block = "<!-- figures:{0} -->\nold\n<!-- /figures -->\n"
    page.write_text("# P\n" + block.format("a") + block.format("b"), "utf-8")
    pages.fill(page, {"a": pages.table(["x", "y"], [["one", 2]])})
    text = page.read_text("utf-8")
    assert "| one | 2 |" in text
    assert text.count("old") == 1


def test_memory_and_time_of_a_process_are_read() -> None:
    """Written pages are part of the private, those of the resident."""
    found = timing.memory_mb()
    assert 0 < found["written"] <= found["private"] <= found["pss"] <= found["rss"]
    assert timing.cpu_seconds(os.getpid()) > 0


def test_without_videos_the_drawn_reel_is_shown(tmp_path: Path) -> None:
    """A clone without research data measures as well."""
    (clip,) = footage.clips(tmp_path)
    (frame,) = footage.frames(clip, 5.0, 1)
    assert frame.shape == (footage.HEIGHT, footage.WIDTH, 3)


def test_a_found_box_counts_for_one_face() -> None:
    """Two faces side by side and one box: one is found."""
    one, other, elsewhere = (0.0, 0.0, 10.0, 10.0), (4.0, 0.0, 10.0, 10.0), (50.0, 0.0, 9.0, 9.0)
    assert finding_faces.matched([one], [one, other]) == 1
    assert finding_faces.matched([elsewhere], [one]) == 0
    assert finding_faces.overlap(one, other) == pytest.approx(60 / 140)
