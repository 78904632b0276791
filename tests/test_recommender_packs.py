"""The packs that a worker keeps: small, alike where they are alike, and as good as before."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from contracts.messages import RecommendRequest
from contracts.ranking import Pack, rank
from contracts.track import TrackId
from recommender_server import catalogue
from recommender_server.generation import Generation
from recommender_server.packs import Packs, exact_pack, trained_pack
from recommender_server.settings import RecommenderSettings
from recommender_server.store import open_store
from tests.recommender_stage import LIBRARY, chunk, shipped_tags

ITEMS, FACTORS, NEIGHBOURS = 400, 8, 40
CHANCE = np.random.default_rng(7)


def taught() -> Generation:
    """A model of many more recordings than one device has."""
    near = np.array([CHANCE.permutation(ITEMS)[:NEIGHBOURS] for _ in range(ITEMS)], np.int32)
    near[::5, NEIGHBOURS // 2 :] = -1
    return Generation(
        name="20300101T000000.000000Z",
        space=shipped_tags(),
        items=np.arange(1, ITEMS + 1),
        factors=CHANCE.normal(size=(ITEMS, FACTORS)).astype(np.float32),
        neighbours=near,
        closeness=np.where(near >= 0, CHANCE.random(near.shape), 0).astype(np.float32),
        popularity=CHANCE.random(ITEMS).astype(np.float32),
        idf=np.ones(ITEMS, np.float32),
    )


def closeness_of(pack: Pack) -> dict[tuple[int, int], float]:
    """By track and neighbour."""
    return {
        (row, int(other)): round(float(close), 6)
        for row in range(len(pack.tracks))
        for other, close in zip(pack.neighbours[row], pack.closeness[row], strict=True)
        if other >= 0
    }


def test_neighbours_that_a_library_does_not_have_take_no_room() -> None:
    """Each that it has is there with its closeness, and there is one track without a gap."""
    model = taught()
    items = CHANCE.permutation(ITEMS)[: len(LIBRARY)] + 1
    pack = exact_pack("l", LIBRARY, items.tolist(), model)
    rows = {int(item) - 1: row for row, item in enumerate(items)}
    wanted = {
        (rows[own], rows[int(other)]): round(float(close), 6)
        for own in rows
        for other, close in zip(model.neighbours[own], model.closeness[own], strict=True)
        if int(other) in rows
    }
    assert wanted
    assert closeness_of(pack) == wanted
    assert pack.neighbours.shape == pack.closeness.shape
    assert int((pack.neighbours >= 0).sum(axis=1).max()) == pack.neighbours.shape[1] < NEIGHBOURS


def test_a_library_of_strangers_has_a_pack_without_neighbours() -> None:
    """The model knows none of its tracks; it is ranked by tags and mood."""
    pack = trained_pack("l", LIBRARY, [10_000 + n for n in range(len(LIBRARY))], taught())
    assert pack.neighbours.shape == (len(LIBRARY), 0)
    ranked = rank(pack, RecommendRequest(valence=0.6, arousal=0.4, seed_track=LIBRARY[0].id))
    assert len(ranked) == len(LIBRARY)


def test_devices_share_the_words_that_they_have_in_common(tmp_path: Path) -> None:
    """One vocabulary for all whose tags are alike; another with its words for one whose are not."""
    settings = RecommenderSettings(data_folder=str(tmp_path))
    store, model = open_store(tmp_path), taught()
    own = msgspec.structs.replace(LIBRARY[0], id=TrackId("f" * 16), tags=("우리끼리만 아는 말",))
    for device, tracks in (("d1", LIBRARY), ("d2", LIBRARY[:5]), ("d3", (*LIBRARY[:5], own))):
        catalogue.take_chunk(store, device, chunk("l", 0, 1, tracks), settings.limits)
    packs = Packs(store, settings)
    one, other, odd = (packs.of(device, "l", "device", model) for device in ("d1", "d2", "d3"))
    store.close()
    assert one
    assert other
    assert odd
    assert one.vocabulary is other.vocabulary
    assert odd.vocabulary is not one.vocabulary
    assert "우리끼리만 아는 말" in odd.vocabulary.names
    assert "우리끼리만 아는 말" not in one.vocabulary.names
    fresh = trained_pack("l", LIBRARY, [10_000 + n for n in range(len(LIBRARY))], model)
    np.testing.assert_array_equal(one.vocabulary.vectors, fresh.vocabulary.vectors)
