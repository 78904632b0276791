"""The power goes in the middle of writing: real stores, a real file system, a disk that forgets."""

from __future__ import annotations

from random import Random

import pytest

from bench import power_cuts
from bench.power_cut.volatile_disk import SECTOR, VolatileDisk

REASON = power_cuts.lacking()
needs_root = pytest.mark.skipif(bool(REASON), reason=REASON)


def test_a_disk_keeps_what_was_flushed_and_forgets_of_the_rest() -> None:
    """Flushed sectors stay; each other sector is the old or the new, and some of both are seen."""
    kinds = set()
    for seed in range(20):
        disk = VolatileDisk(bytes(16 * SECTOR), Random(seed))
        disk.write(0, b"\1" * SECTOR)
        disk.flush()
        disk.write(SECTOR, b"\2" * 15 * SECTOR)
        assert disk.read(0, 2) == b"\1\1"
        disk.cut_power()
        disk.write(0, b"\3" * SECTOR)
        left = disk.left()
        sectors = [left[n * SECTOR : (n + 1) * SECTOR] for n in range(16)]
        assert sectors[0] == b"\1" * SECTOR
        assert set(sectors[1:]) <= {bytes(SECTOR), b"\2" * SECTOR}
        kinds.add(len(set(sectors[1:])))
    assert kinds == {1, 2}


def test_the_power_goes_at_the_write_that_was_named() -> None:
    """Neither sooner nor later."""
    disk = VolatileDisk(bytes(4 * SECTOR), Random(0))
    disk.cut_power(after=2)
    disk.write(0, b"\1" * SECTOR)
    assert not disk.cut.is_set()
    disk.flush()
    assert disk.cut.is_set()
    assert disk.left()[:SECTOR] == b"\1" * SECTOR


@needs_root
def test_a_program_that_waits_for_no_disk_loses() -> None:
    """So the cuts are real: what the stores survive, carelessness does not."""
    assert power_cuts.outcome("careless", 3).lost > 0


@needs_root
@pytest.mark.parametrize("store", power_cuts.STORES)
def test_a_few_power_cuts(store: str) -> None:
    """Nothing that was promised is lost, nothing is damaged."""
    found = power_cuts.outcome(store, 3, seed=1)
    assert (found.survived, found.lost, found.wrong) == (3, 0, ())
    assert found.promised > 0


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("store", power_cuts.STORES)
def test_a_hundred_power_cuts(store: str) -> None:
    """The same disk through a hundred lives."""
    found = power_cuts.outcome(store, 100)
    assert (found.survived, found.lost, found.wrong) == (100, 0, ())
